use std::sync::Arc;

use storage_core::Store;
use storage_core::auth::{AuthState, Caller, PasswordHash};

use super::jwt::JwtTokens;
use super::options::{AuthOptions, AuthToken};
use super::signed;
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

    /// A token for `user`, whose password is right by `state`, or `None` if there is no key to sign it with.
    pub(super) async fn issue(
        &self,
        user: Arc<str>,
        password: PasswordHash,
        state: &AuthState,
        store: &Store,
    ) -> Option<String> {
        match self {
            Self::Simple(tokens) => {
                let holder = Holder { user, password, key: state.token_key()?.clone() };
                Some(tokens.issue(holder, store.unix_time(), store.position()))
            }
            Self::Jwt(tokens) => {
                let (tokens, revision) = (Arc::clone(tokens), state.revision());
                let issued = tokio::task::spawn_blocking(move || tokens.issue(&user, revision));
                issued.await.ok()?
            }
        }
    }

    /// Whom `token` stands for.
    pub(super) fn caller(&self, token: &str, state: &AuthState, store: &Store) -> Option<Caller> {
        match self {
            Self::Simple(tokens) => {
                let user = tokens.find(token, state, || store.unix_time())?;
                Some(Caller { user, auth_revision: state.revision() })
            }
            Self::Jwt(tokens) => {
                let good = tokens.verify(token)?;
                Some(Caller { user: Arc::clone(&good.user), auth_revision: good.revision })
            }
        }
    }

    /// Whether `token` says that it was given by a server which had read more of the log.
    pub(super) fn is_ahead(&self, token: &str, store: &Store) -> bool {
        match self {
            Self::Simple(_) => signed::position(token).is_some_and(|position| position > store.position()),
            Self::Jwt(_) => false,
        }
    }
}
