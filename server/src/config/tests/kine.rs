use std::time::Duration;

use super::{action, parsed, parsed_in, refused, said, urls};
use crate::compaction::{AutoCompaction, ClientCompaction};
use crate::config::{Action, LogConfig, LogFormat, LogLevel, Place};

/// What k0s starts.
const K0S: [&str; 5] = [
    "/var/lib/k0s/bin/kine",
    "--compact-interval=0",
    "--endpoint=sqlite://file:/var/lib/k0s/db/state.db?mode=rwc&_journal=WAL",
    "--listen-address=unix:///run/k0s/kine/kine.sock:2379",
    "--metrics-bind-address=:2380",
];

#[test]
fn the_defaults_are_kines() {
    let config = parsed(&["kine"]);
    assert_eq!(urls(&config), ["http://0.0.0.0:2379"]);
    assert_eq!(config.storage.place, Place::Dsn("sqlite://db/state.db".into()));
    assert!(config.storage.fsync);
    assert_eq!(config.listen_metrics, ["http://:8080".parse().unwrap()]);
    assert_eq!(config.server.version.to_string(), "3.6.11");
    assert_eq!(config.server.watch_progress_interval, Duration::from_secs(5));
    assert_eq!(
        (config.server.auto_compaction, config.server.client_compaction),
        (None, ClientCompaction::Keeping(1000))
    );
    assert_eq!(config.log, LogConfig { level: LogLevel::Info, format: LogFormat::Text });
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn k0s_gets_what_it_asks_for() {
    let config = parsed(&K0S);
    assert_eq!(urls(&config), ["unix:///run/k0s/kine/kine.sock:2379"]);
    let dsn = "sqlite://file:/var/lib/k0s/db/state.db?mode=rwc&_journal=WAL";
    assert_eq!(config.storage.place, Place::Dsn(dsn.into()));
    assert_eq!(config.listen_metrics, ["http://:2380".parse().unwrap()]);
    assert_eq!(
        (config.server.auto_compaction, config.server.client_compaction),
        (None, ClientCompaction::Keeping(1000))
    );
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn metrics_are_served_where_asked_and_with_tls_if_clients_are() {
    let tls = ["--server-cert-file=c", "--server-key-file=k"];
    for (args, url) in [
        (&["--metrics-bind-address=:2380"][..], Some("http://:2380")),
        (&["--metrics-bind-address=h:1"], Some("http://h:1")),
        (&["--metrics-bind-address=0"], None),
        (&tls, Some("https://:8080")),
        (&[tls[0], tls[1], "--metrics-ignore-tls-config"], Some("http://:8080")),
    ] {
        let listen = parsed(&[&["kine"], args].concat()).listen_metrics;
        assert_eq!(listen, url.map(|url| url.parse().unwrap()).into_iter().collect::<Vec<_>>(), "{args:?}");
    }
    assert!(refused(&["kine", "--metrics-bind-address=nowhere"]).contains("--metrics-bind-address"));
}

#[test]
fn the_first_argument_is_as_good_as_the_programs_name() {
    let config = parsed(&[&["auroch", "kine"], &K0S[1..]].concat());
    assert_eq!(urls(&config), ["unix:///run/k0s/kine/kine.sock:2379"]);
}

#[test]
fn an_address_is_cut_as_kine_cuts_it() {
    for (address, url) in [
        ("127.0.0.1:1", "http://127.0.0.1:1"),
        ("tcp://h:1", "http://h:1"),
        ("http://h:1", "http://h:1"),
        (":1", "http://:1"),
        ("unix:///run/x", "unix:///run/x"),
        ("unix://x.sock", "unix://x.sock"),
        ("", "unix://kine.sock"),
    ] {
        assert_eq!(urls(&parsed(&["kine", "--listen-address", address])), [url], "{address}");
    }
    assert!(refused(&["kine", "--listen-address=nowhere"]).contains("--listen-address"));
}

#[test]
fn above_zero_the_interval_makes_the_server_compact_and_clients_not() {
    let args =
        ["--compact-interval=5m", "--compact-interval-jitter=10", "--compact-min-retain=7", "--compact-batch-size=200"];
    let config = parsed(&[&["kine"], &args[..]].concat());
    let interval = Duration::from_secs(300);
    let expected = AutoCompaction::Kine { interval, jitter_percent: 10, min_retain: 7 };
    assert_eq!(config.server.auto_compaction, Some(expected));
    assert_eq!(config.server.client_compaction, ClientCompaction::Ignored);
    assert_eq!(config.store.compaction_batch, 200);
}

#[test]
fn flags_that_mean_nothing_here_are_accepted_with_a_warning() {
    for flag in [
        "--datastore-poll-interval=1s",
        "--poll-batch-size=5",
        "--slow-sql-threshold=1s",
        "--compact-timeout=5s",
        "--skip-verify",
        "--metrics-enable-profiling=true",
        "--peer-bind-address=:3380",
        "--s3-bucket=x",
        "--s3-secret-key=secret",
    ] {
        let warnings = parsed(&["kine", flag]).warnings;
        let name = flag.split('=').next().unwrap();
        assert!(matches!(&warnings[..], [one] if one.starts_with(&format!("{name} has no effect: "))), "{warnings:?}");
        assert!(!warnings[0].contains("secret\""), "{warnings:?}");
    }
}

#[test]
fn files_for_a_database_go_to_postgresql_and_are_warned_of_elsewhere() {
    let config = parsed(&["kine", "--endpoint=postgres://u:p@h/db", "--ca-file=c"]);
    let dsn = "postgres://u:p@h/db?sslrootcert=c&sslmode=verify-full";
    assert_eq!((config.storage.place, config.warnings.len()), (Place::Dsn(dsn.into()), 0));
    for flag in ["--ca-file=x", "--cert-file=x", "--key-file=x"] {
        assert_eq!(parsed(&["kine", flag]).warnings.len(), 1);
    }
}

#[test]
fn what_kine_refuses_is_refused() {
    for flag in [
        "--compact-batch-size=99",
        "--compact-interval-jitter=101",
        "--log-format=xml",
        "--endpoint=state.db",
        "--endpoint=mysql://u:secret@h/db",
        "--no-such-flag",
        "argument",
    ] {
        let said = refused(&["kine", flag]);
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn the_environment_is_kines() {
    let env =
        [("KINE_ENDPOINT", "memory://"), ("KINE_DEBUG", "true"), ("KINE_COMPACT_INTERVAL", ""), ("KINE_VERSION", "1")];
    let config = parsed_in(&env, &["kine", "--listen-address=h:1"]).unwrap();
    assert_eq!(config.storage.place, Place::Dsn("memory://".into()));
    assert_eq!(config.log.level, LogLevel::Debug);
    let error = parsed_in(&[("KINE_COMPACT_INTERVAL", "soon")], &["kine"]).unwrap_err().to_string();
    assert!(error.contains("KINE_COMPACT_INTERVAL: invalid value 'soon'"), "{error}");
}

#[test]
fn the_version_is_printed() {
    for flag in ["-v", "--version", "-version"] {
        assert!(said(&["kine", flag]).starts_with("kine version v"));
    }
    assert!(matches!(action(&[], &["kine", "-v", "--endpoint=x://y"]), Ok(Action::Say(_))));
}

#[test]
fn connections_to_postgresql_are_limited_under_kines_names() {
    let dsn = "postgres://k0s:secret@db:5432/k0s?sslmode=disable";
    let config = parsed(&[
        "kine",
        &format!("--endpoint={dsn}"),
        "--datastore-max-open-connections=6",
        "--datastore-max-idle-connections=-1",
        "--datastore-connection-max-lifetime=1h",
    ]);
    assert_eq!(config.storage.place, Place::Dsn(dsn.into()));
    let connections = config.storage.connections;
    assert_eq!((connections.max, connections.max_idle), (Some(6), Some(0)));
    assert_eq!(connections.max_lifetime, Some(Duration::from_secs(3600)));
    assert_eq!(connections.max_idle_time, Some(Duration::from_secs(120)));
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(parsed(&["kine"]).storage.connections.max_idle, Some(20));
}
