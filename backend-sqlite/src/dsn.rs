//! DSNs: ours, and those that kine and k0s write.
//!
//! `sqlite:///var/lib/x/state.db?durability=fsync`, `sqlite://state.db`, and with SQLite's own URIs inside
//! `sqlite://file:/var/lib/x/state.db?mode=rwc&_journal=WAL`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

use storage_core::Durability;

use crate::error::OpenError;
use crate::options::SqliteOptions;

impl SqliteOptions {
    /// The options that a DSN names. Parameters that kine's driver knows and that mean nothing here become
    /// [`warnings`](Self::warnings); none of them weakens durability, only our own `durability=os-cache` does.
    ///
    /// # Errors
    /// [`OpenError::Dsn`] if it is not a DSN of a SQLite file.
    pub fn parse(dsn: &str) -> Result<Self, OpenError> {
        parse(dsn).map_err(|reason| OpenError::Dsn { reason })
    }
}

fn parse(dsn: &str) -> Result<SqliteOptions, String> {
    let rest = dsn.strip_prefix("sqlite:").ok_or("it does not begin with sqlite://")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut options = SqliteOptions::new(path(name)?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        apply(&mut options, name, value)?;
    }
    Ok(options)
}

fn path(name: &str) -> Result<PathBuf, String> {
    let bytes = match name.strip_prefix("file:") {
        Some(uri) => percent_decoded(local_path(uri)?)?,
        None => name.as_bytes().to_vec(),
    };
    if bytes.is_empty() {
        return Err("it names no file; write sqlite:///path/to/file".into());
    }
    if bytes == b":memory:" {
        return Err("a store in memory is memory://".into());
    }
    if bytes.ends_with(b"/") {
        return Err("it names a directory, not a file".into());
    }
    if bytes.contains(&0) {
        return Err("a file name cannot hold a zero byte".into());
    }
    Ok(OsString::from_vec(bytes).into())
}

/// The path of a `file:` URI: an authority may be there, but only this machine.
fn local_path(uri: &str) -> Result<&str, String> {
    let Some(after) = uri.strip_prefix("//") else { return Ok(uri) };
    let slash = after.find('/').unwrap_or(after.len());
    match &after[..slash] {
        "" | "localhost" => Ok(&after[slash..]),
        _ => Err("a file: URI can only name a file of this machine: file:/path".into()),
    }
}

fn percent_decoded(text: &str) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = after.get(..2).and_then(|d| std::str::from_utf8(d).ok());
            let value = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
            decoded.push(value.ok_or("% must be followed by two hexadecimal digits")?);
            rest = &after[2..];
        } else {
            decoded.push(byte);
        }
    }
    Ok(decoded)
}

fn apply(options: &mut SqliteOptions, name: &str, value: &str) -> Result<(), String> {
    let lower = value.to_ascii_lowercase();
    match name {
        "durability" => options.durability = durability(value)?,
        "mode" => options.create = mode(value)?,
        "_busy_timeout" | "_timeout" | "busy_timeout" => options.busy_timeout = milliseconds(name, value)?,
        "_journal" | "_journal_mode" if lower == "wal" => {}
        "_journal" | "_journal_mode" => options.warn(format!("{name}={value} is ignored: the journal is always WAL")),
        "_sync" | "_synchronous" if matches!(lower.as_str(), "full" | "extra" | "2" | "3") => {}
        "_sync" | "_synchronous" => options.warn(format!(
            "{name}={value} is ignored: commits are flushed to the disk before they are acknowledged; \
             durability=os-cache would change that"
        )),
        // The writer always begins its transactions this way.
        "_txlock" if lower == "immediate" => {}
        "cache" | "vfs" | "psow" | "nolock" | "immutable" => options.ignore(name),
        _ if name.starts_with('_') => options.ignore(name),
        _ => return Err(format!("it has an unknown parameter, {name:?}")),
    }
    Ok(())
}

fn durability(value: &str) -> Result<Durability, String> {
    match value {
        "fsync" => Ok(Durability::Fsync),
        "os-cache" => Ok(Durability::OsCache),
        _ => Err(format!("durability is fsync or os-cache, not {value:?}")),
    }
}

/// Whether a missing file is created.
fn mode(value: &str) -> Result<bool, String> {
    match value {
        "rwc" => Ok(true),
        "rw" => Ok(false),
        "ro" => Err("mode=ro: a server must be able to write".into()),
        "memory" => Err("mode=memory: a store in memory is memory://".into()),
        _ => Err(format!("mode is rwc or rw, not {value:?}")),
    }
}

fn milliseconds(name: &str, value: &str) -> Result<Duration, String> {
    let number: u32 = value.parse().map_err(|_| format!("{name} is a number of milliseconds, not {value:?}"))?;
    Ok(Duration::from_millis(number.into()))
}

impl SqliteOptions {
    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    fn ignore(&mut self, name: &str) {
        self.warn(format!("{name} is ignored: it means nothing here"));
    }
}
