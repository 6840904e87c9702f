//! The API over TLS.

use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::{PutRequest, RangeRequest, WatchCreateRequest, WatchRequest, watch_request};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ProtocolVersion};
use server::{TlsOptions, TlsVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::common::certs::{Certs, Identity, SERVER, Subject, pem};
use crate::common::soon;
use crate::common::tls::{channel, client, connect, is_served, serve, serve_on};

#[tokio::test]
async fn both_versions_are_served_on_tcp_and_on_unix_sockets() {
    let certs = Certs::new();
    let socket = format!("unixs://{}", certs.path("a.sock").display());
    for url in ["https://127.0.0.1:0", &socket] {
        let server = serve_on(&[url.parse().unwrap()], certs.server()).await;
        for version in [&TLS12, &TLS13] {
            assert!(is_served(&server, &certs.authority.client_of(None, &[version])).await, "{url} {version:?}");
        }
        server.stop();
        server.stopped().await;
    }
}

#[tokio::test]
async fn plain_and_secure_listeners_share_a_store() {
    let certs = Certs::new();
    let urls = ["http://127.0.0.1:0", "https://127.0.0.1:0"].map(|url| url.parse().unwrap());
    let mut server = serve_on(&urls, certs.server()).await;
    server.client().await.put("k", "plain", None).await.unwrap();
    server.url = server.urls[1].clone();
    let mut secure = client(&server, &certs.authority.client(None)).await.unwrap();
    let found = secure.range(RangeRequest { key: "k".into(), ..Default::default() }).await.unwrap().into_inner();
    assert_eq!(found.kvs[0].value, b"plain"[..]);
}

#[tokio::test]
async fn http_1_is_spoken_on_the_same_port() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    for protocols in [vec![b"http/1.1".to_vec()], vec![]] {
        let mut config = certs.authority.client(None);
        config.alpn_protocols = protocols;
        let mut stream = connect(&server, &config).await.unwrap();
        stream.write_all(b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.expect("it ends as TLS has it");
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("etcdserver"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_without_a_common_version_is_refused() {
    let certs = Certs::new();
    for (options, good, bad) in [
        (TlsOptions { tls_min_version: TlsVersion::Tls13, ..certs.server() }, &TLS13, &TLS12),
        (TlsOptions { tls_max_version: Some(TlsVersion::Tls12), ..certs.server() }, &TLS12, &TLS13),
    ] {
        let server = serve(options).await;
        assert!(is_served(&server, &certs.authority.client_of(None, &[good])).await);
        assert!(!is_served(&server, &certs.authority.client_of(None, &[bad])).await);
    }
}

#[tokio::test]
async fn the_chosen_suites_alone_are_spoken_in_tls_1_2() {
    let certs = Certs::new();
    let chosen = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305".parse().unwrap();
    let server = serve(TlsOptions { cipher_suites: vec![chosen], ..certs.server() }).await;
    let stream = connect(&server, &certs.authority.client_of(None, &[&TLS12])).await.unwrap();
    let suite = stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    let stream = connect(&server, &certs.authority.client(None)).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));

    let chosen = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".parse().unwrap();
    let server = serve(TlsOptions { cipher_suites: vec![chosen], ..certs.server() }).await;
    assert!(!is_served(&server, &certs.authority.client_of(None, &[&TLS12])).await, "its certificate is not RSA");
}

#[tokio::test]
async fn large_messages_pass_both_ways() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    let mut client = client(&server, &certs.authority.client(None)).await.unwrap();
    let value: Vec<u8> = (0..1_500_000_u32).map(|n| (n % 251) as u8).collect();
    for key in ["a", "b"] {
        let put = PutRequest { key: key.into(), value: value.clone().into(), ..Default::default() };
        soon(client.put(put)).await.unwrap();
    }
    let range = RangeRequest { key: "a".into(), range_end: "c".into(), ..Default::default() };
    let found = soon(client.range(range)).await.unwrap().into_inner();
    assert!(found.kvs.iter().all(|kv| kv.value == value) && found.count == 2);
}

#[tokio::test]
async fn events_are_watched() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    let channel = channel(&server.url, &certs.authority.client(None)).await.unwrap();
    let create = WatchCreateRequest { key: "k".into(), ..Default::default() };
    let create = WatchRequest { request_union: Some(watch_request::RequestUnion::CreateRequest(create)) };
    let requests =
        futures_util::StreamExt::chain(futures_util::stream::iter([create]), futures_util::stream::pending());
    let mut events = WatchClient::new(channel).watch(requests).await.unwrap().into_inner();
    assert!(soon(events.message()).await.unwrap().unwrap().created);
    assert!(is_served(&server, &certs.authority.client(None)).await);
    assert_eq!(soon(events.message()).await.unwrap().unwrap().events.len(), 1);
}

#[tokio::test]
async fn keys_of_all_common_kinds_and_forms_are_read() {
    let certs = Certs::new();
    for (algorithm, label) in [
        (&PKCS_RSA_SHA256, Some("RSA PRIVATE KEY")),
        (&PKCS_ECDSA_P256_SHA256, None),
        (&PKCS_ECDSA_P384_SHA384, Some("EC PRIVATE KEY")),
        (&PKCS_ECDSA_P521_SHA512, None),
        (&PKCS_ED25519, None),
    ] {
        let identity = certs.authority.issue(Subject { algorithm, ..SERVER });
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
        // As etcd's --auto-tls writes it, after a section that says what curve it is.
        let older =
            label.map(|label| [pem("EC PARAMETERS", b"any"), pem(label, within(pkcs8.secret_pkcs8_der()))].concat());
        for key_pem in [Some(identity.key_pem.clone()), older].into_iter().flatten() {
            certs.write_pair(&Identity { key_pem, ..identity.clone() });
            let server = serve(certs.server()).await;
            assert!(is_served(&server, &certs.authority.client(None)).await, "{algorithm:?}");
        }
    }
}

/// The key of an older form that PKCS#8 wraps: after the version and the name of the algorithm.
fn within(pkcs8: &[u8]) -> &[u8] {
    let (all, _) = element(pkcs8);
    let (_version, rest) = element(all);
    let (_algorithm, rest) = element(rest);
    element(rest).0
}

/// The content of the first element in DER, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (start, len) = match der[1] {
        len @ 0..0x80 => (2, usize::from(len)),
        len => {
            let start = 2 + usize::from(len & 0x7f);
            (start, der[2..start].iter().fold(0, |len, byte| len << 8 | usize::from(*byte)))
        }
    };
    der[start..].split_at(len)
}
