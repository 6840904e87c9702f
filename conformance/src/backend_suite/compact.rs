//! Compacting.

use storage_core::backend::CompactStep;
use storage_core::commit::Commit;
use storage_core::{Backend, Position, Revision, Sub, VersionId};

use super::Place;
use super::history::History;
use super::read::{assert_holds, loaded, log, log_after};

fn id(revision: i64, sub: u32) -> VersionId {
    VersionId { revision: Revision(revision), sub: Sub(sub) }
}

async fn compact(backend: &dyn Backend, history: &mut History, through: i64, dead: &[VersionId]) {
    let step = CompactStep { through: Revision(through), dead: dead.to_vec() };
    backend.compact(step).await.expect("the compaction succeeds");
    for commit in &mut history.commits {
        commit.mutations.retain(|m| !dead.contains(&m.meta.id));
    }
}

/// The commits with something left in them. Whether the others are still there is up to the backend, within limits.
fn solid(commits: &[Commit]) -> Vec<Commit> {
    commits.iter().filter(|commit| !commit.mutations.is_empty()).cloned().collect()
}

/// Everything but the commits without mutations is as in `history`.
async fn assert_keeps(backend: &dyn Backend, history: &History) {
    assert_eq!(solid(&log(backend).await), solid(&history.commits));
    let loaded = loaded(backend).await;
    assert_eq!(loaded.versions, history.versions());
    assert_eq!((loaded.bounds.position, loaded.bounds.revision), (history.position(), history.revision()));
    assert_eq!(backend.bounds().await.unwrap(), loaded.bounds);
    for mutation in history.mutations() {
        assert_eq!(backend.values(&[mutation.meta.id]).await.unwrap(), [Some(mutation.value.clone())]);
    }
}

/// Ten updates of one key, with control-only commits between.
fn updates() -> History {
    let mut history = History::default();
    for i in 2..=11 {
        history.put("a", format!("at {i}").as_bytes()).control("x", Some(&i.to_string()));
    }
    history
}

pub async fn compaction_removes_the_dead_and_nothing_else(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = updates();
    history.append(&*backend).await;
    let dead = [id(2, 0), id(3, 0), id(5, 0), id(6, 0)];
    compact(&*backend, &mut history, 7, &dead).await;
    assert_eq!(backend.values(&dead).await.unwrap(), [None, None, None, None]);
    assert_keeps(&*backend, &history).await;
}

pub async fn compaction_of_part_of_a_commit_keeps_its_other_mutations(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    let commit = [("a", Some(&b"1"[..])), ("b", Some(b"22")), ("c", None), ("d", Some(b""))];
    history.commit(&commit, &[("x", Some("1"))]).commit(&commit, &[("x", Some("2"))]).put("a", b"3");
    history.append(&*backend).await;
    compact(&*backend, &mut history, 3, &[id(2, 0), id(2, 2), id(3, 1)]).await;
    assert_keeps(&*backend, &history).await;
    // Then more of the same commits.
    compact(&*backend, &mut history, 4, &[id(2, 1), id(3, 0), id(3, 3)]).await;
    assert_keeps(&*backend, &history).await;
    let places = [id(2, 0), id(2, 1), id(2, 3), id(3, 0), id(3, 2)];
    let there: Vec<_> = backend.values(&places).await.unwrap().iter().map(Option::is_some).collect();
    assert_eq!(there, [false, false, true, false, true]);
}

pub async fn compaction_is_idempotent(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = updates();
    history.append(&*backend).await;
    for _ in 0..3 {
        compact(&*backend, &mut history, 5, &[id(2, 0), id(4, 0)]).await;
        compact(&*backend, &mut history, 5, &[]).await;
        // Never there at all.
        compact(&*backend, &mut history, 5, &[id(1, 0), id(3, 9), id(500, 0)]).await;
        assert_keeps(&*backend, &history).await;
    }
}

/// Even where nothing is left of the last commit.
pub async fn compaction_keeps_the_end_of_the_log_and_the_control_records(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.put("a", b"1").delete("a").append(&*backend).await;
    let before = loaded(&*backend).await.controls;
    let every: Vec<_> = history.mutations().map(|m| m.meta.id).collect();
    let last = history.revision().0;
    compact(&*backend, &mut history, last, &every).await;
    assert_keeps(&*backend, &history).await;
    assert_eq!(loaded(&*backend).await.controls, before);
    let backend = reopened(place, &*backend).await;
    assert_keeps(&*backend, &history).await;
    assert_eq!(loaded(&*backend).await.controls, before);
    history.put("b", b"after").append(&*backend).await;
    assert_keeps(&*backend, &history).await;
}

async fn reopened(place: &dyn Place, backend: &dyn Backend) -> std::sync::Arc<dyn Backend> {
    backend.close().await.expect("it closes");
    place.open().await
}

pub async fn compaction_keeps_control_only_commits_above_it(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = updates();
    history.append(&*backend).await;
    compact(&*backend, &mut history, 5, &[id(2, 0)]).await;
    // The commit at revision 5 is at position 7.
    let after = log_after(&*backend, Position(7)).await;
    assert_eq!(after, history.commits[7..]);
}

pub async fn a_compacted_log_is_still_scanned_from_any_position(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    for i in 0..200 {
        match i % 5 {
            0 => history.control("x", Some("1")),
            1 => history.commit(&[("a", Some(b"1")), ("b", Some(b"2"))], &[]),
            _ => history.put("a", b"3"),
        };
    }
    history.append(&*backend).await;
    // Holes of all widths.
    let gone = |revision: i64| revision % 7 < 3 || (60..100).contains(&revision);
    let dead: Vec<_> = history.mutations().map(|m| m.meta.id).filter(|id| gone(id.revision.0)).collect();
    compact(&*backend, &mut history, 140, &dead).await;
    for after in 0..=history.commits.len() {
        let found = log_after(&*backend, Position(after as u64)).await;
        assert!(found.iter().all(|commit| commit.position.0 > after as u64), "after {after}");
        assert_eq!(solid(&found), solid(&history.commits[after..]), "after {after}");
    }
}

pub async fn a_compacted_log_takes_appends(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = updates();
    history.append(&*backend).await;
    compact(&*backend, &mut history, 9, &(2..=8).map(|r| id(r, 0)).collect::<Vec<_>>()).await;
    history.put("b", b"next").control("y", Some("1")).append(&*backend).await;
    assert_keeps(&*backend, &history).await;
    let end = Position(history.position().0 - 2);
    assert_eq!(log_after(&*backend, end).await, history.commits[history.commits.len() - 2..]);
}

pub async fn a_reopened_log_is_what_it_was(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    let controls = loaded(&*backend).await.controls;
    let backend = reopened(place, &*backend).await;
    assert_holds(&*backend, &history).await;
    assert_eq!(loaded(&*backend).await.controls, controls);
}

pub async fn a_reopened_log_takes_appends(place: &dyn Place) {
    let mut history = History::default();
    for round in 0..5u8 {
        let backend = place.open().await;
        assert_holds(&*backend, &history).await;
        history.put("a", &[round]).control("x", Some("1")).append(&*backend).await;
        history.put("b", &[round; 2000]).append(&*backend).await;
        assert_holds(&*backend, &history).await;
        backend.close().await.unwrap();
    }
}

pub async fn a_reopened_compacted_log_is_what_it_was(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = updates();
    history.append(&*backend).await;
    compact(&*backend, &mut history, 9, &(2..=8).map(|r| id(r, 0)).collect::<Vec<_>>()).await;
    let backend = reopened(place, &*backend).await;
    assert_keeps(&*backend, &history).await;
}
