//! Defragmenting that is given up, and asked for again.

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use conformance::backend_suite::History;
use storage_core::Backend as _;
use storage_core::backend::{ScanFrom, ScanLimits};

use self::support::Place;

const COMMITS: u8 = 80;
/// So often it waits: for an empty copy, for the commits in it, for the change of places.
const WAITS: usize = 3;

/// When a caller gives up.
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
    // Enough that whoever gives up while it is copied has gone, and the next one come, before that is done.
    for i in 0..COMMITS {
        history.put("a", &[i; 100_000]);
    }
    history.append(&backend).await;
    for waits in 1..=WAITS {
        for when in [When::AtWork, When::Done] {
            let mut tries = 0;
            while !give_up(backend.defragment(), waits, when).await {
                tries += 1;
                assert!(tries < 100, "it waits less often than {waits} times");
            }
            let again = backend.defragment().await;
            again.unwrap_or_else(|error| panic!("after one that was given up at its wait {waits}, {when:?}: {error}"));
            history.put("a", waits.to_string().as_bytes()).append(&backend).await;
        }
    }
    let before = backend.scan(ScanFrom::Revision(storage_core::Revision(0)), ScanLimits::default()).await.unwrap();
    backend.close().await.expect("it closes");
    let again = place.open().await;
    assert_eq!(again.end().await.unwrap(), history.position());
    let after = again.scan(ScanFrom::Revision(storage_core::Revision(0)), ScanLimits::default()).await.unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
}

/// Gives `work` up at its wait number `waits`; answers whether it came so far. A thread that is quick has its answer before it is
/// waited for.
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
