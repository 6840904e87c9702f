//! Command lines, environments and files, and the configuration that each face makes of them.

mod auroch;
mod auth;
mod etcd;
mod file;
mod kine;
mod tls;

use std::ffi::OsString;

use super::{Action, Config, Environment, parse};

/// What `args`, the program's name first, say in an empty environment.
fn parsed(args: &[&str]) -> Config {
    try_parsed(args).unwrap_or_else(|error| panic!("{error}"))
}

fn try_parsed(args: &[&str]) -> Result<Config, clap::Error> {
    parsed_in(&[], args)
}

fn parsed_in(env: &[(&str, &str)], args: &[&str]) -> Result<Config, clap::Error> {
    match action(env, args)? {
        Action::Serve(config) => Ok(*config),
        other => panic!("it is asked for {other:?}"),
    }
}

/// What `args` have the program print.
fn said(args: &[&str]) -> String {
    match action(&[], args) {
        Ok(Action::Say(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn action(env: &[(&str, &str)], args: &[&str]) -> Result<Action, clap::Error> {
    let env: Environment = env.iter().copied().collect();
    parse(args.iter().map(OsString::from), &env)
}

/// What is printed for `args`, which make no sense.
fn refused(args: &[&str]) -> String {
    match try_parsed(args) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{args:?} is accepted"),
    }
}

fn urls(config: &Config) -> Vec<String> {
    config.listen.iter().map(ToString::to_string).collect()
}
