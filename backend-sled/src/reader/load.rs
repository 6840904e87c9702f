//! What the engine keeps in memory, streamed at start.

use bytes::Bytes;
use sled::Tree;
use storage_core::backend::{Bounds, LoadBatch};
use storage_core::commit::decode_metas;
use tokio::sync::mpsc;

use super::scan::place;
use crate::failure::{Failure, Result};
use crate::record::{self, Records};
use crate::schema::{self, Kind, OTHER_BYTES};

/// Entries sent at once.
const BATCH: usize = 4096;

/// The control records at the end of the log, which the writer alone can tell.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) end: Bounds,
    pub(crate) controls: Vec<(Bytes, Bytes)>,
}

/// Streams every version up to the picture's end, and its control records; answers how many bytes the records are. Nobody
/// may compact meanwhile.
pub(crate) fn load(tree: &Tree, picture: Picture, sink: &mpsc::Sender<LoadBatch>) -> Result<u64> {
    let mut bytes = versions(tree, picture.end, sink)?;
    bytes += picture.controls.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum::<u64>();
    let mut controls = picture.controls.into_iter().peekable();
    while controls.peek().is_some() {
        send(sink, LoadBatch::Controls(controls.by_ref().take(BATCH).collect()))?;
    }
    Ok(bytes)
}

fn versions(tree: &Tree, end: Bounds, sink: &mpsc::Sender<LoadBatch>) -> Result<u64> {
    let mut bytes = 0;
    let mut batch = Vec::with_capacity(BATCH);
    let mut records = Records::new(tree, Kind::Keys.from(0));
    while let Some(head) = records.next()? {
        let (position, revision) = place(Kind::Keys, &head)?;
        if position > end.position {
            break;
        }
        let stored = records.whole(&head)?;
        bytes += stored.len() as u64;
        decode_metas(revision, &stored[OTHER_BYTES..], |key, meta, _| batch.push((key.into(), meta)))?;
        if batch.len() >= BATCH {
            send(sink, LoadBatch::Versions(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))))?;
        }
    }
    send(sink, LoadBatch::Versions(batch))?;
    Ok(bytes)
}

fn send(sink: &mpsc::Sender<LoadBatch>, batch: LoadBatch) -> Result<()> {
    sink.blocking_send(batch).map_err(|_| Failure::GaveUp)
}

/// All control records.
pub(crate) fn controls(tree: &Tree) -> Result<Vec<(Bytes, Bytes)>> {
    let mut found = Vec::new();
    let mut records = Records::new(tree, schema::controls());
    while let Some(head) = records.next()? {
        let key = schema::control_key(head.record()).ok_or(Failure::Malformed)?;
        found.push((Bytes::copy_from_slice(key), records.whole(&head)?));
    }
    Ok(found)
}

/// Where the log ends: the last record of either kind.
pub(crate) fn bounds(tree: &Tree) -> Result<Bounds> {
    let mut end = Bounds::default();
    for kind in [Kind::Keys, Kind::Controls] {
        if let Some(head) = record::last(tree, kind.from(0))? {
            let (position, revision) = place(kind, &head)?;
            end.position = end.position.max(position);
            end.revision = end.revision.max(revision);
        }
    }
    Ok(end)
}
