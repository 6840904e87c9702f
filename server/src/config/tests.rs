use std::ffi::OsString;
use std::time::Duration;

use super::{Config, LogConfig, LogFormat, LogLevel, Place, parse};
use crate::access::AuthToken;
use crate::listen::ListenUrl;
use crate::tls::{AutoTls, CipherSuite, TlsVersion};

fn parsed(args: &[&str]) -> Config {
    try_parse(args).unwrap_or_else(|error| panic!("{error}"))
}

fn try_parse(args: &[&str]) -> Result<Config, clap::Error> {
    parse(["auroch"].iter().chain(args).map(OsString::from))
}

#[test]
fn the_defaults_are_etcds() {
    let config = parsed(&[]);
    assert_eq!(config.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["http://127.0.0.1:2379"]);
    assert_eq!((config.storage.place, config.storage.fsync), (Place::DataDir("auroch-data".into()), true));
    assert_eq!((config.store.max_txn_ops, config.store.quota_bytes), (128, Some(2 << 30)));
    assert_eq!((config.server.max_request_bytes, config.server.max_concurrent_streams), (1_572_864, u32::MAX));
    assert_eq!(config.server.watch_progress_interval, Duration::from_secs(600));
    assert_eq!(config.server.version.to_string(), "3.7.3");
    assert_eq!(config.log, LogConfig { level: LogLevel::Info, format: LogFormat::Text });
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn a_value_follows_an_equals_sign_or_a_space() {
    for args in [&["--name=n", "--max-txn-ops=9"][..], &["--name", "n", "--max-txn-ops", "9"]] {
        let config = parsed(args);
        assert_eq!((config.server.member.name.as_str(), config.store.max_txn_ops), ("n", 9));
    }
}

#[test]
fn several_urls_are_listened_on() {
    let config = parsed(&["--listen-client-urls=http://127.0.0.1:1,unix:///run/a.sock:2379"]);
    let urls: Vec<_> = config.listen.iter().map(ToString::to_string).collect();
    assert_eq!(urls, ["http://127.0.0.1:1", "unix:///run/a.sock:2379"]);
}

#[test]
fn a_quota_of_zero_is_the_default_and_below_none() {
    let quota = |flag: &str| parsed(&[flag]).store.quota_bytes;
    assert_eq!(quota("--quota-backend-bytes=0"), Some(2 << 30));
    assert_eq!(quota("--quota-backend-bytes=-1"), None);
    assert_eq!(quota("--quota-backend-bytes=1000"), Some(1000));
}

#[test]
fn weaker_durability_is_asked_for_and_warned_of() {
    for args in [&["--unsafe-no-fsync"][..], &["--unsafe-no-fsync=true"]] {
        let config = parsed(args);
        assert!(!config.storage.fsync);
        assert_eq!(config.warnings.len(), 1);
    }
    assert!(parsed(&["--unsafe-no-fsync=false"]).storage.fsync);
}

#[test]
fn flags_of_a_cluster_are_accepted_with_a_warning() {
    let args =
        ["--snapshot-count=5", "--initial-cluster", "a=http://h:2380", "--pre-vote", "--strict-reconfig-check=false"];
    let config = parsed(&args);
    let named =
        |name: &str| config.warnings.iter().any(|warning| warning.starts_with(&format!("{name} has no effect")));
    assert!(["--snapshot-count", "--initial-cluster", "--pre-vote", "--strict-reconfig-check"].into_iter().all(named));
    assert_eq!(config.warnings.len(), 4);
}

#[test]
fn what_guards_something_is_not_ignored() {
    assert!(try_parse(&["--auth-token=jwt"]).is_err());
}

#[test]
fn what_makes_no_sense_is_refused() {
    for flag in ["--max-txn-ops=x", "--watch-progress-notify-interval=99ms", "--emulate-version=3", "--no-such-flag"] {
        assert!(try_parse(&[flag]).is_err(), "{flag}");
    }
}

#[test]
fn the_logs_are_chosen() {
    let log = parsed(&["--log-level=debug", "--log-format", "json"]).log;
    assert_eq!(log, LogConfig { level: LogLevel::Debug, format: LogFormat::Json });
}

#[test]
fn tls_is_chosen() {
    let config = parsed(&[
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
    let config = parsed(&["--auto-tls", "--data-dir=/d", "--storage=memory://", "--self-signed-cert-validity=2"]);
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
        let error = try_parse(flags).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn tokens_and_password_hashes_are_etcds_unless_said_otherwise() {
    let auth = parsed(&[]).server.auth;
    assert!(matches!(auth.token, AuthToken::Simple));
    assert_eq!((auth.simple_token_ttl, auth.bcrypt_cost), (Duration::from_secs(300), 10));
    let auth = parsed(&["--auth-token=simple", "--auth-token-ttl=7", "--bcrypt-cost=4"]).server.auth;
    assert_eq!((auth.simple_token_ttl, auth.bcrypt_cost), (Duration::from_secs(7), 4));
    assert_eq!(parsed(&["--auth-token-ttl=0"]).server.auth.simple_token_ttl, Duration::from_secs(300));
}

#[test]
fn a_token_that_cannot_be_had_is_refused_with_what_to_do() {
    let refusal = |flag: &str| try_parse(&[flag]).expect_err("it is refused").to_string();
    assert!(refusal("--bcrypt-cost=32").contains("a number from 4 to 31 is needed"));
    assert!(refusal("--auth-token=jwt").contains("sign-method is missing: name one of RS256"));
    assert!(refusal("--auth-token=paseto").contains("use simple, or jwt with its options"));
}
