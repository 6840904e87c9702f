//! What the log must hold: a function of a seed, so that the process that writes and the one that checks need not talk.

use std::collections::BTreeMap;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage_core::commit::{Commit, ControlChange, Mutation};
use storage_core::{CommitId, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};

/// The commits of a log, one after the other from the first.
#[derive(Debug)]
pub(super) struct Story {
    seed: u64,
    /// All commits so far.
    pub(super) commits: Vec<Commit>,
}

/// Whether compaction removes the versions of a revision, once it is compacted.
pub(super) fn dies(revision: Revision) -> bool {
    revision.0 % 4 == 1
}

impl Story {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, commits: Vec::new() }
    }

    /// Goes on until the log ends at `position`.
    pub(super) fn tell_to(&mut self, position: Position) {
        while self.position() < position {
            let commit = self.next();
            self.commits.push(commit);
        }
    }

    pub(super) fn position(&self) -> Position {
        Position(self.commits.len() as u64)
    }

    pub(super) fn revision(&self) -> Revision {
        self.commits.last().map_or(Revision::FIRST, |commit| commit.revision)
    }

    /// The control records at the end of the log.
    pub(super) fn controls(&self) -> BTreeMap<Bytes, Bytes> {
        let mut records = BTreeMap::new();
        for change in self.commits.iter().flat_map(|commit| &commit.controls) {
            match &change.value {
                Some(value) => records.insert(change.key.clone(), value.clone()),
                None => records.remove(&change.key),
            };
        }
        records
    }

    fn next(&self) -> Commit {
        let position = self.position().next();
        let mut random = StdRng::seed_from_u64(self.seed ^ position.0.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mutations = if random.random_ratio(1, 7) { 0 } else { random.random_range(1..=4) };
        let revision = if mutations == 0 { self.revision() } else { self.revision().next() };
        Commit {
            position,
            revision,
            id: CommitId(random.random()),
            mutations: (0..mutations).map(|sub| mutation(&mut random, VersionId { revision, sub: Sub(sub) })).collect(),
            controls: (0..random.random_range(0..3)).map(|_| control(&mut random, position)).collect(),
        }
    }
}

fn mutation(random: &mut StdRng, id: VersionId) -> Mutation {
    let key = format!("key {}", random.random_range(0..50));
    if random.random_ratio(1, 10) {
        return Mutation { key: key.as_bytes().into(), meta: VersionMeta::tombstone(id), value: Bytes::new() };
    }
    let longest = if random.random_ratio(1, 400) { 300_000 } else { 2000 };
    let mut value = vec![random.random::<u8>(); random.random_range(0..longest)];
    // Tells the same bytes of one revision from those of another.
    value.extend(id.revision.0.to_le_bytes());
    let meta = VersionMeta::put(id, id.revision, 1, LeaseId(random.random()), value.len());
    Mutation { key: key.as_bytes().into(), meta, value: value.into() }
}

fn control(random: &mut StdRng, position: Position) -> ControlChange {
    let key = format!("record {}", random.random_range(0..20));
    let value = random.random_ratio(2, 3).then(|| Bytes::from(position.to_string()));
    ControlChange { key: key.into(), value }
}
