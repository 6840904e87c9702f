//! Flags of kine's that mean nothing here: a warning says so.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

const T4: &str = "kine has it for its t4 database alone";
const S3: &str = "nothing is copied to S3, and kine has it for its t4 database alone";

/// Flags that take a value, and why they have no effect.
const WITH_VALUE: [(&str, &str); 16] = [
    ("compact-timeout", "a compaction goes in small steps that hold up nobody"),
    ("datastore-poll-interval", "what others write is announced by the database"),
    ("peer-advertise-address", T4),
    ("peer-bind-address", T4),
    ("poll-batch-size", "what others write is announced by the database"),
    ("s3-access-key", S3),
    ("s3-bucket", S3),
    ("s3-ca-bundle", S3),
    ("s3-endpoint", S3),
    ("s3-folder", S3),
    ("s3-profile", S3),
    ("s3-region", S3),
    ("s3-secret-key", S3),
    ("s3-session-token", S3),
    ("slow-sql-threshold", "slow statements are not logged"),
    ("slow-sql-warning-threshold", "slow statements are not logged"),
];

/// Flags that are on when they have no value.
const SWITCHES: [(&str, &str); 2] = [
    ("metrics-enable-profiling", "there is nothing to profile over HTTP"),
    ("skip-verify", "sslmode in the endpoint says what is verified"),
];

/// Adds the flags.
pub(super) fn accept(command: Command) -> Command {
    let hidden = |name| Arg::new(name).long(name).hide(true).action(ArgAction::Set);
    let with_value = WITH_VALUE.iter().map(|(name, _)| hidden(*name).num_args(1).allow_hyphen_values(true));
    let switches = SWITCHES.iter().map(|(name, _)| hidden(*name).num_args(0..=1).require_equals(true));
    command.args(with_value).args(switches)
}

/// A warning for each that was given.
pub(super) fn warnings(matches: &ArgMatches) -> Vec<String> {
    let given = |(name, _): &&(&str, &str)| matches.value_source(name) == Some(ValueSource::CommandLine);
    let flags = WITH_VALUE.iter().chain(&SWITCHES).filter(given);
    flags.map(|(name, why)| format!("--{name} has no effect: {why}")).collect()
}
