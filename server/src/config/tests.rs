use std::ffi::OsString;
use std::time::Duration;

use super::{Config, LogConfig, LogFormat, LogLevel, Place, parse};

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
    for flag in ["--cert-file=c", "--client-cert-auth", "--auth-token=jwt", "--listen-client-urls=https://127.0.0.1:1"]
    {
        assert!(try_parse(&[flag]).is_err(), "{flag}");
    }
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
