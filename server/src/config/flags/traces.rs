use clap::Args;

use crate::config::{Config, Refused};

#[derive(Debug, Args)]
#[command(next_help_heading = "Traces")]
pub(super) struct TraceFlags {}

impl TraceFlags {
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "the group has no flags yet")]
    pub(super) fn apply(self, _config: &mut Config) -> Result<(), Refused> {
        Ok(())
    }
}
