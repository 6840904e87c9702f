use std::sync::Arc;

use storage_core::auth::AuthError;
use storage_core::{Store, StoreError};
use tonic::Status;

use super::{Access, Client, Shown};
use crate::status;

/// How often a request is asked at most, where users or permissions change under it each time.
const MAX_TRIES: usize = 4;

/// Who sends a request, known by the users that there were when it came.
pub(crate) struct Sender {
    store: Store,
    /// Who is to be recognised anew. Where authentication is off this is nobody, unless another server may have turned it on: then what
    /// the request shows may count by the time that it is evaluated.
    client: Option<Client>,
}

impl Sender {
    pub(super) fn new(access: &Arc<Access>, shown: &impl Shown) -> Result<Self, Status> {
        let store = access.store_for(shown)?;
        let says_who = || shown.token().is_some() || shown.common_name().is_some();
        let is_known = store.caller().is_some() || store.is_shared() && says_who();
        let client = is_known.then(|| Client::new(access, shown));
        Ok(Self { store, client })
    }

    /// The store as it may be seen by the sender.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The same by the newest users and permissions, whichever server changed them.
    ///
    /// # Errors
    /// If the sender's token is not good any more, or the storage is out of reach.
    pub(crate) async fn newest_store(&self) -> Result<Store, Status> {
        let Some(client) = &self.client else { return Ok(self.store.clone()) };
        self.store.linearize().await.map_err(status::of)?;
        client.store()
    }

    /// Does what `request` says. Where users and permissions have changed by the time that it is evaluated, as they may have on another
    /// server, nothing was done: the sender is recognised by the new ones, and it is asked again. A token that names its own auth
    /// revision is as old as before, and refused.
    pub(crate) async fn ask<R, T, F>(&self, request: R, ask: impl Fn(Store, R) -> F) -> Result<T, Status>
    where
        R: Clone,
        F: Future<Output = Result<T, StoreError>>,
    {
        let Some(client) = &self.client else {
            return ask(self.store.clone(), request).await.map_err(status::of);
        };
        let mut store = self.store.clone();
        for _ in 1..MAX_TRIES {
            let known = store.caller().cloned();
            let refusal = match ask(store, request.clone()).await {
                Err(StoreError::Auth(refusal @ (AuthError::OldRevision | AuthError::UserEmpty))) => refusal,
                done => return done.map_err(status::of),
            };
            store = client.store()?;
            if store.caller() == known.as_ref() {
                return Err(status::of_auth(refusal));
            }
        }
        ask(store, request).await.map_err(status::of)
    }
}
