//! The durable state, for everybody to read.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::caller::Access;
use super::check::Check;
use super::error::AuthError;
use super::state::AuthState;

/// The state that readers are checked by. Looking whether authentication is on takes no lock.
#[derive(Debug)]
pub(crate) struct Published {
    state: ArcSwap<AuthState>,
    changes: watch::Sender<Arc<AuthState>>,
}

/// What a read was allowed by. Once it has read, it has to be asked whether that still holds.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub(crate) struct Permit {
    auth_revision: Option<u64>,
}

impl Default for Published {
    fn default() -> Self {
        let state = Arc::new(AuthState::default());
        Self { state: ArcSwap::new(Arc::clone(&state)), changes: watch::Sender::new(state) }
    }
}

impl Published {
    /// Lets everybody see `state`.
    pub(crate) fn publish(&self, state: Arc<AuthState>) {
        self.state.store(Arc::clone(&state));
        self.changes.send_replace(state);
    }

    pub(crate) fn state(&self) -> Arc<AuthState> {
        self.state.load_full()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<Arc<AuthState>> {
        self.changes.subscribe()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.state.load().is_enabled()
    }

    /// Asks `ask` whether what comes by `access` is allowed, if it is to be checked.
    pub(crate) fn check(
        &self,
        access: &Access,
        ask: impl FnOnce(Check<'_>) -> Result<(), AuthError>,
    ) -> Result<Permit, AuthError> {
        if matches!(access, Access::Trusted) {
            return Ok(Permit::default());
        }
        let state = self.state.load();
        let Some(check) = state.check(access) else { return Ok(Permit::default()) };
        let auth_revision = check.caller_revision();
        ask(check).map(|()| Permit { auth_revision })
    }

    /// Fails if anything that a read was allowed by has changed since: what it read may be newer than that.
    pub(crate) fn confirm(&self, permit: Permit) -> Result<(), AuthError> {
        match permit.auth_revision {
            Some(revision) if revision != self.state.load().revision() => Err(AuthError::OldRevision),
            _ => Ok(()),
        }
    }
}
