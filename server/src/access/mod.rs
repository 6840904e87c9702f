//! Who sends a request: passwords, tokens, and the names in certificates. What that allows is the engine's business.

mod client;
mod jwt;
mod options;
mod passwords;
mod secret;
mod sender;
mod signed;
mod simple;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use http::HeaderValue;
use storage_core::Store;
use storage_core::auth::{AuthState, Caller, PasswordHash};
use tonic::Status;

pub(crate) use self::client::{Client, Lasting, Shown, note_common_name};
pub use self::jwt::JwtKeyError;
pub use self::options::{AuthOptions, AuthToken, AuthTokenError, BCRYPT_COSTS, JwtOptions};
pub(crate) use self::passwords::PasswordError;
use self::passwords::Passwords;
pub(crate) use self::secret::Password;
pub(crate) use self::sender::Sender;
use self::tokens::Tokens;
use crate::status;

/// Knows who sends requests.
pub(crate) struct Access {
    store: Store,
    tokens: Tokens,
    passwords: Passwords,
}

impl Access {
    pub(crate) fn new(store: Store, options: &AuthOptions) -> Self {
        Self { store, tokens: Tokens::new(options), passwords: Passwords::new(options.bcrypt_cost) }
    }

    /// Whether a request has to wait for [`Access::catch_up`]: another server has given its token, and may know of users that are not
    /// known here yet.
    pub(crate) fn is_behind(&self, request: &impl Shown) -> bool {
        request.token().and_then(bare).is_some_and(|token| self.tokens.is_ahead(token, &self.store))
    }

    /// Learns of all that any server has told anybody to be done.
    ///
    /// # Errors
    /// If the storage is out of reach.
    pub(crate) async fn catch_up(&self) -> Result<(), Status> {
        self.store.linearize().await.map_err(status::of)
    }

    /// The store without checks: for the server's own tasks, and for what is everybody's.
    pub(crate) fn unchecked(&self) -> &Store {
        &self.store
    }

    /// The store as the sender of a request may see it.
    ///
    /// # Errors
    /// If its token is not good.
    pub(crate) fn store_for(&self, request: &impl Shown) -> Result<Store, Status> {
        self.store_of(|| request.token(), || request.common_name())
    }

    /// Who sends a request, for one that is evaluated later on.
    ///
    /// # Errors
    /// If its token is not good.
    pub(crate) fn sender(self: &Arc<Self>, request: &impl Shown) -> Result<Sender, Status> {
        Sender::new(self, request)
    }

    /// As [`Access::store_for`] with the newest users and roles, whichever server changed them.
    ///
    /// # Errors
    /// As [`Access::store_for`], or if the storage is out of reach.
    pub(crate) async fn newest_store_for(&self, request: &impl Shown) -> Result<Store, Status> {
        self.catch_up().await?;
        self.store_for(request)
    }

    /// As [`Access::store_for`], for a call that takes a while.
    ///
    /// # Errors
    /// If its token is not good, or of an old auth revision.
    pub(crate) fn lasting_store_for(&self, request: &impl Shown) -> Result<Lasting, Status> {
        Lasting::new(self.store_for(request)?).map_err(status::of_auth)
    }

    fn store_of<'a>(
        &self,
        token: impl FnOnce() -> Option<&'a HeaderValue>,
        common_name: impl FnOnce() -> Option<&'a Arc<str>>,
    ) -> Result<Store, Status> {
        if !self.store.auth_enabled() {
            return Ok(self.store.for_client(None));
        }
        let state = self.store.auth();
        let caller = match token() {
            Some(token) => Some(self.caller(token, &state).ok_or_else(status::invalid_auth_token)?),
            None => common_name().map(|name| Caller { user: Arc::clone(name), auth_revision: state.revision() }),
        };
        Ok(self.store.for_client(caller))
    }

    fn caller(&self, token: &HeaderValue, state: &AuthState) -> Option<Caller> {
        self.tokens.caller(bare(token)?, state, &self.store)
    }

    /// A token for the user `name`, whose password this has to be.
    ///
    /// # Errors
    /// If authentication is off, there is no such user or it has another password or none, which nobody is told, or if
    /// there is no key to sign tokens with.
    pub(crate) async fn authenticate(&self, name: &str, password: Password) -> Result<String, Status> {
        self.catch_up().await?;
        let mut state = self.enabled()?;
        loop {
            let user = state.user(name);
            if user.is_some_and(|user| user.password_hash().is_none()) {
                return Err(status::password_for_no_password_user());
            }
            let stored = user.and_then(|user| user.password_hash()).cloned();
            let hash = stored.as_ref().map(PasswordHash::as_bytes);
            if !self.passwords.verify(name, hash, password.clone()).await.map_err(status::of_password)? {
                tracing::info!("a user could not be authenticated");
                return Err(status::authentication_failed());
            }
            // It took a while. The password must still be the user's.
            let now = self.enabled()?;
            let still = now.user(name).and_then(|user| user.password_hash());
            if let Some(password) = stored.filter(|stored| still == Some(stored)) {
                let token = self.tokens.issue(name.into(), password, &now, &self.store).await;
                return token.ok_or_else(status::verify_only);
            }
            state = now;
        }
    }

    fn enabled(&self) -> Result<Arc<AuthState>, Status> {
        let state = self.store.auth();
        if state.is_enabled() { Ok(state) } else { Err(status::auth_not_enabled()) }
    }

    /// The hash of a new password, to be stored.
    ///
    /// # Errors
    /// If it is too long, or too many are being hashed.
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, Status> {
        self.passwords.hash(password).await.map(PasswordHash::new).map_err(status::of_password)
    }
}

/// The token in a header, whose form may be that of OAuth.
fn bare(header: &HeaderValue) -> Option<&str> {
    let token = header.to_str().ok()?;
    Some(token.strip_prefix("Bearer ").unwrap_or(token))
}
