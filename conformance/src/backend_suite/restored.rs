//! Logs of which the history was restored: revisions are as they were elsewhere, with gaps.

use storage_core::backend::{CompactStep, ScanFrom, ScanLimits};
use storage_core::{Position, Revision, Sub, VersionId};

use super::Place;
use super::history::History;
use super::read::{assert_holds, loaded, log_after};

/// As a restore appends it: a mark, versions far apart, and at the end control changes at a revision above all of them.
fn restored() -> History {
    let mut history = History::default();
    history.control("unfinished", Some("")).skip(1_000_000).put("a", b"1").put("b", b"1");
    history.skip(40).put("a", b"2").skip(1 << 40).delete("b").skip(7).control("compacted", Some("x"));
    history.control("unfinished", None);
    history
}

pub async fn a_restored_log_is_scanned_from_any_position_and_revision(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = restored();
    history.append(&*backend).await;
    assert_holds(&*backend, &history).await;
    for after in 0..=history.commits.len() {
        assert_eq!(log_after(&*backend, Position(after as u64)).await, history.commits[after..], "after {after}");
    }
    for commit in history.commits.iter().filter(|commit| !commit.mutations.is_empty()) {
        let from = ScanFrom::Revision(Revision(commit.revision.0 - 1));
        let found = backend.scan(from, ScanLimits { commits: 2, ..Default::default() }).await.unwrap();
        assert!(found.contains(commit));
    }
    backend.close().await.unwrap();
}

pub async fn a_restored_log_keeps_its_revision_and_takes_appends(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = restored();
    history.append(&*backend).await;
    backend.close().await.unwrap();
    let backend = place.open().await;
    assert_holds(&*backend, &history).await;
    history.put("c", b"1").control("term", Some("2"));
    history.append(&*backend).await;
    assert_holds(&*backend, &history).await;
    backend.close().await.unwrap();
}

/// Not one row with a key need be left.
pub async fn a_restored_log_keeps_its_revision_when_all_of_it_is_compacted(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = restored();
    history.append(&*backend).await;
    let dead = |m: &storage_core::commit::Mutation| VersionId { revision: m.meta.id.revision, sub: Sub(0) };
    let dead = history.mutations().map(dead).collect();
    backend.compact(CompactStep { through: history.revision(), dead }).await.unwrap();
    backend.close().await.unwrap();
    let backend = place.open().await;
    let loaded = loaded(&*backend).await;
    assert_eq!(loaded.versions, []);
    assert_eq!((loaded.bounds.position, loaded.bounds.revision), (history.position(), history.revision()));
    history.put("c", b"1");
    history.append(&*backend).await;
    let end = backend.bounds().await.unwrap();
    assert_eq!((end.position, end.revision), (history.position(), history.revision()));
    backend.close().await.unwrap();
}
