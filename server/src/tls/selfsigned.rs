//! A certificate of the server's own making, which `--auto-tls` asks for.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::error::TlsError;
use super::files::{self, Source};
use super::load::{Pair, load};
use super::options::{AutoTls, TlsOptions};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// More would not fit into every program's idea of time.
const MAX_YEARS: u32 = 1000;
/// Clocks of clients may be behind.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The files of a certificate for `hosts`, made where there is none that is good.
pub(super) fn provide(auto: &AutoTls, hosts: &[String]) -> Result<(PathBuf, PathBuf), TlsError> {
    if auto.validity_years == 0 || auto.validity_years > MAX_YEARS {
        return Err(TlsError::Validity { max: MAX_YEARS });
    }
    let (cert, key) = (auto.folder.join("cert.pem"), auto.folder.join("key.pem"));
    let hosts = names(hosts);
    if is_good(&cert, &key, &hosts) {
        return Ok((cert, key));
    }
    let failed = |reason: String| TlsError::Auto { folder: auto.folder.clone(), reason };
    let (cert_pem, key_pem) = make(auto, &hosts).map_err(|error| failed(error.to_string()))?;
    write(&auto.folder, &key, &key_pem, 0o600).map_err(|error| failed(error.to_string()))?;
    write(&auto.folder, &cert, &cert_pem, 0o644).map_err(|error| failed(error.to_string()))?;
    tracing::warn!(cert_file = %cert.display(), years = auto.validity_years, "automatically generated certificates");
    Ok((cert, key))
}

/// `hosts`, this machine's name, and what it calls itself.
fn names(hosts: &[String]) -> BTreeSet<String> {
    let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let always = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), own];
    let is_name = |name: &String| ServerName::try_from(name.as_str()).is_ok();
    hosts.iter().cloned().chain(always).filter(is_name).collect()
}

/// Whether there is a pair that belongs together, valid now, and for all of `hosts`.
fn is_good(cert: &Path, key: &Path, hosts: &BTreeSet<String>) -> bool {
    let is_pair = cert.exists() && load(&TlsOptions::default(), Pair { cert, key }).is_ok();
    is_pair
        && Source { flag: "--auto-tls", path: cert }
            .read(files::certificates)
            .is_ok_and(|found| is_for(&found[0], hosts))
}

fn is_for(certificate: &CertificateDer<'_>, hosts: &BTreeSet<String>) -> bool {
    let is_valid = X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.validity().is_valid());
    let Ok(certificate) = ParsedCertificate::try_from(certificate) else { return false };
    let is_for = |host: &String| {
        ServerName::try_from(host.as_str()).is_ok_and(|host| verify_server_name(&certificate, &host).is_ok())
    };
    is_valid && hosts.iter().all(is_for)
}

fn make(auto: &AutoTls, hosts: &BTreeSet<String>) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(hosts.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "auroch");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(CLOCK_SKEW);
    params.not_after = epoch + now + YEAR * auto.validity_years;
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// Writes a file as a whole, for its user alone where `mode` says so.
fn write(folder: &Path, path: &Path, text: &str, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = path.with_extension("tmp");
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}
