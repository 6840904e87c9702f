//! etcd's configuration file: YAML (or JSON, which is YAML too) whose keys are flags' names, but for a few groups.
//! Source: etcd 3.7.3, `server/embed/config.go`, `configJSON` and `securityConfig`.

use std::fs;
use std::path::Path;

use clap::Command;
use clap::error::ErrorKind;
use serde_json::{Map, Value};

use super::unknown::may_guard;
use crate::config::setting::Setting;

/// No file of settings is this large.
const MAX_BYTES: u64 = 1 << 20;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) settings: Vec<Setting>,
    pub(super) warnings: Vec<String>,
}

/// Reads the file at `path` for `command`.
///
/// # Errors
/// If it cannot be read, is no YAML, or has a key that nobody knows and that may guard something.
pub(super) fn read(command: &mut Command, path: &Path) -> Result<Told, clap::Error> {
    let mut reader = Reader { command, told: Told::default() };
    let told = text(path).and_then(|text| parse(&text)).and_then(|keys| reader.keys(keys));
    match told {
        Ok(()) => Ok(reader.told),
        Err(reason) => Err(command.error(ErrorKind::ValueValidation, format!("{}: {reason}", path.display()))),
    }
}

fn text(path: &Path) -> Result<String, String> {
    let length = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if length > MAX_BYTES {
        return Err("is too large for a configuration file".to_owned());
    }
    fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    match serde_saphyr::from_str(text) {
        Ok(Value::Object(keys)) => Ok(keys),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("is no list of keys and values".to_owned()),
        Err(error) => Err(format!("is not well-formed: {error}")),
    }
}

struct Reader<'a> {
    command: &'a Command,
    told: Told,
}

impl Reader<'_> {
    fn keys(&mut self, keys: Map<String, Value>) -> Result<(), String> {
        keys.into_iter().try_for_each(|(key, value)| match (key.as_str(), value) {
            // What no value stands behind is as good as left out.
            (_, Value::Null) => Ok(()),
            (_, Value::String(text)) if text.is_empty() => Ok(()),
            ("client-transport-security", Value::Object(keys)) => self.group(&key, keys, client_flag),
            ("socket-options", Value::Object(keys)) => self.group(&key, keys, |key| format!("socket-{key}")),
            ("peer-transport-security" | "discovery-config", Value::Object(keys)) => {
                if !keys.is_empty() {
                    self.told.warnings.push(format!("{key} has no effect: there are no other members"));
                }
                Ok(())
            }
            (_, value) => self.key(&key, &key, &value),
        })
    }

    fn group(&mut self, group: &str, keys: Map<String, Value>, flag: fn(&str) -> String) -> Result<(), String> {
        let mut given = keys.iter().filter(|(_, value)| !value.is_null() && *value != "");
        given.try_for_each(|(key, value)| self.key(&format!("{group}.{key}"), &flag(key), value))
    }

    /// `origin` says what `flag` says too.
    fn key(&mut self, origin: &str, flag: &str, value: &Value) -> Result<(), String> {
        let Some(arg) = self.command.get_arguments().find(|arg| arg.get_long() == Some(flag)) else {
            if may_guard(origin) {
                return Err(format!("the key {origin} is not known, and it is not ignored: it may guard something"));
            }
            self.told.warnings.push(format!("{origin} has no effect: there is no such key"));
            return Ok(());
        };
        let is_duration = arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "DURATION"));
        let value = match value {
            Value::Number(number) if is_duration && number.is_u64() => format!("{number}ns"),
            value => as_flag(value).ok_or_else(|| format!("the key {origin} has a value that is no text or number"))?,
        };
        self.told.settings.push(Setting { origin: origin.to_owned(), flag: flag.to_owned(), value: value.into() });
        Ok(())
    }
}

/// The flag behind a key of `client-transport-security`.
fn client_flag(key: &str) -> String {
    match key {
        "allowed-cn" | "allowed-hostname" => format!("client-cert-{key}"),
        _ => key.to_owned(),
    }
}

/// A value as it would be written behind a flag.
fn as_flag(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.clone()),
        Value::Array(values) => Some(values.iter().map(as_flag).collect::<Option<Vec<_>>>()?.join(",")),
        Value::Null | Value::Object(_) => None,
    }
}
