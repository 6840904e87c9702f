//! From options and files to what rustls serves with.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Error, InconsistentKeys, ServerConfig, SupportedProtocolVersion, version};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::ciphers;
use super::client::{AllowedNames, ClientRules};
use super::error::TlsError;
use super::files::{self, Source};
use super::options::TlsOptions;
use super::revocation::Revoked;
use super::version::TlsVersion;

/// HTTP/2 for gRPC, and HTTP/1 for the plain paths.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The files of a certificate and its key.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) cert: &'a Path,
    pub(super) key: &'a Path,
}

/// Reads all files. Options were checked before.
pub(super) fn load(options: &TlsOptions, pair: Pair<'_>) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(CryptoProvider {
        cipher_suites: ciphers::offered(&options.cipher_suites),
        ..aws_lc_rs::default_provider()
    });
    let unusable = |error: Error| TlsError::Unusable(error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&versions(options)).map_err(unusable)?;
    let builder = match client_rules(options, provider)? {
        Some(rules) => builder.with_client_cert_verifier(Arc::new(rules)),
        None => builder.with_no_client_auth(),
    };
    let cert_file = Source { flag: "--cert-file", path: pair.cert };
    let key_file = Source { flag: "--key-file", path: pair.key };
    let certificates = cert_file.read(files::certificates)?;
    warn_of_validity(&certificates, pair.cert);
    let built = builder.with_single_cert(certificates, key_file.read(files::key)?);
    let mut config = built.map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { cert: pair.cert.to_owned(), key: pair.key.to_owned() }
        }
        Error::InvalidCertificate(error) => cert_file.malformed("certificate that can be used", error),
        _ => key_file.malformed("private key that can be used", "it is damaged, or of an unknown kind"),
    })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    if options.asks_clients() {
        // A session that is taken up again would not be checked against what has been revoked since.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

fn versions(options: &TlsOptions) -> Vec<&'static SupportedProtocolVersion> {
    let all = [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)];
    let max = options.tls_max_version.unwrap_or(TlsVersion::Tls13);
    let wanted = all.iter().filter(|(version, _)| (options.tls_min_version..=max).contains(version));
    wanted.map(|(_, version)| *version).collect()
}

/// What clients must show, if they must.
fn client_rules(options: &TlsOptions, provider: Arc<CryptoProvider>) -> Result<Option<ClientRules>, TlsError> {
    let Some(path) = &options.trusted_ca_file else { return Ok(None) };
    let authorities = Source { flag: "--trusted-ca-file", path }.read(files::authorities)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider).build();
    let authority: Arc<dyn ClientCertVerifier> = verifier.map_err(|error| TlsError::Unusable(error.to_string()))?;
    let crl_file = options.client_crl_file.as_deref();
    let revoked = crl_file.map(|path| Source { flag: "--client-crl-file", path }.read(Revoked::parse)).transpose()?;
    Ok(Some(ClientRules { authority, revoked: revoked.unwrap_or_default(), names: allowed_names(options)? }))
}

fn allowed_names(options: &TlsOptions) -> Result<AllowedNames, TlsError> {
    if !options.client_cert_allowed_cns.is_empty() {
        return Ok(AllowedNames::Common(options.client_cert_allowed_cns.clone()));
    }
    if options.client_cert_allowed_hostnames.is_empty() {
        return Ok(AllowedNames::Any);
    }
    let host = |name: &String| ServerName::try_from(name.clone()).map_err(|_| TlsError::NoHostname(name.clone()));
    options.client_cert_allowed_hostnames.iter().map(host).collect::<Result<_, _>>().map(AllowedNames::Hosts)
}

/// Clients will refuse it; that is better said here, too.
fn warn_of_validity(certificates: &[CertificateDer<'_>], path: &Path) {
    let parsed = certificates.first().and_then(|certificate| X509Certificate::from_der(certificate).ok());
    if let Some((_, certificate)) = parsed
        && !certificate.validity().is_valid()
    {
        let validity = certificate.validity();
        tracing::warn!(
            path = %path.display(), not_before = %validity.not_before, not_after = %validity.not_after,
            "the server's certificate is expired or not valid yet"
        );
    }
}
