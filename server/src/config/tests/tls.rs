use super::{parsed, refused};
use crate::config::{Config, Place};
use crate::listen::ListenUrl;
use crate::tls::{AutoTls, CipherSuite, TlsVersion};

fn auroch(args: &[&str]) -> Config {
    parsed(&[&["auroch"], args].concat())
}

#[test]
fn tls_is_chosen() {
    let config = auroch(&[
        "--listen-client-urls=https://127.0.0.1:1,unixs:///run/a.sock",
        "--cert-file=c",
        "--key-file",
        "k",
        "--trusted-ca-file=",
        "--tls-max-version=TLS1.2",
        "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_RSA_WITH_AES_256_CBC_SHA",
    ]);
    assert!(config.listen.iter().all(ListenUrl::is_secure));
    let tls = config.tls;
    assert_eq!((tls.cert_file, tls.key_file, tls.trusted_ca_file), (Some("c".into()), Some("k".into()), None));
    assert_eq!((tls.tls_min_version, tls.tls_max_version), (TlsVersion::Tls12, Some(TlsVersion::Tls12)));
    assert_eq!(tls.cipher_suites.iter().map(CipherSuite::is_offered).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
}

#[test]
fn a_certificate_of_its_own_making_is_kept_with_the_data() {
    let config = auroch(&["--auto-tls", "--data-dir=/d", "--storage=memory://", "--self-signed-cert-validity=2"]);
    let expected = AutoTls { folder: "/d/fixtures/client".into(), validity_years: 2 };
    assert_eq!(config.tls.auto_tls, Some(expected));
}

#[test]
fn versions_and_suites_that_make_no_sense_are_refused() {
    for (flags, words) in [
        (&["--tls-min-version=TLS1.1"][..], "must be one of: TLS1.2, TLS1.3"),
        (&["--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"], "is greater than max version"),
        (&["--cipher-suites=TLS_NONSENSE"], "known are TLS_AES_128_GCM_SHA256, "),
        (&["--cipher-suites=TLS_AES_128_GCM_SHA256", "--tls-min-version=TLS1.3"], "when only TLS1.3 is enabled"),
        (&["--cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA", "--tls-max-version=TLS1.2"], "is offered for TLS1.2"),
    ] {
        let error = refused(&[&["auroch"], flags].concat());
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn under_the_name_of_etcd_it_is_kept_with_the_members_data() {
    let config = parsed(&["etcd", "--auto-tls", "--name=n"]);
    assert_eq!(config.tls.auto_tls.unwrap().folder.to_str(), Some("n.etcd/fixtures/client"));
    assert_eq!(config.storage.place, Place::DataDir("n.etcd".into()));
}

#[test]
fn kine_has_other_names_for_the_same_files() {
    let files = ["--server-cert-file=c", "--server-key-file=k", "--trusted-ca-file=a", "--cert-file=d"];
    for (address, url) in [("h:1", "https://h:1"), ("unix:///s", "unixs:///s")] {
        let config = parsed(&[&["kine", "--listen-address", address], &files[..]].concat());
        assert_eq!(config.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), [url]);
        let tls = config.tls;
        assert_eq!((tls.cert_file, tls.key_file), (Some("c".into()), Some("k".into())));
        assert_eq!((tls.trusted_ca_file, tls.client_cert_auth), (Some("a".into()), false));
        assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    }
}

#[test]
fn kine_ignores_half_of_tls_and_this_program_refuses_it() {
    for args in [
        &["--server-cert-file=c"][..],
        &["--server-key-file=k"],
        &["--trusted-ca-file=a"],
        &["--trusted-ca-file=a", "--server-cert-file=c"],
    ] {
        assert!(refused(&[&["kine"], args].concat()).contains("--server-key-file"), "{args:?}");
    }
}
