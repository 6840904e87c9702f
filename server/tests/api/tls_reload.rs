//! Files that change while the server runs.

use proto::etcdserverpb::RangeRequest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use server::TlsOptions;

use crate::common::TestServer;
use crate::common::certs::{Authority, CLIENT, Certs, Identity, SERVER, Subject};
use crate::common::tls::{client, connect, is_served, serve};

/// The certificate that the server shows.
async fn shown(server: &TestServer, certs: &Certs) -> Vec<u8> {
    let stream = connect(server, &certs.authority.client(None)).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(identity: &Identity) -> Vec<u8> {
    CertificateDer::from_pem_slice(identity.cert_pem.as_bytes()).unwrap().to_vec()
}

#[tokio::test]
async fn a_new_certificate_is_shown_and_old_connections_go_on() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    let mut old = client(&server, &certs.authority.client(None)).await.unwrap();
    let new = certs.authority.issue(Subject { serial: 77, ..SERVER });
    certs.write_pair(&new);
    assert_eq!(shown(&server, &certs).await, der(&new));
    old.range(RangeRequest { key: "k".into(), ..Default::default() }).await.unwrap();
}

#[tokio::test]
async fn the_old_certificate_stays_while_the_new_one_cannot_be_used() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    let old = shown(&server, &certs).await;
    let new = certs.authority.issue(SERVER);

    certs.write("cert.pem", &new.cert_pem);
    assert_eq!(shown(&server, &certs).await, old, "the key is not yet that of the certificate");
    certs.write("key.pem", &new.key_pem[..100]);
    assert_eq!(shown(&server, &certs).await, old, "the key is cut short");
    std::fs::remove_file(certs.path("key.pem")).unwrap();
    assert_eq!(shown(&server, &certs).await, old, "the key is gone");
    certs.write("key.pem", &new.key_pem);
    assert_eq!(shown(&server, &certs).await, der(&new));
}

#[tokio::test]
async fn a_link_to_other_files_is_followed() {
    let certs = Certs::new();
    let (old, new) = (certs.authority.issue(SERVER), certs.authority.issue(SERVER));
    for (folder, identity) in [("1", &old), ("2", &new)] {
        std::fs::create_dir(certs.path(folder)).unwrap();
        certs.write(&format!("{folder}/cert.pem"), &identity.cert_pem);
        certs.write(&format!("{folder}/key.pem"), &identity.key_pem);
    }
    let link = certs.path("data");
    std::os::unix::fs::symlink("1", &link).unwrap();
    let (cert_file, key_file) = (Some(link.join("cert.pem")), Some(link.join("key.pem")));
    let server = serve(TlsOptions { cert_file, key_file, ..certs.server() }).await;
    assert_eq!(shown(&server, &certs).await, der(&old));
    std::os::unix::fs::symlink("2", certs.path("next")).unwrap();
    std::fs::rename(certs.path("next"), link).unwrap();
    assert_eq!(shown(&server, &certs).await, der(&new));
}

#[tokio::test]
async fn a_client_that_is_revoked_meanwhile_is_refused() {
    let certs = Certs::new();
    let alice = certs.authority.client(Some(&certs.authority.issue(CLIENT)));
    certs.write("crl", certs.authority.revoke(&[]));
    let server = serve(TlsOptions { client_crl_file: Some(certs.path("crl")), ..certs.mutual() }).await;
    assert!(is_served(&server, &alice).await);
    // The same client, which could take up its session again.
    certs.write("crl", certs.authority.revoke(&[CLIENT.serial]));
    assert!(!is_served(&server, &alice).await);
    certs.write("crl", "nonsense");
    assert!(!is_served(&server, &alice).await, "what was revoked stays so");
}

#[tokio::test]
async fn a_new_authority_is_trusted() {
    let certs = Certs::new();
    let new = Authority::new("new");
    let bob = certs.authority.client(Some(&new.issue(CLIENT)));
    let server = serve(certs.mutual()).await;
    assert!(!is_served(&server, &bob).await);
    certs.write("ca.pem", new.pem());
    assert!(is_served(&server, &bob).await);
}
