//! TLS by flags: starts that must fail, certificates of the program's own making, and what it says of clients.

use std::fs;
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tempfile::tempdir;

use crate::common::certs::{Authority, CLIENT, Certs, SERVER, Subject};
use crate::common::tls::is_served_at;
use crate::process::Process;

const HTTPS: &str = "--listen-client-urls=https://127.0.0.1:0";
const MEMORY: &str = "--storage=memory://";
const PAIR: [&str; 2] = ["--cert-file=cert.pem", "--key-file=key.pem"];

async fn ready(folder: &Path, args: &[&str]) -> Process {
    let mut process = Process::start(folder, &[&[MEMORY, HTTPS], args].concat());
    process.until("ready to serve client requests").await;
    process
}

async fn refused(folder: &Path, args: &[&str]) -> String {
    Process::start(folder, &[&[MEMORY, HTTPS], args].concat()).refused().await
}

/// A client that trusts the certificate in a file.
fn trusting(file: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(rustls::ALL_VERSIONS).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

#[tokio::test]
async fn https_without_a_certificate_is_refused() {
    let folder = tempdir().unwrap();
    let words = refused(folder.path(), &[]).await;
    assert!(words.contains("TLS key/cert (--cert-file, --key-file) must be provided for client url https:"), "{words}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn flags_that_do_not_go_together_are_refused() {
    let certs = Certs::new();
    for (args, expected) in [
        (&["--cert-file=cert.pem"][..], "--cert-file and --key-file must both be given"),
        (&["--client-cert-auth", PAIR[0], PAIR[1]], "--client-cert-auth needs --trusted-ca-file"),
        (&["--client-crl-file=crl", PAIR[0], PAIR[1]], "--client-crl-file needs --trusted-ca-file"),
        (&["--client-cert-allowed-hostname=a", PAIR[0], PAIR[1]], "--client-cert-allowed-hostname needs"),
        (&["--auto-tls", "--self-signed-cert-validity=0"], "--self-signed-cert-validity: expected a number of years"),
    ] {
        let words = refused(certs.folder(), args).await;
        assert!(words.contains(expected), "{words}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named_and_none_of_it_is_shown() {
    let certs = Certs::new();
    let good = certs.authority.issue(SERVER);
    let other = certs.authority.issue(SERVER);
    let secret = good.key_pem.lines().nth(1).unwrap().to_owned();
    let encrypted = good.key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let encrypted_as_before = format!("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{secret}\n");
    let cut = &good.key_pem[..good.key_pem.len() / 2];
    let damaged = good.key_pem.replace(&secret[..8], "AAAAAAAA");
    let not_base64 = good.key_pem.replace(&secret[..8], "????????");
    for (file, bytes, expected) in [
        ("key.pem", encrypted.as_str(), "the key in key.pem is encrypted"),
        ("key.pem", &encrypted_as_before, "the key in key.pem is encrypted"),
        ("key.pem", cut, "--key-file: key.pem holds no private key in PEM form: it has no end"),
        ("key.pem", &not_base64, "--key-file: key.pem holds no private key in PEM form: it is damaged"),
        ("key.pem", &damaged, "--key-file: key.pem holds no private key that can be used"),
        ("key.pem", "", "--key-file: key.pem holds no private key in PEM form: there is no such section in it"),
        ("key.pem", &good.cert_pem, "there is no such section in it"),
        ("key.pem", &other.key_pem, "the key in key.pem is not that of the certificate in cert.pem"),
        ("cert.pem", "nonsense", "--cert-file: cert.pem holds no certificate in PEM form"),
        (
            "cert.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "--cert-file: cert.pem holds no",
        ),
        ("ca.pem", "nonsense", "--trusted-ca-file: ca.pem holds no certificate in PEM form"),
        ("crl", "nonsense", "--client-crl-file: crl holds no list of revoked certificates in DER or PEM form"),
    ] {
        certs.write_pair(&good);
        certs.write("ca.pem", certs.authority.pem());
        certs.write("crl", certs.authority.revoke(&[]));
        certs.write(file, bytes);
        let rules = ["--trusted-ca-file=ca.pem", "--client-crl-file=crl"];
        let words = refused(certs.folder(), &[&PAIR[..], &rules].concat()).await;
        assert!(words.contains(expected), "{words}\n{expected}");
        assert!(!words.contains(&secret[8..]), "{words}");
    }
    for (flag, file) in [("cert-file", "cert.pem"), ("key-file", "key.pem"), ("trusted-ca-file", "ca.pem")] {
        certs.write_pair(&good);
        certs.write("ca.pem", certs.authority.pem());
        fs::remove_file(certs.path(file)).unwrap();
        let words = refused(certs.folder(), &[&PAIR[..], &["--trusted-ca-file=ca.pem"]].concat()).await;
        assert!(words.contains(&format!("--{flag}: cannot read {file}: No such file")), "{words}");
    }
}

#[tokio::test]
async fn certificates_for_a_plain_url_are_warned_of() {
    let folder = tempdir().unwrap();
    let args = [MEMORY, "--cert-file=missing", "--key-file=missing", "--client-cert-auth"];
    let process = Process::ready(folder.path(), &args).await;
    assert!(process.has_said("ignoring key and cert files"), "{:#?}", process.said);
    assert!(process.has_said("ignoring client cert auth for this URL"), "{:#?}", process.said);
}

#[tokio::test]
async fn a_certificate_of_its_own_making_is_used_until_it_is_no_good() {
    let folder = tempdir().unwrap();
    let (cert, key) = (
        folder.path().join("auroch-data/fixtures/client/cert.pem"),
        folder.path().join("auroch-data/fixtures/client/key.pem"),
    );
    let process = ready(folder.path(), &["--auto-tls"]).await;
    assert!(process.has_said("automatically generated certificates"), "{:#?}", process.said);
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(is_served_at(&process.url(), &trusting(&cert)).await);

    let made = fs::read(&cert).unwrap();
    drop(process);
    let process = ready(folder.path(), &["--auto-tls"]).await;
    assert!(!process.has_said("generated"), "{:#?}", process.said);
    assert_eq!(fs::read(&cert).unwrap(), made);
    drop(process);

    // One that is expired, one for other hosts, and one whose key is gone.
    let hosts = &["example.org"];
    for subject in [Subject { valid: (2020, 2021), ..SERVER }, Subject { hosts, ..SERVER }] {
        let bad = Authority::new("a").issue(subject);
        fs::write(&cert, &bad.cert_pem).unwrap();
        fs::write(&key, &bad.key_pem).unwrap();
        let process = ready(folder.path(), &["--auto-tls"]).await;
        assert!(is_served_at(&process.url(), &trusting(&cert)).await);
    }
    fs::remove_file(&key).unwrap();
    let process = ready(folder.path(), &["--auto-tls"]).await;
    assert!(is_served_at(&process.url(), &trusting(&cert)).await);
}

#[tokio::test]
async fn a_certificate_that_is_named_is_used_and_none_is_made() {
    let certs = Certs::new();
    let process = ready(certs.folder(), &["--auto-tls", PAIR[0], PAIR[1]]).await;
    assert!(process.has_said("ignoring client auto TLS since certs given"), "{:#?}", process.said);
    assert!(is_served_at(&process.url(), &certs.authority.client(None)).await);
    assert!(!certs.path("auroch-data").exists());
}

#[tokio::test]
async fn a_client_that_is_rejected_is_logged_and_a_flood_of_them_is_not() {
    let certs = Certs::new();
    certs.write("crl", certs.authority.revoke(&[CLIENT.serial]));
    let rules = ["--trusted-ca-file=ca.pem", "--client-crl-file=crl", "--log-level=warn"];
    let args = [&PAIR[..], &rules].concat();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let urls = format!("--listen-client-urls=https://127.0.0.1:{port}");
    let mut process = Process::start(certs.folder(), &[&[MEMORY, urls.as_str()], &args[..]].concat());
    let url = format!("https://127.0.0.1:{port}").parse().unwrap();

    let revoked = certs.authority.client(Some(&certs.authority.issue(CLIENT)));
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(!is_served_at(&url, &revoked).await);
    process.until("the client's certificate is revoked").await;
    let line = process.said.last().unwrap();
    assert!(line.contains("rejected connection on client endpoint") && line.contains("127.0.0.1:"), "{line}");
    assert!(line.contains("server_name=\"localhost\""), "{line}");

    for _ in 0..100 {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    }
    process.terminate();
    process.ended().await;
    assert!(process.has_said("what came first is no TLS handshake"), "{:#?}", process.said);
    let warnings = process.said.iter().filter(|line| line.contains("rejected connection")).count();
    assert!(warnings < 50, "{warnings}");
}
