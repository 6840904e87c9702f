//! What the writer lets everybody know.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::response::Alarm;
use crate::types::Position;

/// The part of the store's state that is neither keys nor watches.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    position: AtomicU64,
    failed: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    alarms: Vec<Alarm>,
    failure: Option<String>,
}

impl Shared {
    pub(crate) fn published(&self, position: Position, alarms: impl Iterator<Item = Alarm>) {
        self.position.store(position.0, Ordering::Release);
        let mut notes = self.notes.lock();
        notes.alarms.clear();
        notes.alarms.extend(alarms);
    }

    pub(crate) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    pub(crate) fn alarms(&self) -> Vec<Alarm> {
        self.notes.lock().alarms.clone()
    }

    /// Why writes are failing, if they are.
    pub(crate) fn failure(&self) -> Option<String> {
        if self.failed.load(Ordering::Acquire) { self.notes.lock().failure.clone() } else { None }
    }

    pub(crate) fn fail(&self, reason: String) {
        self.notes.lock().failure = Some(reason);
        self.failed.store(true, Ordering::Release);
    }

    pub(crate) fn clear_failure(&self) {
        if self.failed.swap(false, Ordering::AcqRel) {
            self.notes.lock().failure = None;
            tracing::info!("the storage takes writes again");
        }
    }
}
