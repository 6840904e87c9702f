use super::{parsed, parsed_in, refused, said, urls};
use crate::config::{LogConfig, LogFormat, LogLevel, Place};

/// What kubeadm starts.
const KUBEADM: [&str; 20] = [
    "etcd",
    "--advertise-client-urls=https://192.0.2.1:2379",
    "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
    "--client-cert-auth=true",
    "--data-dir=/var/lib/etcd",
    "--feature-gates=InitialCorruptCheck=true",
    "--initial-advertise-peer-urls=https://192.0.2.1:2380",
    "--initial-cluster=node=https://192.0.2.1:2380",
    "--key-file=/etc/kubernetes/pki/etcd/server.key",
    "--listen-client-urls=https://127.0.0.1:2379,https://192.0.2.1:2379",
    "--listen-metrics-urls=http://127.0.0.1:2381",
    "--listen-peer-urls=https://192.0.2.1:2380",
    "--name=node",
    "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
    "--peer-client-cert-auth=true",
    "--peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
    "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    "--snapshot-count=10000",
    "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    "--watch-progress-notify-interval=5s",
];

#[test]
fn the_defaults_are_etcds() {
    let config = parsed(&["etcd"]);
    assert_eq!(urls(&config), ["http://127.0.0.1:2379"]);
    assert_eq!(config.storage.place, Place::DataDir("default.etcd".into()));
    assert_eq!(config.server.version.to_string(), "3.7.3");
    assert_eq!(config.log, LogConfig { level: LogLevel::Info, format: LogFormat::Json });
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn kubeadm_gets_what_it_asks_for() {
    let config = parsed(&KUBEADM);
    assert_eq!(urls(&config), ["https://127.0.0.1:2379", "https://192.0.2.1:2379"]);
    assert_eq!(config.listen_metrics, ["http://127.0.0.1:2381".parse().unwrap()]);
    let tls = &config.tls;
    assert!(tls.client_cert_auth && tls.cert_file.is_some() && tls.key_file.is_some() && tls.trusted_ca_file.is_some());
    assert_eq!(config.storage.place, Place::DataDir("/var/lib/etcd".into()));
    assert_eq!(config.server.member.name, "node");
    assert_eq!(config.server.member.client_urls, ["https://192.0.2.1:2379"]);
    assert_eq!(config.server.watch_progress_interval.as_secs(), 5);
    assert_eq!(config.warnings.len(), 8, "{:#?}", config.warnings);
}

#[test]
fn a_data_directory_without_a_name_is_the_members() {
    for (args, expected) in [
        (&["etcd", "--name=n"][..], Place::DataDir("n.etcd".into())),
        (&["etcd", "--name=n", "--data-dir=d"], Place::DataDir("d".into())),
        (&["etcd", "--storage=memory://"], Place::Dsn("memory://".into())),
    ] {
        assert_eq!(parsed(args).storage.place, expected);
    }
    assert_eq!(parsed_in(&[("ETCD_NAME", "e")], &["etcd"]).unwrap().storage.place, Place::DataDir("e.etcd".into()));
}

#[test]
fn one_dash_is_as_good_as_two() {
    let config = parsed(&["etcd", "-name", "n", "-quota-backend-bytes", "-1", "-unsafe-no-fsync=F"]);
    assert_eq!((config.server.member.name.as_str(), config.store.quota_bytes), ("n", None));
    assert!(config.storage.fsync);
}

#[test]
fn flags_that_nobody_knows_are_warned_of() {
    let args = ["etcd", "--experimental-x=1", "--v", "--enable-v2", "true", "--name=n"];
    let config = parsed(&args);
    assert_eq!(config.server.member.name, "n");
    let named =
        |name: &str| config.warnings.iter().any(|warning| warning.starts_with(&format!("{name} has no effect")));
    assert!(["--experimental-x", "--v", "--enable-v2"].into_iter().all(named), "{:?}", config.warnings);
}

#[test]
fn flags_that_nobody_knows_are_refused_if_they_may_guard_something() {
    for flag in ["--client-cert-auht", "--tls-max-verison=TLS1.2", "--client-allowed-user=x", "--token-x", "--cors-x"] {
        assert!(refused(&["etcd", flag]).contains("it may guard something"), "{flag}");
    }
    for arg in ["gateway", "grpc-proxy", "--max-txn-ops=x"] {
        refused(&["etcd", arg]);
    }
}

#[test]
fn the_version_is_printed_by_lines() {
    assert_eq!(said(&["etcd", "--version"]).lines().next(), Some("etcd Version: 3.7.3"));
    let lines = said(&["etcd", "--emulate-version=3.6.4", "--version"]);
    assert_eq!(lines.lines().next(), Some("etcd Version: 3.6.4"));
    assert_eq!(lines.lines().count(), 4);
}

#[test]
fn an_empty_list_is_as_good_as_none() {
    let config = parsed(&["etcd", "--listen-metrics-urls=", "--advertise-client-urls=", "--cors=", "-cipher-suites="]);
    assert_eq!((config.listen_metrics.len(), config.server.member.client_urls.len()), (0, 0));
    assert_eq!(config.server.http.origins, ["*"]);
}

#[test]
fn a_server_that_is_alone_is_none_of_several() {
    let several = "--initial-cluster=a=http://h:1,b=http://h:2";
    for program in ["auroch", "etcd"] {
        assert!(refused(&[program, several]).contains("it is alone"));
        // A member may have several addresses.
        parsed(&[program, "--initial-cluster=a=http://h:1,a=http://h:2"]);
    }
}

#[test]
fn traces_are_off_unless_enabled() {
    use crate::traces::TraceOptions;

    let rate = "--distributed-tracing-sampling-rate=1000000";
    assert_eq!(parsed(&["etcd", rate]).traces, None);
    let name = |program| parsed(&[program, "--enable-distributed-tracing"]).traces.unwrap().service_name;
    assert_eq!((name("etcd").as_str(), name("auroch").as_str()), ("etcd", "auroch"));
    let address = "--distributed-tracing-address=h:1";
    let args = ["auroch", "--enable-distributed-tracing", rate, address, "--distributed-tracing-instance-id=i"];
    let expected = TraceOptions {
        address: "h:1".into(),
        service_name: "auroch".into(),
        instance_id: Some("i".into()),
        sampled_per_million: 1_000_000,
    };
    assert_eq!(parsed(&args).traces, Some(expected));
    for rate in ["-1", "1000001"] {
        refused(&["etcd", &format!("--distributed-tracing-sampling-rate={rate}")]);
    }
}
