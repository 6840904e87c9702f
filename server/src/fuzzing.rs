//! What the fuzz targets call: decoders of what comes from the network, from files and from command lines, with what must
//! hold for any bytes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::config::{self, Environment};
use crate::listen::ListenUrl;
pub use crate::serve::fuzzing::{calls, message, ping_frames};

/// Arguments, each on a line of its own, make a configuration or an error that can be shown. The first one may be `kine` or
/// `etcd`, for their flags.
pub fn arguments(data: &[u8]) {
    let given = data.split(|byte| *byte == b'\n').map(|arg| OsString::from_vec(arg.to_vec()));
    if let Err(error) = config::parse(["auroch".into()].into_iter().chain(given), &Environment::default()) {
        let _ = error.to_string();
    }
}

/// A URL is printed so that it is read as the same.
pub fn listen_url(data: &[u8]) {
    let Ok(url) = str::from_utf8(data).unwrap_or_default().parse::<ListenUrl>() else { return };
    assert_eq!(url.to_string().parse(), Ok(url));
}

/// A file for TLS is read or refused.
pub fn tls_files(data: &[u8]) {
    crate::tls::fuzzing::files(data);
}
