//! Defragmenting that is given up, and asked for again.

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use conformance::backend_suite::History;
use storage_core::Backend as _;
use storage_core::backend::{ScanFrom, ScanLimits};

use self::support::Place;

/// So often it waits at least: for an empty copy, for the commits in it, for the change of places.
const WAITS: usize = 3;
/// It also waits for one before it that was given up, and copies more than once if commits come meanwhile.
const MOST_WAITS: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// While what it waits for is being done.
    AtWork,
    /// When that is done, and nobody has taken the result yet.
    Done,
}

/// As clients that lose their patience do: at each of the places where it waits, and before and after what it waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defragmenting_that_is_given_up_at_any_time_and_asked_for_again_loses_nothing() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    for waits in 1..=MOST_WAITS {
        for when in [When::AtWork, When::Done] {
            let given_up = give_up(backend.defragment(), waits, when).await;
            assert!(given_up || waits > WAITS, "it was done before its wait number {waits}");
            history.put("a", waits.to_string().as_bytes()).append(&backend).await;
        }
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

/// Gives `work` up at its wait number `waits`; answers whether it came so far.
async fn give_up(work: impl Future, waits: usize, when: When) -> bool {
    let mut work = pin!(work);
    for wait in 1..=waits {
        if poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await {
            return false;
        }
        if wait < waits || when == When::Done {
            woken().await;
        }
    }
    true
}

/// Waits until what this task was polled with is woken.
async fn woken() {
    let mut is_woken = false;
    poll_fn(|_| if std::mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
