//! Closing.

use std::sync::Arc;

use storage_core::Position;
use storage_core::backend::{BackendError, CompactStep, LoadBatch, ScanFrom, ScanLimits};
use tokio::sync::mpsc;

use super::Place;
use super::history::History;
use super::read::assert_holds;

pub async fn closing_twice_is_closing_once(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    let other = Arc::clone(&backend);
    let (a, b) = tokio::join!(backend.close(), other.close());
    a.unwrap();
    b.unwrap();
    backend.close().await.unwrap();
    assert_holds(&*place.open().await, &history).await;
}

pub async fn a_closed_backend_answers_fatal(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    backend.close().await.unwrap();

    let (sink, _source) = mpsc::channel::<LoadBatch>(1);
    let next = history.clone().put("a", b"late").group();
    let step = CompactStep { through: history.revision(), dead: Vec::new() };
    let id = history.commits[1].mutations[0].meta.id;
    let refused = [
        backend.bounds().await.err(),
        backend.end().await.err(),
        backend.append(history.position(), next).await.err(),
        backend.scan(ScanFrom::After(Position(0)), ScanLimits::default()).await.err(),
        backend.load(sink).await.err(),
        backend.values(&[id]).await.err(),
        backend.compact(step).await.err(),
        backend.defragment().await.err(),
    ];
    for (i, error) in refused.into_iter().enumerate() {
        assert!(matches!(error, Some(BackendError::Fatal(_))), "call {i}: {error:?}");
    }
}
