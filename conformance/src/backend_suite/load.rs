//! Loading.

use storage_core::backend::LoadBatch;
use tokio::sync::mpsc;

use super::Place;
use super::history::History;
use super::read::{assert_holds, loaded, records};

pub async fn a_load_streams_every_version_in_log_order(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    for i in 0..10_000 {
        history.put(&format!("key {}", i % 97), b"x");
    }
    history.append(&*backend).await;
    let loaded = loaded(&*backend).await;
    assert_eq!(loaded.versions, history.versions());
    assert_eq!((loaded.bounds.position, loaded.bounds.revision), (history.position(), history.revision()));
}

pub async fn a_load_streams_the_control_records(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    let expected = records(&[("compacted", "3"), ("identity", "1"), ("lease/2", "")]);
    assert_eq!(loaded(&*backend).await.controls, expected);
}

pub async fn a_load_nobody_listens_to_fails_and_harms_nothing(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    let (sink, source) = mpsc::channel::<LoadBatch>(1);
    drop(source);
    backend.load(sink).await.expect_err("nobody listens");
    history.put("a", b"still here").append(&*backend).await;
    assert_holds(&*backend, &history).await;
}
