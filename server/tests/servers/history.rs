//! What clients did, and what came of it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use etcd_client::KeyValue;

/// What a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Writes a value that no other write has.
    Put(String),
    Delete,
}

/// What a client knows of its write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done at this revision.
    Acknowledged(i64),
    /// Not done.
    Refused,
    /// Done or not.
    Unknown,
}

/// A write under the condition that its key is at a revision; 0 if it must not exist.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) server: usize,
    pub(crate) key: String,
    pub(crate) expected: i64,
    pub(crate) change: Change,
    pub(crate) outcome: Outcome,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
}

/// A linearizable read of one key that was answered.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "a failure shows all of it")]
pub(crate) struct Read {
    pub(crate) server: usize,
    pub(crate) key: String,
    /// The store's revision.
    pub(crate) revision: i64,
    pub(crate) found: Option<Version>,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
}

/// A key's value, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) create_revision: i64,
    pub(crate) mod_revision: i64,
    pub(crate) version: i64,
    pub(crate) value: String,
}

impl Version {
    pub(crate) fn of(kv: &KeyValue) -> Self {
        Self {
            create_revision: kv.create_revision(),
            mod_revision: kv.mod_revision(),
            version: kv.version(),
            value: String::from_utf8_lossy(kv.value()).into_owned(),
        }
    }
}

/// One event as a watcher sees it; without a version for a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) revision: i64,
    pub(crate) key: String,
    pub(crate) put: Option<Version>,
    pub(crate) prev: Option<Version>,
}

/// Where clients write down what they did.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) writes: Arc<Mutex<Vec<Write>>>,
    pub(crate) reads: Arc<Mutex<Vec<Read>>>,
}

impl History {
    pub(crate) fn wrote(&self, write: Write) {
        self.writes.lock().unwrap().push(write);
    }

    pub(crate) fn read(&self, read: Read) {
        self.reads.lock().unwrap().push(read);
    }

    /// How many writes were acknowledged so far, by each server.
    pub(crate) fn acknowledged(&self, server: usize) -> usize {
        let writes = self.writes.lock().unwrap();
        writes.iter().filter(|w| w.server == server && matches!(w.outcome, Outcome::Acknowledged(_))).count()
    }
}
