//! Whose certificates are accepted.

use server::TlsOptions;

use crate::common::certs::{Authority, CLIENT, Certs, Identity, SERVER, Subject, pem};
use crate::common::tls::{is_served, serve};

/// Whether a client with the certificate is served, and that others still are after it was refused.
async fn accepts(certs: &Certs, options: TlsOptions, identity: Option<&Identity>) -> bool {
    let server = serve(options).await;
    let mut accepted = Vec::new();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        accepted.push(is_served(&server, &certs.authority.client_of(identity, &[version])).await);
    }
    assert_eq!(accepted[0], accepted[1], "by both versions alike");
    server.stop();
    server.stopped().await;
    accepted[0]
}

#[tokio::test]
async fn one_that_the_authority_has_signed_is_accepted() {
    let certs = Certs::new();
    let alice = certs.authority.issue(CLIENT);
    assert!(accepts(&certs, certs.mutual(), Some(&alice)).await);
}

#[tokio::test]
async fn none_is_refused_also_when_the_authority_alone_is_named() {
    let certs = Certs::new();
    assert!(!accepts(&certs, certs.mutual(), None).await);
    assert!(!accepts(&certs, TlsOptions { client_cert_auth: false, ..certs.mutual() }, None).await);
}

#[tokio::test]
async fn one_that_nobody_asked_for_does_no_harm() {
    let certs = Certs::new();
    let stranger = Authority::new("other").issue(CLIENT);
    assert!(accepts(&certs, certs.server(), Some(&stranger)).await);
}

#[tokio::test]
async fn a_strangers_is_refused() {
    let certs = Certs::new();
    // By the same name, too.
    for name in ["other", "authority"] {
        let stranger = Authority::new(name).issue(CLIENT);
        assert!(!accepts(&certs, certs.mutual(), Some(&stranger)).await, "{name}");
    }
}

#[tokio::test]
async fn one_that_is_expired_or_not_valid_yet_is_refused() {
    let certs = Certs::new();
    for valid in [(2020, 2021), (2119, 2120)] {
        let identity = certs.authority.issue(Subject { valid, ..CLIENT });
        assert!(!accepts(&certs, certs.mutual(), Some(&identity)).await, "{valid:?}");
    }
}

#[tokio::test]
async fn one_that_is_for_servers_is_refused() {
    let certs = Certs::new();
    let identity = certs.authority.issue(SERVER);
    assert!(!accepts(&certs, certs.mutual(), Some(&identity)).await);
}

#[tokio::test]
async fn one_that_is_revoked_is_refused() {
    let certs = Certs::new();
    // 200 has a leading zero byte in DER, and 0x0100 a trailing one.
    let revoked = certs.authority.revoke(&[200, 0x0100]);
    let in_pem = pem("X509 CRL", &revoked);
    for list in [revoked.as_slice(), in_pem.as_bytes()] {
        certs.write("crl", list);
        let options = || TlsOptions { client_crl_file: Some(certs.path("crl")), ..certs.mutual() };
        for (serial, expected) in [(200, false), (0x0100, false), (1, true), (0x01_0000, true)] {
            let identity = certs.authority.issue(Subject { serial, ..CLIENT });
            assert_eq!(accepts(&certs, options(), Some(&identity)).await, expected, "{serial}");
        }
    }
}

#[tokio::test]
async fn its_name_is_among_the_allowed_ones() {
    let certs = Certs::new();
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let hosts: &[_] = &["alice.example", "*.alice.example", "10.0.0.7"];
    let identity = certs.authority.issue(Subject { hosts, ..CLIENT });
    for (allowed, expected) in [
        (&["bob.example", "alice.example"][..], true),
        (&["x.alice.example"], true),
        (&["10.0.0.7"], true),
        // The common name is no host's name.
        (&["alice"], false),
        (&["bob.example", "10.0.0.8", "x.y.alice.example"], false),
    ] {
        let options = TlsOptions { client_cert_allowed_hostnames: names(allowed), ..certs.mutual() };
        assert_eq!(accepts(&certs, options, Some(&identity)).await, expected, "{allowed:?}");
    }
    for (allowed, expected) in [(&["bob", "alice"][..], true), (&["Alice", "alice.example"], false)] {
        let options = TlsOptions { client_cert_allowed_cns: names(allowed), ..certs.mutual() };
        assert_eq!(accepts(&certs, options, Some(&identity)).await, expected, "{allowed:?}");
    }
}
