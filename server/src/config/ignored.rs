//! Flags of etcd's that mean nothing here. They are accepted, so that a command line for etcd works, and a warning says
//! that they have no effect. A flag that guards something, such as one for TLS, is not among them: it must not be ignored.

use std::collections::BTreeSet;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Refused;

/// Flags that take a value.
const WITH_VALUE: [&str; 54] = [
    "backend-batch-interval",
    "backend-batch-limit",
    "backend-bbolt-freelist-type",
    "bootstrap-defrag-threshold-megabytes",
    "client-cert-file",
    "client-key-file",
    "compact-hash-check-time",
    "corrupt-check-time",
    "discovery",
    "discovery-cacert",
    "discovery-cert",
    "discovery-dial-timeout",
    "discovery-endpoints",
    "discovery-fallback",
    "discovery-keepalive-time",
    "discovery-keepalive-timeout",
    "discovery-key",
    "discovery-password",
    "discovery-proxy",
    "discovery-request-timeout",
    "discovery-srv",
    "discovery-srv-name",
    "discovery-token",
    "discovery-user",
    "downgrade-check-time",
    "election-timeout",
    "feature-gates",
    "heartbeat-interval",
    "initial-cluster",
    "initial-cluster-state",
    "initial-cluster-token",
    "listen-peer-urls",
    "log-outputs",
    "log-rotation-config-json",
    "logger",
    "max-learners",
    "max-snapshots",
    "max-wals",
    "peer-cert-allowed-cn",
    "peer-cert-allowed-hostname",
    "peer-cert-file",
    "peer-client-cert-file",
    "peer-client-key-file",
    "peer-crl-file",
    "peer-key-file",
    "peer-trusted-ca-file",
    "raft-read-timeout",
    "raft-write-timeout",
    "snapshot-catchup-entries",
    "snapshot-count",
    "v2-deprecation",
    "wal-dir",
    "warning-apply-duration",
    "warning-unary-request-duration",
];

/// Flags that are on when they have no value.
const SWITCHES: [&str; 16] = [
    "compact-hash-check-enabled",
    "discovery-insecure-skip-tls-verify",
    "discovery-insecure-transport",
    "enable-log-rotation",
    "enable-pprof",
    "force-new-cluster",
    "initial-corrupt-check",
    "initial-election-tick-advance",
    "memory-mlock",
    "peer-auto-tls",
    "peer-client-cert-auth",
    "peer-skip-client-san-verification",
    "pre-vote",
    "socket-reuse-address",
    "socket-reuse-port",
    "strict-reconfig-check",
];

fn hidden(name: &'static str) -> Arg {
    Arg::new(name).long(name).hide(true).action(ArgAction::Set)
}

/// Adds the flags, but for those that `command` gives a meaning.
pub(super) fn accept(command: Command) -> Command {
    let with_value = WITH_VALUE.iter().map(|name| hidden(name).num_args(1).allow_hyphen_values(true));
    let switches = SWITCHES.iter().map(|name| hidden(name).num_args(0..=1).require_equals(true));
    let new: Vec<Arg> = with_value.chain(switches).filter(|arg| !has(&command, arg.get_long())).collect();
    command.args(new)
}

fn has(command: &Command, flag: Option<&str>) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == flag)
}

/// Refuses to be one of several members: each would keep a store of its own, and clients would take them for one.
pub(super) fn refuse_cluster(matches: &ArgMatches) -> Result<(), Refused> {
    let members = matches.try_get_one::<String>("initial-cluster").ok().flatten();
    let names =
        members.iter().flat_map(|members| members.split(',')).filter_map(|member| Some(member.split_once('=')?.0));
    if names.map(str::trim).collect::<BTreeSet<_>>().len() > 1 {
        let why = "--initial-cluster names several members, and this server cannot be one of them: it is alone";
        return Err(Refused(why.to_owned()));
    }
    Ok(())
}

/// A warning for each that was given.
pub(super) fn warnings(matches: &ArgMatches) -> Vec<String> {
    let given = |name: &&&str| {
        let source = matches.try_contains_id(name).ok().and_then(|_| matches.value_source(name));
        source == Some(ValueSource::CommandLine)
    };
    let names = WITH_VALUE.iter().chain(&SWITCHES).filter(given);
    names
        .map(|name| format!("--{name} has no effect: there are no other members, and the storage is not etcd's"))
        .collect()
}
