use std::time::Duration;

use storage_core::StoreOptions;

use super::{parsed_in, refused, said, urls};
use crate::compaction::{AutoCompaction, ClientCompaction};
use crate::config::{Config, LogConfig, LogFormat, LogLevel, Place};

fn parsed(args: &[&str]) -> Config {
    super::parsed(&[&["auroch"], args].concat())
}

fn try_parse(args: &[&str]) -> Result<Config, clap::Error> {
    super::try_parsed(&[&["auroch"], args].concat())
}

#[test]
fn the_defaults_are_etcds() {
    let config = parsed(&[]);
    assert_eq!(urls(&config), ["http://127.0.0.1:2379"]);
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
    assert_eq!(urls(&config), ["http://127.0.0.1:1", "unix:///run/a.sock:2379"]);
}

#[test]
fn a_quota_of_zero_is_the_default_and_below_none() {
    let quota = |flag: &str| parsed(&[flag]).store.quota_bytes;
    assert_eq!(quota("--quota-backend-bytes=0"), Some(2 << 30));
    assert_eq!(quota("--quota-backend-bytes=-1"), None);
    assert_eq!(quota("--quota-backend-bytes=1000"), Some(1000));
}

#[test]
fn no_streams_at_a_time_are_as_many_as_one_likes() {
    let streams = |flag: &str| parsed(&[flag]).server.max_concurrent_streams;
    assert_eq!(streams("--max-concurrent-streams=0"), u32::MAX);
    assert_eq!(streams("--max-concurrent-streams=1"), 1);
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
fn of_a_flag_given_twice_the_last_one_counts() {
    let config = parsed(&[
        "--name=a",
        "--listen-client-urls=http://h:1,http://h:2",
        "--name=b",
        "--listen-client-urls=http://h:3",
    ]);
    assert_eq!(config.server.member.name, "b");
    assert_eq!(urls(&config), ["http://h:3"]);
}

#[test]
fn the_environment_counts_where_no_flag_does() {
    let env =
        [("AUROCH_NAME", "env"), ("AUROCH_MAX_TXN_OPS", "9"), ("AUROCH_UNSAFE_NO_FSYNC", ""), ("ETCD_NAME", "etcd")];
    let config = parsed_in(&env, &["auroch", "--max-txn-ops=10"]).unwrap();
    assert_eq!((config.server.member.name.as_str(), config.store.max_txn_ops), ("env", 10));
    assert!(config.storage.fsync);
}

#[test]
fn a_variable_that_makes_no_sense_is_named() {
    let error = parsed_in(&[("AUROCH_MAX_TXN_OPS", "many")], &["auroch"]).unwrap_err().to_string();
    assert!(error.contains("AUROCH_MAX_TXN_OPS: invalid value 'many'"), "{error}");
}

#[test]
fn history_is_kept_for_a_time_or_by_number() {
    let auto = |args: &[&str]| parsed(args).server.auto_compaction;
    assert_eq!((auto(&[]), parsed(&[]).server.client_compaction), (None, ClientCompaction::Done));
    let periodic = |seconds| Some(AutoCompaction::Periodic(Duration::from_secs(seconds)));
    for (retention, expected) in
        [("0", None), ("0s", None), ("1", periodic(3600)), ("5m", periodic(300)), ("1h30m", periodic(5400))]
    {
        let flag = format!("--auto-compaction-retention={retention}");
        assert_eq!(auto(&[&flag]), expected, "{retention}");
    }
    let revision = ["--auto-compaction-mode=revision", "--auto-compaction-retention=1000"];
    assert_eq!(auto(&revision), Some(AutoCompaction::Revision(1000)));
}

#[test]
fn a_retention_that_makes_no_sense_is_refused() {
    for args in [
        &["--auto-compaction-retention=-1"][..],
        &["--auto-compaction-retention=soon"],
        &["--auto-compaction-mode=never"],
        &["--auto-compaction-mode=revision", "--auto-compaction-retention=5m"],
    ] {
        let said = refused(&[&["auroch"], args].concat());
        assert!(said.contains("--auto-compaction-"), "{said}");
    }
}

#[test]
fn shells_complete_the_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&["auroch", "completions", shell]);
        assert!(script.contains("listen-client-urls") && script.contains("completions"), "{shell}");
    }
}

#[test]
fn help_is_in_groups_and_has_examples() {
    let help = refused(&["auroch", "--help"]);
    for words in ["Data:", "Listening:", "Limits:", "Compaction:", "Logs:", "Examples:", "auroch kine --help"] {
        assert!(help.contains(words), "{words}: {help}");
    }
    assert!(!help.contains("snapshot-count"), "{help}");
}

#[test]
fn a_step_of_a_compaction_that_removes_nothing_is_the_default() {
    let batch = |value: &str| parsed(&["--compaction-batch-limit", value]).store.compaction_batch;
    assert_eq!((batch("0"), batch("7")), (StoreOptions::default().compaction_batch, 7));
}

#[test]
fn connections_to_postgresql_are_limited() {
    let unset = parsed(&[]).storage.connections;
    assert_eq!((unset.max, unset.statement_timeout), (None, None));
    let flags = ["--storage-max-connections=9", "--storage-statement-timeout=3s"];
    let set = parsed(&flags).storage.connections;
    assert_eq!((set.max, set.statement_timeout), (Some(9), Some(Duration::from_secs(3))));
}
