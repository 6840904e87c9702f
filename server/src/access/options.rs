use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::jwt::{JwtKeyError, JwtKeys};
use crate::config::duration;

/// How users prove who they are. The default is etcd's.
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// What Authenticate gives out.
    pub token: AuthToken,
    /// How long a simple token lives after its last use.
    pub simple_token_ttl: Duration,
    /// The work of a new password's hash: one more is twice as much. Within [`BCRYPT_COSTS`].
    pub bcrypt_cost: u32,
}

/// What [`AuthOptions::bcrypt_cost`] may be.
pub const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=31;

impl Default for AuthOptions {
    fn default() -> Self {
        Self { token: AuthToken::Simple, simple_token_ttl: Duration::from_secs(300), bcrypt_cost: 10 }
    }
}

/// A kind of token. Read from text it is written as etcd's flag `--auth-token` is: `simple`, or
/// `jwt,sign-method=RS256,pub-key=FILE,priv-key=FILE,ttl=5m`.
#[derive(Clone, Debug, Default)]
pub enum AuthToken {
    /// Signed with a key in the storage, so that every server on it takes them, and remembered while they are used.
    #[default]
    Simple,
    /// JSON web tokens, which need no memory and say who the user is to everybody.
    Jwt(Arc<JwtOptions>),
}

/// How JSON web tokens are made and verified.
#[derive(Debug)]
pub struct JwtOptions {
    pub(super) keys: JwtKeys,
    /// How long a token lives.
    pub(super) ttl: Duration,
}

/// Why a kind of token cannot be had. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthTokenError {
    /// Neither simple nor jwt.
    #[error("unknown kind of token {0:?}: use simple, or jwt with its options")]
    Kind(String),
    /// An option without a value, or one that does not exist for this kind.
    #[error("{option:?} is no option of {kind} tokens: {known}")]
    Option {
        /// What was written.
        option: String,
        /// For which kind.
        kind: &'static str,
        /// What may be written.
        known: &'static str,
    },
    /// The same option more than once.
    #[error("{0} is given twice: give it once")]
    Twice(&'static str),
    /// A lifetime that is none.
    #[error("ttl={0}: give how long a token lives, such as ttl=5m")]
    Ttl(String),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] JwtKeyError),
}

impl FromStr for AuthToken {
    type Err = AuthTokenError;

    /// Reads the key files that `text` names.
    fn from_str(text: &str) -> Result<Self, AuthTokenError> {
        let mut parts = text.split(',');
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("simple", None) => Ok(Self::Simple),
            ("simple", Some(option)) => {
                Err(AuthTokenError::Option { option: option.to_owned(), kind: "simple", known: "they have none" })
            }
            ("jwt", first) => JwtSpec::parse(first.into_iter().chain(parts))?.load().map(Arc::new).map(Self::Jwt),
            (kind, _) => Err(AuthTokenError::Kind(kind.to_owned())),
        }
    }
}

/// The options of JSON web tokens, as they are written.
#[derive(Default)]
struct JwtSpec {
    method: Option<String>,
    public: Option<String>,
    private: Option<String>,
    ttl: Option<String>,
}

impl JwtSpec {
    fn parse<'a>(options: impl Iterator<Item = &'a str>) -> Result<Self, AuthTokenError> {
        let mut spec = Self::default();
        for option in options {
            let (name, place, value) = match option.split_once('=') {
                Some(("sign-method", value)) => ("sign-method", &mut spec.method, value),
                Some(("pub-key", value)) => ("pub-key", &mut spec.public, value),
                Some(("priv-key", value)) => ("priv-key", &mut spec.private, value),
                Some(("ttl", value)) => ("ttl", &mut spec.ttl, value),
                _ => {
                    const KNOWN: &str = "use sign-method=, pub-key=, priv-key= and ttl=";
                    return Err(AuthTokenError::Option { option: option.to_owned(), kind: "jwt", known: KNOWN });
                }
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(AuthTokenError::Twice(name));
            }
        }
        Ok(spec)
    }

    fn load(self) -> Result<JwtOptions, AuthTokenError> {
        const DEFAULT_TTL: Duration = Duration::from_secs(300);
        let ttl = match self.ttl {
            None => DEFAULT_TTL,
            Some(text) => match duration(&text) {
                Ok(ttl) if !ttl.is_zero() => ttl,
                _ => return Err(AuthTokenError::Ttl(text)),
            },
        };
        let path = |file: Option<String>| file.filter(|file| !file.is_empty()).map(PathBuf::from);
        let method = self.method.unwrap_or_default();
        let keys = JwtKeys::load(&method, path(self.public).as_deref(), path(self.private).as_deref())?;
        Ok(JwtOptions { keys, ttl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<AuthToken>().expect_err("it is refused").to_string()
    }

    #[test]
    fn simple_tokens_have_no_options() {
        assert!(matches!("simple".parse(), Ok(AuthToken::Simple)));
        assert_eq!(refusal("simple,ttl=5m"), "\"ttl=5m\" is no option of simple tokens: they have none");
    }

    #[test]
    fn a_refusal_says_what_to_write() {
        assert_eq!(refusal(""), "unknown kind of token \"\": use simple, or jwt with its options");
        assert_eq!(refusal("JWT"), "unknown kind of token \"JWT\": use simple, or jwt with its options");
        assert!(refusal("jwt,sign-method").ends_with("use sign-method=, pub-key=, priv-key= and ttl="));
        assert!(refusal("jwt,key=x").starts_with("\"key=x\" is no option of jwt tokens"));
        assert_eq!(refusal("jwt,ttl=1m,ttl=2m"), "ttl is given twice: give it once");
        assert_eq!(refusal("jwt,ttl=0s"), "ttl=0s: give how long a token lives, such as ttl=5m");
        assert_eq!(refusal("jwt,ttl=-5m"), "ttl=-5m: give how long a token lives, such as ttl=5m");
        assert!(refusal("jwt").starts_with("sign-method is missing"));
        assert!(refusal("jwt,sign-method=none").starts_with("unknown sign-method \"none\""));
        assert_eq!(refusal("jwt,sign-method=HS256"), "priv-key is missing: name the file of the shared secret");
    }
}
