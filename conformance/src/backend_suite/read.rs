//! Reading a whole log back.

use std::collections::BTreeMap;

use bytes::Bytes;
use storage_core::backend::{BackendError, Bounds, LoadBatch, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use storage_core::{Backend, Key, Position, VersionMeta};
use tokio::sync::mpsc;

use super::History;

/// Every commit behind `position`, in scans of a few.
pub(super) async fn log_after(backend: &dyn Backend, mut position: Position) -> Vec<Commit> {
    let limits = ScanLimits { commits: 7, bytes: 1 << 20 };
    let mut log = Vec::new();
    loop {
        let found = backend.scan(ScanFrom::After(position), limits).await.expect("the scan succeeds");
        let Some(last) = found.last() else { return log };
        position = last.position;
        log.extend(found);
    }
}

/// Every commit.
pub(super) async fn log(backend: &dyn Backend) -> Vec<Commit> {
    log_after(backend, Position(0)).await
}

/// What [`Backend::load`] streamed.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) versions: Vec<(Key, VersionMeta)>,
    pub(super) controls: BTreeMap<Bytes, Bytes>,
    pub(super) bounds: Bounds,
}

pub(super) async fn loaded(backend: &dyn Backend) -> Loaded {
    let (sink, mut source) = mpsc::channel(1);
    let collect = async {
        let mut loaded = Loaded::default();
        while let Some(batch) = source.recv().await {
            match batch {
                LoadBatch::Versions(versions) => loaded.versions.extend(versions),
                LoadBatch::Controls(controls) => loaded.controls.extend(controls),
            }
        }
        loaded
    };
    let (bounds, mut loaded): (Result<_, BackendError>, _) = tokio::join!(backend.load(sink), collect);
    loaded.bounds = bounds.expect("the load succeeds");
    loaded
}

/// Whether everything that the backend shows is `history`.
pub(super) async fn assert_holds(backend: &dyn Backend, history: &History) {
    let end = Bounds { position: history.position(), revision: history.revision() };
    assert_eq!(backend.bounds().await.expect("bounds"), end);
    assert_eq!(backend.end().await.expect("the end"), end.position);
    assert_eq!(*backend.tip().borrow(), end.position);
    assert_eq!(log(backend).await, history.commits);
    let loaded = loaded(backend).await;
    assert_eq!(loaded.bounds, end);
    assert_eq!(loaded.versions, history.versions());
    let ids: Vec<_> = history.mutations().map(|m| m.meta.id).collect();
    let values: Vec<_> = history.mutations().map(|m| Some(m.value.clone())).collect();
    assert_eq!(backend.values(&ids).await.expect("values"), values);
}

/// Control records by their names as text.
pub(super) fn records(controls: &[(&'static str, &'static str)]) -> BTreeMap<Bytes, Bytes> {
    controls.iter().map(|(k, v)| (Bytes::from_static(k.as_bytes()), Bytes::from_static(v.as_bytes()))).collect()
}
