use std::collections::HashMap;
use std::ffi::OsString;

use clap::Command;

use super::setting::Setting;

/// The variables that a process was started with.
#[derive(Debug, Default)]
pub(crate) struct Environment(HashMap<String, OsString>);

impl Environment {
    /// This process's.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// A variable that is there and not empty: an empty one is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    /// What it says of the flags of `command`: of `--data-dir` under `prefix` and `DATA_DIR`.
    pub(super) fn settings(&self, command: &Command, prefix: &str) -> Vec<Setting> {
        let flags = command.get_arguments().filter_map(|arg| arg.get_long());
        let settings = flags.filter(|flag| !matches!(*flag, "help" | "version")).filter_map(|flag| {
            let origin = format!("{prefix}{}", flag.to_uppercase().replace('-', "_"));
            let value = self.get(&origin)?.clone();
            Some(Setting { origin, flag: flag.to_owned(), value })
        });
        settings.collect()
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
