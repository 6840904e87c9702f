//! The records of a group.

use std::collections::BTreeMap;

use sled::{Batch, Tree};
use storage_core::commit::{Commit, encode_commit};

use crate::failure::Result;
use crate::record;
use crate::schema::{self, Kind, commit_value};

/// The group as one batch, and how many bytes the commits are.
pub(super) fn batch(tree: &Tree, group: &[Commit]) -> Result<(Batch, u64)> {
    let mut batch = Batch::default();
    let mut bytes = 0;
    for commit in group {
        let encoded = encode_commit(commit);
        let revision = schema::of_revision(commit.revision);
        let (record, value) = if commit.mutations.is_empty() {
            (Kind::Controls.record(commit.position.0), commit_value(revision, &encoded))
        } else {
            (Kind::Keys.record(revision), commit_value(commit.position.0, &encoded))
        };
        bytes += value.len() as u64;
        record::put(&mut batch, &record, &value);
    }
    // Of several changes of a record the last one counts.
    let changes = group.iter().flat_map(|commit| &commit.controls).map(|change| (&change.key, &change.value));
    for (key, value) in changes.collect::<BTreeMap<_, _>>() {
        change(tree, &mut batch, key, value.as_deref())?;
    }
    Ok((batch, bytes))
}

fn change(tree: &Tree, batch: &mut Batch, key: &[u8], value: Option<&[u8]>) -> Result<()> {
    let record = schema::control(key);
    let before = record::len(tree, &record)?.unwrap_or_default();
    match value {
        Some(value) => record::replace(batch, &record, before, value),
        None => record::remove(batch, &record, before),
    }
    Ok(())
}
