//! Scanning.

use storage_core::backend::{ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use storage_core::{Backend, Position, Revision};

use super::Place;
use super::history::History;
use super::read::log_after;

const ALL: ScanLimits = ScanLimits { commits: usize::MAX, bytes: usize::MAX };

async fn scan(backend: &dyn Backend, from: ScanFrom, limits: ScanLimits) -> Vec<Commit> {
    backend.scan(from, limits).await.expect("the scan succeeds")
}

pub async fn a_scan_begins_behind_the_position_asked_for(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    for after in 0..=history.commits.len() {
        let position = Position(after as u64);
        assert_eq!(scan(&*backend, ScanFrom::After(position), ALL).await, history.commits[after..]);
        assert_eq!(log_after(&*backend, position).await, history.commits[after..]);
    }
}

/// Commits without mutations may be left out.
pub async fn a_scan_by_revision_begins_there_or_at_the_first_one_above(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    for revision in (0..=history.revision().0 + 1).map(Revision) {
        let mut found = scan(&*backend, ScanFrom::Revision(revision), ALL).await;
        found.retain(|commit| !commit.mutations.is_empty());
        let mut expected = history.commits.clone();
        expected.retain(|commit| !commit.mutations.is_empty() && commit.revision >= revision);
        assert_eq!(found, expected, "from revision {revision}");
    }
}

pub async fn a_scan_stops_at_its_limit_of_commits(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    for commits in 1..=history.commits.len() {
        let found = scan(&*backend, ScanFrom::After(Position(0)), ScanLimits { commits, ..ALL }).await;
        assert_eq!(found, history.commits[..commits]);
    }
}

pub async fn a_scan_stops_at_its_limit_of_bytes_without_splitting_a_commit(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    for i in 0..10u8 {
        history.commit(&[("a", Some(&[i; 500])), ("b", Some(&[i; 500]))], &[]);
    }
    history.append(&*backend).await;
    let each = history.commits[0].weight_bytes();
    for (bytes, commits) in [(1, 1), (each, 1), (each + 1, 2), (3 * each - 1, 3), (3 * each, 3)] {
        let found = scan(&*backend, ScanFrom::Revision(Revision(4)), ScanLimits { bytes, ..ALL }).await;
        assert_eq!(found, history.commits[2..2 + commits], "{bytes} bytes");
    }
}

/// Otherwise a reader would never get past a large commit.
pub async fn a_scan_returns_one_commit_even_above_its_limits(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    history.put("a", &[1; 5000]).put("b", b"2").append(&*backend).await;
    let found = scan(&*backend, ScanFrom::After(Position(0)), ScanLimits { commits: 1, bytes: 1 }).await;
    assert_eq!(found, history.commits[..1]);
}

pub async fn a_scan_at_the_end_is_empty(place: &dyn Place) {
    let backend = place.open().await;
    assert!(scan(&*backend, ScanFrom::After(Position(0)), ALL).await.is_empty());
    assert!(scan(&*backend, ScanFrom::Revision(Revision::FIRST), ALL).await.is_empty());
    let mut history = History::varied();
    history.append(&*backend).await;
    assert!(scan(&*backend, ScanFrom::After(history.position()), ALL).await.is_empty());
    assert!(scan(&*backend, ScanFrom::After(Position(1000)), ALL).await.is_empty());
    assert!(scan(&*backend, ScanFrom::Revision(history.revision().next()), ALL).await.is_empty());
}
