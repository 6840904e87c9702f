//! Sending a snapshot.

use std::fs::File;
use std::io::{self, ErrorKind, Seek as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use proto::etcdserverpb::SnapshotResponse;
use sha2::{Digest as _, Sha256};
use storage_core::Store;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::save::{SaveError, SavedFile, save};
use super::schema::Origin;
use crate::status;

/// The parts of a file, and its sum.
pub(crate) type SnapshotStream = BoxStream<'static, Result<SnapshotResponse, Status>>;

/// Snapshots being written; more wait. Each reads everything.
const MAX_WRITTEN: usize = 2;
/// Snapshots in the making or being sent; more wait. Each holds a file as large as the data.
const MAX_FILES: usize = 16;
/// As in etcd.
const PART_BYTES: usize = 32 << 10;
/// Parts read at once.
const READ_BYTES: usize = 32 * PART_BYTES;
/// Parts that wait for the connection.
const QUEUED_PARTS: usize = 4;
/// A client that takes longer over [`READ_BYTES`] is cut off: its file takes space, and others may wait.
const MAX_STALL: Duration = Duration::from_secs(120);

/// Makes and sends snapshots.
///
/// Each is a file of its own first, so that the time during which a compaction cannot remove anything is that of writing the
/// file, whatever the client's speed.
#[derive(Debug)]
pub(crate) struct Snapshots {
    origin: Origin,
    directory: PathBuf,
    turns: Arc<Turns>,
}

/// Who waits for whom. A client that is slow to take its file keeps nobody from having one written.
#[derive(Debug)]
struct Turns {
    files: Semaphore,
    writing: Semaphore,
}

/// One of them.
struct Snapshot {
    store: Store,
    origin: Origin,
    directory: PathBuf,
    sink: mpsc::Sender<SnapshotResponse>,
}

impl Snapshots {
    /// Files are made in `directory`, which must have the space.
    pub(crate) fn new(origin: Origin, directory: PathBuf) -> Self {
        let turns = Turns { files: Semaphore::new(MAX_FILES), writing: Semaphore::new(MAX_WRITTEN) };
        Self { origin, directory, turns: Arc::new(turns) }
    }

    /// A snapshot of `store` as it is at the revision of when its turn comes.
    pub(crate) fn stream(&self, store: Store) -> SnapshotStream {
        let (sink, parts) = mpsc::channel(QUEUED_PARTS);
        let (end, ended) = oneshot::channel();
        let (turns, origin, directory) = (Arc::clone(&self.turns), self.origin.clone(), self.directory.clone());
        tokio::spawn(async move {
            let gone = sink.clone();
            let snapshot = Snapshot { store, origin, directory, sink };
            tokio::select! {
                // The last part may be on its way while nobody waits for a next one.
                biased;
                result = snapshot.run(&turns) => drop(end.send(result)),
                () = gone.closed() => tracing::info!("the client of a snapshot has gone"),
            }
        });
        let failure = stream::once(ended).filter_map(|end| {
            ready(match end {
                Ok(Ok(())) => None,
                Ok(Err(status)) => Some(Err(status)),
                Err(_) => Some(Err(Status::internal("etcdserver: the snapshot ended unexpectedly"))),
            })
        });
        ReceiverStream::new(parts).map(Ok).chain(failure).boxed()
    }
}

impl Snapshot {
    async fn run(self, turns: &Turns) -> Result<(), Status> {
        let _file = turns.files.acquire().await.map_err(|_| status::stopped())?;
        let writing = turns.writing.acquire().await.map_err(|_| status::stopped())?;
        let begun = Instant::now();
        let version = self.origin.storage_version();
        let export = self.store.export().await.map_err(status::of)?;
        let revision = export.state().revision;
        let saved = save(export, self.origin, &self.directory).await.map_err(failed)?;
        drop(writing);
        let bytes = saved.bytes;
        tracing::info!(revision = revision.0, bytes, took = ?begun.elapsed(), "a snapshot is written and being sent");
        send(saved, &version, &self.sink).await?;
        tracing::info!(revision = revision.0, bytes, took = ?begun.elapsed(), "a snapshot was sent");
        Ok(())
    }
}

async fn send(saved: SavedFile, version: &str, sink: &mpsc::Sender<SnapshotResponse>) -> Result<(), Status> {
    let SavedFile { mut file, bytes: mut remaining } = saved;
    file.rewind().map_err(|e| failed(e.into()))?;
    let mut sum = Sha256::new();
    while remaining > 0 {
        let size = usize::try_from(remaining).unwrap_or(usize::MAX).min(READ_BYTES);
        let read = spawn_blocking(move || read(file, sum, size)).await;
        let mut parts;
        (file, sum, parts) = read.map_err(|e| failed(e.into()))?.map_err(|e| failed(e.into()))?;
        let by = tokio::time::Instant::now() + MAX_STALL;
        while !parts.is_empty() {
            let blob = parts.split_to(parts.len().min(PART_BYTES));
            remaining -= blob.len() as u64;
            let part = SnapshotResponse { header: None, remaining_bytes: remaining, blob, version: version.into() };
            push(sink, part, by).await?;
        }
    }
    let blob = Bytes::copy_from_slice(&sum.finalize());
    let part = SnapshotResponse { header: None, remaining_bytes: 0, blob, version: version.into() };
    push(sink, part, tokio::time::Instant::now() + MAX_STALL).await
}

fn read(mut file: File, mut sum: Sha256, size: usize) -> io::Result<(File, Sha256, Bytes)> {
    let mut parts = vec![0; size];
    io::Read::read_exact(&mut file, &mut parts)?;
    sum.update(&parts);
    Ok((file, sum, parts.into()))
}

async fn push(
    sink: &mpsc::Sender<SnapshotResponse>,
    part: SnapshotResponse,
    by: tokio::time::Instant,
) -> Result<(), Status> {
    let late = || {
        tracing::warn!(after = ?MAX_STALL, "the client of a snapshot takes too little and is cut off");
        Status::deadline_exceeded("etcdserver: the snapshot was not taken in time")
    };
    // A client that has gone is noticed by who runs this.
    tokio::time::timeout_at(by, sink.send(part)).await.map_err(|_| late())?.map_err(|_| status::stopped())
}

fn failed(error: SaveError) -> Status {
    tracing::warn!(%error, "a snapshot failed");
    match error {
        SaveError::Store(error) => status::of(error),
        SaveError::File(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Status::resource_exhausted("etcdserver: no space for the file of the snapshot")
        }
        // etcd's code for it. etcd's client asks anew and for ever after "unavailable", which here would not help.
        error => Status::unknown(format!("etcdserver: {error}")),
    }
}
