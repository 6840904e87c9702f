//! DSNs: `sled:///var/lib/x/state.sled?cache_bytes=33554432`, `sled://state.sled`, `sled:state.sled`.

use crate::error::OpenError;
use crate::options::{MIN_CACHE_BYTES, SledOptions};

impl SledOptions {
    /// The options that a DSN names. Its parameters are `cache_bytes`, and `mode=rw` for a directory that must be there already
    /// (`mode=rwc`, which creates it, is the default).
    ///
    /// # Errors
    /// [`OpenError::Dsn`] if it is not a DSN of a sled directory.
    pub fn parse(dsn: &str) -> Result<Self, OpenError> {
        parse(dsn).map_err(|reason| OpenError::Dsn { reason })
    }
}

fn parse(dsn: &str) -> Result<SledOptions, String> {
    let rest = dsn.strip_prefix("sled:").ok_or("it does not begin with sled://")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    if name.is_empty() {
        return Err("it names no directory; write sled:///path/to/directory".into());
    }
    if name.contains('\0') {
        return Err("a directory's name cannot hold a zero byte".into());
    }
    let mut options = SledOptions::new(name);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        apply(&mut options, name, value)?;
    }
    Ok(options)
}

fn apply(options: &mut SledOptions, name: &str, value: &str) -> Result<(), String> {
    match name {
        "cache_bytes" => options.cache_bytes = cache_bytes(value)?,
        "mode" => options.create = mode(value)?,
        "durability" if value == "fsync" => {}
        "durability" => return Err("durability is fsync: sled has no other".into()),
        _ => return Err(format!("it has an unknown parameter, {name:?}")),
    }
    Ok(())
}

fn cache_bytes(value: &str) -> Result<u64, String> {
    let bytes = value.parse().map_err(|_| format!("cache_bytes is a number of bytes, not {value:?}"))?;
    if bytes < MIN_CACHE_BYTES {
        return Err(format!("cache_bytes is at least {MIN_CACHE_BYTES}, not {bytes}"));
    }
    Ok(bytes)
}

/// Whether a missing directory is created.
fn mode(value: &str) -> Result<bool, String> {
    match value {
        "rwc" => Ok(true),
        "rw" => Ok(false),
        _ => Err(format!("mode is rwc or rw, not {value:?}")),
    }
}
