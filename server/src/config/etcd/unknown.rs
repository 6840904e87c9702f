//! Flags and keys that nobody here knows: of an older or a newer etcd, or misspelt.

use std::ffi::OsString;

use clap::Command;
use clap::error::ErrorKind;

/// Words in the names of settings that may guard something.
const GUARDS: [&str; 14] = [
    "allow",
    "auth",
    "ca-file",
    "cert",
    "cipher",
    "cors",
    "crl",
    "key",
    "password",
    "secur",
    "tls",
    "token",
    "verif",
    "whitelist",
];

/// The arguments that are known, and a warning for each of the others.
pub(super) struct Known {
    pub(super) args: Vec<OsString>,
    pub(super) warnings: Vec<String>,
}

/// Whether ignoring the setting `name` might leave something open.
pub(super) fn may_guard(name: &str) -> bool {
    GUARDS.into_iter().any(|word| name.contains(word))
}

/// Takes away the flags that `command` does not know, with their values.
///
/// # Errors
/// If one of them may guard something.
pub(super) fn set_aside(command: &mut Command, args: Vec<OsString>) -> Result<Known, clap::Error> {
    let mut known = Known { args: Vec::with_capacity(args.len()), warnings: Vec::new() };
    let mut args = args.into_iter().peekable();
    while let Some(arg) = args.next() {
        let Some((name, has_value)) = arg.to_str().and_then(|arg| unknown_flag(command, arg)) else {
            known.args.push(arg);
            continue;
        };
        if may_guard(&name) {
            let message =
                format!("unexpected argument '--{name}' found, and it is not ignored: it may guard something");
            return Err(command.error(ErrorKind::UnknownArgument, message));
        }
        known.warnings.push(format!("--{name} has no effect: there is no such flag"));
        if !has_value {
            // There are no arguments but flags and their values.
            args.next_if(|next| !next.as_encoded_bytes().starts_with(b"-"));
        }
    }
    Ok(known)
}

/// The name of a flag that `command` does not know, and whether its value is in the same argument.
fn unknown_flag(command: &Command, arg: &str) -> Option<(String, bool)> {
    let text = arg.strip_prefix("--")?;
    let (name, has_value) = text.split_once('=').map_or((text, false), |(name, _)| (name, true));
    let is_known = name.is_empty() || name == "help" || command.get_arguments().any(|arg| arg.get_long() == Some(name));
    (!is_known).then(|| (name.to_owned(), has_value))
}
