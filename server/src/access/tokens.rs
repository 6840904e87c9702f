use std::sync::Arc;

use storage_core::Position;
use storage_core::auth::{AuthState, Caller};

use super::jwt::JwtTokens;
use super::options::{AuthOptions, AuthToken};
use super::simple::{Holder, SimpleTokens};

/// What Authenticate gives out and requests bring back, of the kind that was chosen.
pub(super) enum Tokens {
    Simple(SimpleTokens),
    Jwt(Arc<JwtTokens>),
}

impl Tokens {
    pub(super) fn new(options: &AuthOptions) -> Self {
        match &options.token {
            AuthToken::Simple => Self::Simple(SimpleTokens::new(options.simple_token_ttl)),
            AuthToken::Jwt(jwt) => Self::Jwt(Arc::new(JwtTokens::new(Arc::clone(jwt)))),
        }
    }

    /// A token for the holder of a right password, or `None` if there is no key to sign it with.
    pub(super) async fn issue(&self, holder: Holder, position: Position) -> Option<String> {
        match self {
            Self::Simple(tokens) => Some(tokens.issue(holder, position)),
            Self::Jwt(tokens) => {
                let tokens = Arc::clone(tokens);
                let issued = tokio::task::spawn_blocking(move || tokens.issue(&holder.user, holder.auth_revision));
                issued.await.ok()?
            }
        }
    }

    /// Whom `token` stands for.
    pub(super) fn caller(&self, token: &str, state: &AuthState) -> Option<Caller> {
        match self {
            Self::Simple(tokens) => {
                let Holder { user, password, auth_revision } = tokens.find(token)?;
                let is_same = state.user(&user)?.password_hash() == Some(&password);
                let is_good = is_same && auth_revision >= state.enabled_since();
                is_good.then(|| Caller { user, auth_revision: state.revision() })
            }
            Self::Jwt(tokens) => {
                let good = tokens.verify(token)?;
                Some(Caller { user: Arc::clone(&good.user), auth_revision: good.revision })
            }
        }
    }
}
