//! Command lines as programs in Go take them, kine and etcd among them.

use std::ffi::OsString;

use clap::{ArgAction, Command};

/// Makes what is declared as a plain `bool` a switch: `--flag`, `--flag=true`, `--flag=0`. Of a flag that is given twice
/// the last one counts.
pub(super) fn flags(command: Command) -> Command {
    command.args_override_self(true).mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => {
            let arg = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true).value_name("BOOL");
            arg.default_value("false").hide_default_value(true).default_missing_value("true").value_parser(boolean)
        }
        // A list in one value, not a value each time.
        ArgAction::Append => arg.action(ArgAction::Set),
        _ => arg,
    })
}

/// `strconv.ParseBool`.
fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false"),
    }
}

/// The arguments with two dashes before each flag that has one: there are no short flags to tell it from, but for `-h` and
/// the like.
pub(super) fn double_dashes(args: Vec<OsString>) -> Vec<OsString> {
    let doubled = args.into_iter().map(|arg| match arg.to_str() {
        Some(text) if is_single(text) => format!("-{text}").into(),
        _ => arg,
    });
    doubled.collect()
}

/// The arguments without lists that are empty: `--cors=` is as good as no `--cors`.
pub(super) fn without_empty_lists(command: &Command, args: Vec<OsString>) -> Vec<OsString> {
    let is_list = |name: &str| {
        let mut args = command.get_arguments().filter(|arg| arg.get_long() == Some(name));
        args.any(|arg| arg.get_value_delimiter().is_some())
    };
    let is_empty_list = |arg: &OsString| {
        let name = arg.to_str().and_then(|arg| arg.strip_prefix("--")?.strip_suffix('='));
        name.is_some_and(is_list)
    };
    args.into_iter().filter(|arg| !is_empty_list(arg)).collect()
}

fn is_single(text: &str) -> bool {
    matches!(text.as_bytes(), [b'-', first, _, ..] if first.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_is_as_good_as_two() {
        let args = ["kine", "-endpoint=x", "--name", "-v", "-1", "-12", "x-y", "-"].map(OsString::from);
        let doubled = ["kine", "--endpoint=x", "--name", "-v", "-1", "-12", "x-y", "-"].map(OsString::from);
        assert_eq!(double_dashes(args.to_vec()), doubled);
    }

    #[test]
    fn what_is_neither_true_nor_false_is_refused() {
        assert_eq!(["1", "T", "true"].map(boolean), [Ok(true); 3]);
        assert_eq!(["0", "f", "False"].map(boolean), [Ok(false); 3]);
        assert!(["", "yes", "tRUE", "2"].into_iter().all(|text| boolean(text).is_err()));
    }
}
