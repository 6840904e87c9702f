use std::ffi::OsString;

use clap::Command;
use clap::error::ErrorKind;

/// A flag's value that was not given as a flag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Where it was given, for who has to mend it.
    pub(super) origin: String,
    /// The flag's name, without dashes.
    pub(super) flag: String,
    pub(super) value: OsString,
}

impl Setting {
    /// The same as an argument.
    fn argument(&self) -> OsString {
        let mut argument = OsString::from(format!("--{}=", self.flag));
        argument.push(&self.value);
        argument
    }
}

/// The settings as arguments of `command`.
///
/// # Errors
/// If one makes no sense: the error says where it was given, which the one of the flag would not.
pub(super) fn arguments(command: &mut Command, settings: &[Setting]) -> Result<Vec<OsString>, clap::Error> {
    let program = OsString::from(command.get_name());
    for setting in settings {
        if let Err(error) = command.clone().try_get_matches_from([program.clone(), setting.argument()]) {
            let text = error.to_string();
            let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            return Err(command.error(ErrorKind::ValueValidation, format!("{}: {reason}", setting.origin)));
        }
    }
    Ok(settings.iter().map(Setting::argument).collect())
}
