//! The flags, named as etcd names them where the thing is the same: one file a group.
//!
//! A group is a struct of flags and `apply`, which writes them into the configuration. A field's name is the flag's name.
//! The environment and the forms of a switch (a plain `bool`) are added to all of them alike, by the face that takes them.

mod auth;
mod compaction;
mod data;
mod http;
mod limits;
mod listen;
mod log;
mod member;
mod tls;
mod traces;

use clap::Args;

use super::{Config, Refused};

/// All groups, in the order in which help shows them.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    data: data::DataFlags,
    #[command(flatten)]
    listen: listen::ListenFlags,
    #[command(flatten)]
    member: member::MemberFlags,
    #[command(flatten)]
    tls: tls::TlsFlags,
    #[command(flatten)]
    auth: auth::AuthFlags,
    #[command(flatten)]
    http: http::HttpFlags,
    #[command(flatten)]
    limits: limits::LimitFlags,
    #[command(flatten)]
    compaction: compaction::CompactionFlags,
    #[command(flatten)]
    log: log::LogFlags,
    #[command(flatten)]
    traces: traces::TraceFlags,
}

impl Flags {
    /// Puts the member's name into `pattern`, if that is the data directory.
    pub(super) fn name_data_dir(&mut self, pattern: &str) {
        if self.data.data_dir.to_str() == Some(pattern) {
            self.data.data_dir = pattern.replace("${name}", &self.member.name).into();
        }
    }

    /// Writes what was given into `config`.
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        self.data.apply(config);
        self.listen.apply(config);
        self.member.apply(config);
        self.tls.apply(config)?;
        self.auth.apply(config);
        self.http.apply(config)?;
        self.limits.apply(config);
        self.compaction.apply(config)?;
        self.log.apply(config);
        self.traces.apply(config);
        Ok(())
    }
}
