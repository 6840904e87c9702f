//! Building logs to append.

use bytes::Bytes;
use storage_core::backend::AppendOutcome;
use storage_core::commit::{Commit, ControlChange, Group, Mutation};
use storage_core::{Backend, CommitId, Key, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};

/// A log as it should be: builds commits at its end, and remembers all of them.
#[derive(Clone, Debug)]
pub struct History {
    /// Every commit since the log was empty, whether it was appended yet or not.
    pub commits: Vec<Commit>,
    appended: usize,
    position: Position,
    revision: Revision,
}

impl Default for History {
    fn default() -> Self {
        Self { commits: Vec::new(), appended: 0, position: Position(0), revision: Revision::FIRST }
    }
}

impl History {
    /// Where the log ends.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The revision at its end.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Adds a commit: puts of keys with values, deletions of keys without, and control changes.
    pub fn commit(&mut self, changes: &[(&str, Option<&[u8]>)], controls: &[(&str, Option<&str>)]) -> &mut Self {
        if !changes.is_empty() {
            self.revision = self.revision.next();
        }
        self.position = self.position.next();
        let mutation = |(sub, (key, value)): (usize, &(&str, Option<&[u8]>))| mutation(self.revision, sub, key, *value);
        let commit = Commit {
            position: self.position,
            revision: self.revision,
            id: CommitId(u128::from(self.position.0) << 64 | 0xa5a5),
            mutations: changes.iter().enumerate().map(mutation).collect(),
            controls: controls.iter().map(|(key, value)| control(key, *value)).collect(),
        };
        self.commits.push(commit);
        self
    }

    /// Leaves so many revisions out, as a restored history does.
    pub fn skip(&mut self, revisions: i64) -> &mut Self {
        self.revision.0 += revisions;
        self
    }

    /// Adds a commit of one put.
    pub fn put(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.commit(&[(key, Some(value))], &[])
    }

    /// Adds a commit of one deletion.
    pub fn delete(&mut self, key: &str) -> &mut Self {
        self.commit(&[(key, None)], &[])
    }

    /// Adds a commit that changes no key.
    pub fn control(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        self.commit(&[], &[(key, value)])
    }

    /// What was added since the last call.
    pub fn group(&mut self) -> Group {
        let group = self.commits[self.appended..].into();
        self.appended = self.commits.len();
        group
    }

    /// Appends what was added since the last call.
    ///
    /// # Panics
    /// If the backend does not take it.
    pub async fn append(&mut self, backend: &dyn Backend) {
        let group = self.group();
        let expected = Position(group[0].position.0 - 1);
        let outcome = backend.append(expected, group).await.expect("the append succeeds");
        assert_eq!(outcome, AppendOutcome::Appended);
    }

    /// A bit of everything: creates, updates, deletions, transactions, empty values, control changes of all kinds.
    #[must_use]
    pub fn varied() -> Self {
        let mut history = Self::default();
        history
            .control("identity", Some("1"))
            .put("a", b"first")
            .put("b", b"")
            .commit(&[("a", Some(b"second")), ("c", Some(b"new")), ("b", None)], &[("lease/1", Some("ttl"))])
            .control("lease/1", None)
            .control("lease/2", Some(""))
            .delete("a")
            .commit(&[("d", Some(&[0xff; 3000]))], &[("alarm", Some("x")), ("alarm", None)])
            .put("a", b"again")
            .control("compacted", Some("3"));
        history
    }

    /// Every version that it holds, without values, in order.
    #[must_use]
    pub fn versions(&self) -> Vec<(Key, VersionMeta)> {
        self.mutations().map(|m| (m.key.clone(), m.meta)).collect()
    }

    /// Every mutation in order.
    pub fn mutations(&self) -> impl Iterator<Item = &Mutation> {
        self.commits.iter().flat_map(|commit| &commit.mutations)
    }
}

/// Metadata with something in every field, so that a field that gets lost is missed.
fn mutation(revision: Revision, sub: usize, key: &str, value: Option<&[u8]>) -> Mutation {
    let id = VersionId { revision, sub: Sub(u32::try_from(sub).expect("few")) };
    let meta = match value {
        None => VersionMeta::tombstone(id),
        Some(value) => {
            let create = Revision(revision.0 - revision.0 % 3);
            VersionMeta::put(id, create, revision.0 % 3 + 1, LeaseId(revision.0 % 2 * -7), value.len())
        }
    };
    Mutation { key: key.as_bytes().into(), meta, value: value.map_or_else(Bytes::new, Bytes::copy_from_slice) }
}

fn control(key: &str, value: Option<&str>) -> ControlChange {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    ControlChange { key: bytes(key), value: value.map(bytes) }
}
