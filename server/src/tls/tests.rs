use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;

/// An authority whose files serve for the server, too.
fn authority(folder: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
    let (server, key) = signed(&issuer, &[], ExtendedKeyUsagePurpose::ServerAuth);
    for (name, text) in [("ca.pem", issuer.pem()), ("cert.pem", server.pem()), ("key.pem", key.serialize_pem())] {
        std::fs::write(folder.join(name), text).expect("written");
    }
    issuer
}

fn signed(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    common_names: &[&str],
    usage: ExtendedKeyUsagePurpose,
) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.distinguished_name = DistinguishedName::new();
    for name in common_names {
        params.distinguished_name.push(DnType::CommonName, *name);
    }
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, issuer).expect("signed"), key)
}

/// Whom the server takes a client for, whose certificate has these names.
async fn user(names: &[&str], client_cert_auth: bool) -> Option<Arc<str>> {
    let folder = tempfile::tempdir().expect("a folder");
    let issuer = authority(folder.path());
    let path = |name: &str| Some(folder.path().join(name));
    let options = TlsOptions {
        cert_file: path("cert.pem"),
        key_file: path("key.pem"),
        trusted_ca_file: path("ca.pem"),
        client_cert_auth,
        ..TlsOptions::default()
    };
    let tls = Tls::load(options, &[]).expect("loaded");

    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).expect("an authority");
    let (cert, key) = signed(&issuer, names, ExtendedKeyUsagePurpose::ClientAuth);
    let chain = vec![CertificateDer::from(cert)];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let client = client.with_root_certificates(roots).with_client_auth_cert(chain, key).expect("a pair");
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let name = ServerName::try_from("localhost").expect("a name");
    let (secured, connected) =
        tokio::join!(tls.secure(ours, "test"), TlsConnector::from(Arc::new(client)).connect(name, theirs));
    connected.expect("the client is content");
    secured.expect("the server is content").common_name
}

#[tokio::test]
async fn the_common_name_is_the_user_where_clients_authenticate_by_certificates() {
    assert_eq!(user(&["alice"], true).await.as_deref(), Some("alice"));
    assert_eq!(user(&["alice"], false).await, None);
    assert_eq!(user(&[], true).await, None);
    assert_eq!(user(&[""], true).await, None);
}
