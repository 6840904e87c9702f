use std::fs;
use std::time::Duration;

use tempfile::tempdir;

use super::{parsed_in, urls};
use crate::compaction::AutoCompaction;
use crate::config::{Config, Place};

/// What etcd's face makes of a file.
fn read(text: &str) -> Result<Config, String> {
    read_with(text, &[], &[])
}

fn read_with(text: &str, env: &[(&str, &str)], args: &[&str]) -> Result<Config, String> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("etcd.conf.yml");
    fs::write(&path, text).unwrap();
    let file = format!("--config-file={}", path.display());
    parsed_in(env, &[&["etcd", &file], args].concat()).map_err(|error| error.to_string())
}

#[test]
fn its_keys_are_the_names_of_flags() {
    let config = read(
        "# A comment.
name: node
data-dir: /var/lib/etcd
listen-client-urls: http://127.0.0.1:2379,http://192.0.2.1:2379
quota-backend-bytes: 1000
max-txn-ops: 9
unsafe-no-fsync: true
watch-progress-notify-interval: 5000000000
grpc-keepalive-min-time: 7s
auto-compaction-mode: periodic
auto-compaction-retention: \"1\"
cors:
listen-metrics-urls: ''
",
    )
    .unwrap();
    assert_eq!(config.server.member.name, "node");
    assert_eq!(config.storage.place, Place::DataDir("/var/lib/etcd".into()));
    assert_eq!(urls(&config), ["http://127.0.0.1:2379", "http://192.0.2.1:2379"]);
    assert_eq!((config.store.quota_bytes, config.store.max_txn_ops), (Some(1000), 9));
    assert!(!config.storage.fsync);
    assert_eq!(config.server.watch_progress_interval, Duration::from_secs(5));
    assert_eq!(config.server.keepalive.min_time, Duration::from_secs(7));
    assert_eq!(config.server.auto_compaction, Some(AutoCompaction::Periodic(Duration::from_secs(3600))));
}

#[test]
fn tls_has_a_group_of_keys() {
    let config = read(
        "listen-client-urls: https://127.0.0.1:1
client-transport-security:
  cert-file: c
  key-file: k
  client-cert-auth: true
  trusted-ca-file: a
  allowed-hostname: [h, i]
  auto-tls: false
cipher-suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
tls-max-version: ''
",
    )
    .unwrap();
    let tls = config.tls;
    assert_eq!(
        (tls.cert_file, tls.key_file, tls.trusted_ca_file),
        (Some("c".into()), Some("k".into()), Some("a".into()))
    );
    assert!(tls.client_cert_auth);
    assert_eq!(tls.client_cert_allowed_hostnames, ["h", "i"]);
    assert_eq!(tls.cipher_suites.len(), 1);
}

#[test]
fn json_is_read_too() {
    assert_eq!(read(r#"{"name": "json", "max-txn-ops": 7}"#).unwrap().server.member.name, "json");
}

#[test]
fn the_file_alone_counts() {
    let config = read_with("name: file", &[("ETCD_MAX_TXN_OPS", "9")], &["--name=flag", "--log-level=debug"]).unwrap();
    assert_eq!((config.server.member.name.as_str(), config.store.max_txn_ops), ("file", 128));
    assert_eq!(config.storage.place, Place::DataDir("file.etcd".into()));
    assert!(config.warnings.iter().any(|warning| warning.contains("instead of all flags")), "{:?}", config.warnings);
}

#[test]
fn keys_of_a_cluster_and_keys_that_nobody_knows_are_warned_of() {
    let text = "initial-cluster: a=http://h:2380
snapshot-count: 5
nonsense: 1
log-outputs: [stderr]
peer-transport-security: {cert-file: a, client-cert-auth: true}
socket-options: {reuse-port: true}
";
    let warnings = read(text).unwrap().warnings.join("\n");
    for name in ["--initial-cluster", "--snapshot-count", "nonsense", "peer-transport-security", "--socket-reuse-port"]
    {
        assert!(warnings.contains(&format!("{name} has no effect")), "{name}: {warnings}");
    }
}

#[test]
fn a_key_that_may_guard_something_is_not_ignored() {
    for text in [
        "client-transport-security: {clietn-cert-auth: true}",
        "client-transport-security: {no-such-key: true}",
        "tls-min-verison: TLS1.3",
        "allowed-users: [a]",
    ] {
        let said = read(text).unwrap_err();
        assert!(said.contains("it may guard something"), "{said}");
    }
}

#[test]
fn what_is_no_configuration_is_refused_with_the_place() {
    for (text, words) in [
        ("- a\n- b", "is no list of keys"),
        ("name: [", "is not well-formed"),
        ("max-txn-ops: many", "max-txn-ops: invalid value 'many'"),
        ("name: {a: b}", "the key name has a value"),
    ] {
        let said = read(text).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
    let said = parsed_in(&[("ETCD_CONFIG_FILE", "/nonexistent/x.yml")], &["etcd"]).unwrap_err().to_string();
    assert!(said.contains("/nonexistent/x.yml: cannot be read"), "{said}");
}
