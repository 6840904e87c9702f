//! JSON web tokens: whoever holds the key can make one, and the server remembers none.

mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::keys::JwtKeyError;
pub(super) use self::keys::JwtKeys;
use super::options::JwtOptions;

/// Tokens whose signature was found good are remembered, this many: a signature costs more than most requests.
const REMEMBERED: usize = 4096;

/// Makes and verifies JSON web tokens.
pub(super) struct JwtTokens {
    options: Arc<JwtOptions>,
    validation: Validation,
    /// By digest, so that no token lies in memory and a long one takes no more than a short one.
    good: Cache<[u8; 32], Arc<Good>>,
}

/// What a token says, beyond doubt.
#[derive(Debug, PartialEq)]
pub(super) struct Good {
    pub(super) user: Arc<str>,
    /// The revision of users and permissions for which it was made.
    pub(super) revision: u64,
    expires: Option<f64>,
    begins: Option<f64>,
}

/// The claims of etcd's tokens, as they are made. Times are seconds since 1970.
#[derive(Serialize)]
struct Made<'a> {
    username: &'a str,
    revision: u64,
    exp: u64,
}

/// The claims of anybody's tokens, as they are read: JSON has one kind of number.
#[derive(Deserialize)]
struct Claims {
    username: String,
    revision: f64,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl JwtTokens {
    pub(super) fn new(options: Arc<JwtOptions>) -> Self {
        let mut validation = Validation::new(options.keys.method);
        // As etcd does: a token may be for whom it wants, and need not end. Times are looked at each time, not only at first.
        validation.validate_aud = false;
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self { options, validation, good: Cache::new(REMEMBERED) }
    }

    /// A token for `user`, or `None` if there is no key to sign with. With some keys it takes a millisecond.
    pub(super) fn issue(&self, user: &str, revision: u64) -> Option<String> {
        let claims = Made { username: user, revision, exp: (now() + self.options.ttl).as_secs() };
        let header = Header::new(self.options.keys.method);
        jsonwebtoken::encode(&header, &claims, self.options.keys.sign.as_ref()?).ok()
    }

    /// What `token` says, if it is good now.
    pub(super) fn verify(&self, token: &str) -> Option<Arc<Good>> {
        let digest = Sha256::digest(token).into();
        let good = match self.good.get(&digest) {
            Some(good) => good,
            None => {
                let good = Arc::new(self.verify_signature(token)?);
                self.good.insert(digest, Arc::clone(&good));
                good
            }
        };
        good.is_valid_at(now().as_secs_f64()).then_some(good)
    }

    fn verify_signature(&self, token: &str) -> Option<Good> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.options.keys.verify, &self.validation).ok()?.claims;
        Some(Good {
            user: claims.username.into(),
            revision: claims.revision as u64,
            expires: claims.exp,
            begins: claims.nbf,
        })
    }
}

impl Good {
    fn is_valid_at(&self, now: f64) -> bool {
        self.expires.is_none_or(|end| now < end) && self.begins.is_none_or(|begin| now >= begin)
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
