//! Defragmenting that is given up, and asked for again.

mod support;

use std::time::Duration;

use conformance::backend_suite::History;
use storage_core::Backend as _;
use storage_core::backend::{ScanFrom, ScanLimits};

use self::support::Place;

/// As clients that lose their patience do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defragmenting_that_is_given_up_at_any_time_and_asked_for_again_loses_nothing() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    for given_up in 0..40 {
        let patience = Duration::from_micros(given_up * 500);
        let _ = tokio::time::timeout(patience, backend.defragment()).await;
        history.put("a", given_up.to_string().as_bytes()).append(&backend).await;
    }
    backend.defragment().await.expect("nobody else does it any more");
    history.put("a", b"last").append(&backend).await;
    let before = backend.scan(ScanFrom::Revision(storage_core::Revision(0)), ScanLimits::default()).await.unwrap();
    backend.close().await.expect("it closes");
    let again = place.open().await;
    assert_eq!(again.end().await.unwrap(), history.position());
    let after = again.scan(ScanFrom::Revision(storage_core::Revision(0)), ScanLimits::default()).await.unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
}
