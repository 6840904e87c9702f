//! The files that TLS is made of.

use std::fs;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::TlsError;

/// A file, and the flag that names it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) flag: &'static str,
    pub(super) path: &'a Path,
}

impl Source<'_> {
    /// What `parse` makes of the file's bytes.
    pub(super) fn read<T>(self, parse: impl FnOnce(Self, &[u8]) -> Result<T, TlsError>) -> Result<T, TlsError> {
        match fs::read(self.path) {
            Ok(bytes) => parse(self, &bytes),
            Err(source) => Err(TlsError::Read { flag: self.flag, path: self.path.to_owned(), source }),
        }
    }

    pub(super) fn malformed(self, expected: &'static str, reason: impl ToString) -> TlsError {
        TlsError::Malformed { flag: self.flag, path: self.path.to_owned(), expected, reason: reason.to_string() }
    }
}

/// A chain of certificates, the server's first.
pub(super) fn certificates(file: Source<'_>, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    const EXPECTED: &str = "certificate in PEM form";
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let certificates = read.map_err(|error| file.malformed(EXPECTED, error))?;
    if certificates.is_empty() {
        return Err(file.malformed(EXPECTED, "there is no such section in it"));
    }
    Ok(certificates)
}

/// A key. What is wrong with it is said without a byte of it.
pub(super) fn key(file: Source<'_>, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    const EXPECTED: &str = "private key in PEM form";
    if is_encrypted(bytes) {
        return Err(TlsError::EncryptedKey(file.path.to_owned()));
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        PemError::NoItemsFound => file.malformed(EXPECTED, "there is no such section in it"),
        PemError::MissingSectionEnd { .. } => file.malformed(EXPECTED, "it has no end"),
        _ => file.malformed(EXPECTED, "it is damaged"),
    })
}

/// The form of PKCS#8, and OpenSSL's older one.
fn is_encrypted(pem: &[u8]) -> bool {
    let has = |words: &[u8]| pem.windows(words.len()).any(|window| window == words);
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
}

/// Those who sign clients' certificates.
pub(super) fn authorities(file: Source<'_>, bytes: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, bytes)? {
        roots.add(certificate).map_err(|error| file.malformed("certificate of an authority", error))?;
    }
    Ok(roots)
}
