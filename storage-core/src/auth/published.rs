//! The durable state, for everybody to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::caller::Access;
use super::check::Check;
use super::error::AuthError;
use super::state::AuthState;

/// The state that readers are checked by. While authentication is off that costs each read two looks at a flag.
#[derive(Debug)]
pub(crate) struct Published {
    /// What `state` says.
    enabled: AtomicBool,
    state: ArcSwap<AuthState>,
    changes: watch::Sender<Arc<AuthState>>,
}

/// What a read was allowed by. Once it has read, it has to be asked whether that still holds.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) enum Permit {
    /// It is not checked.
    Trusted,
    /// Authentication is off.
    Off,
    /// The caller may, by this auth revision of its; 0 for nobody, who may read nothing.
    Granted(u64),
}

impl Default for Published {
    fn default() -> Self {
        let state = Arc::new(AuthState::default());
        let enabled = AtomicBool::new(state.is_enabled());
        Self { enabled, state: ArcSwap::new(Arc::clone(&state)), changes: watch::Sender::new(state) }
    }
}

impl Published {
    /// Lets everybody see `state`, if it is another one.
    pub(crate) fn publish(&self, state: Arc<AuthState>) {
        if Arc::ptr_eq(&self.state.load(), &state) {
            return;
        }
        self.state.store(Arc::clone(&state));
        self.enabled.store(state.is_enabled(), Ordering::Release);
        self.changes.send_replace(state);
    }

    pub(crate) fn state(&self) -> Arc<AuthState> {
        self.state.load_full()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<Arc<AuthState>> {
        self.changes.subscribe()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    /// Asks `ask` whether what comes by `access` is allowed, if it is to be checked.
    pub(crate) fn check(
        &self,
        access: &Access,
        ask: impl FnOnce(Check<'_>) -> Result<(), AuthError>,
    ) -> Result<Permit, AuthError> {
        if matches!(access, Access::Trusted) {
            return Ok(Permit::Trusted);
        }
        if !self.is_enabled() {
            return Ok(Permit::Off);
        }
        let state = self.state.load();
        let Some(check) = state.check(access) else { return Ok(Permit::Off) };
        ask(check)?;
        Ok(Permit::Granted(check.caller_revision()))
    }

    /// Fails if anything that a read was allowed by has changed since: what it read may be newer than that.
    pub(crate) fn confirm(&self, permit: Permit) -> Result<(), AuthError> {
        let still = match permit {
            Permit::Trusted => true,
            Permit::Off => !self.is_enabled(),
            Permit::Granted(revision) => revision == 0 || revision == self.state.load().revision(),
        };
        if still { Ok(()) } else { Err(AuthError::OldRevision) }
    }
}
