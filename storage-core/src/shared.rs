//! What the writer lets everybody know.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::auth::Published;
use crate::cluster::ClusterState;
use crate::response::Alarm;
use crate::types::Position;

/// The part of the store's state that is neither keys nor watches.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) auth: Published,
    pub(crate) cluster: ArcSwap<ClusterState>,
    position: AtomicU64,
    /// The same, for those who wait for it.
    reached: watch::Sender<Position>,
    failed: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    alarms: Vec<Alarm>,
    failure: Option<String>,
}

impl Shared {
    /// Everything up to `position` is durable, and changed the alarms if there are any.
    pub(crate) fn published(&self, position: Position, alarms: Option<Vec<Alarm>>) {
        self.position.store(position.0, Ordering::Release);
        self.reached.send_replace(position);
        if let Some(alarms) = alarms {
            self.notes.lock().alarms = alarms;
        }
    }

    pub(crate) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// Waits until everything up to `position` is published.
    pub(crate) async fn reached(&self, position: Position) {
        let mut reached = self.reached.subscribe();
        reached.wait_for(|published| *published >= position).await.expect("its sender is in self");
    }

    pub(crate) fn alarms(&self) -> Vec<Alarm> {
        self.notes.lock().alarms.clone()
    }

    /// Why writes are failing, if they are.
    pub(crate) fn failure(&self) -> Option<String> {
        if self.failed.load(Ordering::Acquire) { self.notes.lock().failure.clone() } else { None }
    }

    /// Whether writes were not failing before.
    pub(crate) fn fail(&self, reason: String) -> bool {
        self.notes.lock().failure = Some(reason);
        !self.failed.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn clear_failure(&self) {
        if self.failed.swap(false, Ordering::AcqRel) {
            self.notes.lock().failure = None;
            tracing::info!("the storage takes writes again");
        }
    }
}
