//! What the backend's tasks and callers know together.

use std::ops::RangeInclusive;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use storage_core::backend::{BackendError, Bounds};
use storage_core::{Position, Size};
use tokio::sync::watch;

use crate::clock::Reading;
use crate::tell::Telling;

/// The state that is read without asking the database.
#[derive(Debug)]
pub(crate) struct Shared {
    tip: watch::Sender<Position>,
    /// What others know of this server's commits.
    pub(crate) telling: Telling,
    /// The latest place in the log whose revision is known.
    known: Mutex<Bounds>,
    bytes: AtomicI64,
    clock: Mutex<Option<Reading>>,
    leads_until: Mutex<Option<Instant>>,
    /// Why nothing is written any more.
    poison: OnceLock<String>,
    /// Whether the log has lost what was read of it.
    lost: AtomicBool,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            tip: watch::Sender::new(Position(0)),
            telling: Telling::new(),
            known: Mutex::default(),
            bytes: AtomicI64::new(0),
            clock: Mutex::default(),
            leads_until: Mutex::default(),
            poison: OnceLock::new(),
            lost: AtomicBool::new(false),
        }
    }

    /// Everything up to `position` is durable. It may be old news.
    pub(crate) fn reached(&self, position: Position) {
        self.tip.send_if_modified(|tip| {
            let is_news = *tip < position;
            *tip = position.max(*tip);
            is_news
        });
    }

    /// The log ended at `end` when it was asked after it had reached `known`. It never gets shorter, unless the database was restored or failed
    /// over to a standby that did not have all of it: then nothing that this server knows can be relied on.
    pub(crate) fn found(&self, known: Position, end: Position) -> Result<(), BackendError> {
        if end < known {
            self.lost.store(true, Ordering::Relaxed);
            self.poison(&lost());
        }
        self.check_lost()?;
        self.reached(end);
        Ok(())
    }

    pub(crate) fn known(&self) -> Position {
        *self.tip.borrow()
    }

    pub(crate) fn check_lost(&self) -> Result<(), BackendError> {
        if self.lost.load(Ordering::Relaxed) { Err(lost()) } else { Ok(()) }
    }

    pub(crate) fn tip(&self) -> watch::Receiver<Position> {
        self.tip.subscribe()
    }

    /// The store has read or written the log up to `place`.
    pub(crate) fn has_come_to(&self, place: Bounds) {
        let mut known = self.known.lock();
        if known.position < place.position {
            *known = place;
        }
    }

    /// How far the store has read or written the log.
    pub(crate) fn has_come(&self) -> Bounds {
        *self.known.lock()
    }

    /// By the last measurement, corrected by what was written and removed since. All of it is in use: PostgreSQL uses free space
    /// again by itself.
    pub(crate) fn size(&self) -> Size {
        let bytes = u64::try_from(self.bytes.load(Ordering::Relaxed)).unwrap_or(0);
        Size { allocated: bytes, in_use: bytes }
    }

    pub(crate) fn measured(&self, bytes: i64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// What was written since the last measurement, less what was removed.
    pub(crate) fn grew(&self, bytes: i64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The database's clock was read.
    pub(crate) fn set_clock(&self, reading: Reading) {
        let mut clock = self.clock.lock();
        *clock = Some(clock.as_ref().map_or(reading, |before| reading.and(before)));
    }

    /// Between which two times the database's clock is.
    pub(crate) fn clock(&self) -> Option<RangeInclusive<Duration>> {
        self.clock.lock().as_ref().map(Reading::now)
    }

    /// This server leads until then, unless it is heard of again before.
    pub(crate) fn set_leads_until(&self, until: Option<Instant>) {
        *self.leads_until.lock() = until;
    }

    pub(crate) fn leads(&self) -> bool {
        self.leads_until.lock().is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn poison(&self, why: &BackendError) {
        if let BackendError::Fatal(_) = why {
            let why = self.poison.get_or_init(|| why.to_string());
            tracing::error!(why, "the database takes no more writes until it is opened again");
        }
    }

    pub(crate) fn check_poison(&self) -> Result<(), BackendError> {
        match self.poison.get() {
            None => Ok(()),
            Some(why) => Err(BackendError::fatal(format!("{why}; restart to try again"))),
        }
    }
}

fn lost() -> BackendError {
    BackendError::fatal(
        "the database has lost commits that this server has seen: it was restored, or failed over to a standby without them",
    )
}
