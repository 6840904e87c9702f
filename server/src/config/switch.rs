use clap::{ArgAction, Command};

/// Makes what is declared as a plain `bool` a switch as Go's programs have it: `--flag`, `--flag=true`, `--flag=0`.
pub(super) fn make(command: Command) -> Command {
    command.mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => {
            let arg = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true).value_name("BOOL");
            arg.default_value("false").default_missing_value("true").value_parser(parse)
        }
        _ => arg,
    })
}

/// Go's `strconv.ParseBool`.
fn parse(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false"),
    }
}
