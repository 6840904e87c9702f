use std::time::Duration;

use clap::Args;

use crate::access::{AuthOptions, AuthToken, BCRYPT_COSTS};
use crate::config::Config;

#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication")]
pub(super) struct AuthFlags {
    /// What users are given to prove who they are: simple, or
    /// jwt,sign-method=RS256,pub-key=FILE,priv-key=FILE,ttl=5m
    #[arg(long, value_name = "KIND", default_value = "simple")]
    auth_token: AuthToken,
    /// Seconds that a simple token lives after its last use. 0 is 300
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    auth_token_ttl: u32,
    /// The work of hashing a password, 4 to 31: one more is twice as much
    #[arg(long, value_name = "COST", default_value_t = AuthOptions::default().bcrypt_cost, value_parser = bcrypt_cost)]
    bcrypt_cost: u32,
}

impl AuthFlags {
    pub(super) fn apply(self, config: &mut Config) {
        let mut auth = AuthOptions { token: self.auth_token, bcrypt_cost: self.bcrypt_cost, ..AuthOptions::default() };
        if self.auth_token_ttl > 0 {
            auth.simple_token_ttl = Duration::from_secs(self.auth_token_ttl.into());
        }
        config.server.auth = auth;
    }
}

fn bcrypt_cost(text: &str) -> Result<u32, String> {
    let cost = text.parse().ok().filter(|cost| BCRYPT_COSTS.contains(cost));
    cost.ok_or_else(|| format!("a number from {} to {} is needed", BCRYPT_COSTS.start(), BCRYPT_COSTS.end()))
}
