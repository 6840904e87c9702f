//! Certificates, made when a test needs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, RevokedCertParams,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use server::TlsOptions;
use tempfile::TempDir;

/// Who signs.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What is signed.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) common_name: &'static str,
    pub(crate) hosts: &'static [&'static str],
    pub(crate) serial: u64,
    /// The years at whose beginnings it becomes valid and ceases to be.
    pub(crate) valid: (i32, i32),
    pub(crate) is_client: bool,
    pub(crate) algorithm: &'static SignatureAlgorithm,
}

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) cert_pem: String,
    pub(crate) key_pem: String,
}

pub(crate) const SERVER: Subject = Subject {
    common_name: "server",
    hosts: &["localhost", "127.0.0.1"],
    serial: 1,
    valid: (2020, 2120),
    is_client: false,
    algorithm: &PKCS_ECDSA_P256_SHA256,
};
pub(crate) const CLIENT: Subject =
    Subject { common_name: "alice", hosts: &["alice.example"], serial: 2, is_client: true, ..SERVER };

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn issue(&self, subject: Subject) -> Identity {
        let hosts: Vec<_> = subject.hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name = named(subject.common_name);
        params.serial_number = Some(SerialNumber::from(subject.serial));
        params.not_before = date_time_ymd(subject.valid.0, 1, 1);
        params.not_after = date_time_ymd(subject.valid.1, 1, 1);
        let usage =
            if subject.is_client { ExtendedKeyUsagePurpose::ClientAuth } else { ExtendedKeyUsagePurpose::ServerAuth };
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate_for(subject.algorithm).unwrap();
        let cert_pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { cert_pem, key_pem: key.serialize_pem() }
    }

    /// A list of revoked certificates in DER, as etcd reads it.
    pub(crate) fn revoke(&self, serials: &[u64]) -> Vec<u8> {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2120, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    /// A client that trusts this authority.
    pub(crate) fn client(&self, identity: Option<&Identity>) -> ClientConfig {
        self.client_of(identity, rustls::ALL_VERSIONS)
    }

    pub(crate) fn client_of(
        &self,
        identity: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let cert = CertificateDer::from_pem_slice(identity.cert_pem.as_bytes()).unwrap();
                let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// As OpenSSL writes it.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A folder with what a server needs.
pub(crate) struct Certs {
    pub(crate) authority: Authority,
    folder: TempDir,
}

impl Certs {
    pub(crate) fn new() -> Self {
        let certs = Self { authority: Authority::new("authority"), folder: tempfile::tempdir().unwrap() };
        certs.write_pair(&certs.authority.issue(SERVER));
        certs.write("ca.pem", certs.authority.pem());
        certs
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn write_pair(&self, identity: &Identity) {
        self.write("cert.pem", &identity.cert_pem);
        self.write("key.pem", &identity.key_pem);
    }

    /// A server that asks nobody who they are.
    pub(crate) fn server(&self) -> TlsOptions {
        TlsOptions {
            cert_file: Some(self.path("cert.pem")),
            key_file: Some(self.path("key.pem")),
            reload_interval: std::time::Duration::ZERO,
            ..TlsOptions::default()
        }
    }

    /// One that wants certificates of this authority.
    pub(crate) fn mutual(&self) -> TlsOptions {
        TlsOptions { trusted_ca_file: Some(self.path("ca.pem")), client_cert_auth: true, ..self.server() }
    }
}
