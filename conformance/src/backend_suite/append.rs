//! Appending.

use std::task::{Context, Waker};

use storage_core::Position;
use storage_core::backend::{AppendOutcome, Bounds};

use super::Place;
use super::history::History;
use super::read::{assert_holds, loaded, log, records};

pub async fn an_empty_log_is_at_position_zero_and_revision_one(place: &dyn Place) {
    let backend = place.open().await;
    assert_eq!(backend.bounds().await.unwrap(), Bounds::default());
    assert_holds(&*backend, &History::default()).await;
}

pub async fn commits_come_back_as_they_were_appended(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&*backend).await;
    assert_holds(&*backend, &history).await;
}

pub async fn an_append_moves_bounds_end_and_tip(place: &dyn Place) {
    let backend = place.open().await;
    let mut tip = backend.tip();
    let mut history = History::default();
    history.put("a", b"1").control("x", Some("1")).append(&*backend).await;
    assert_eq!(*tip.borrow_and_update(), Position(2));
    assert_eq!(backend.bounds().await.unwrap(), Bounds { position: history.position(), revision: history.revision() });
    history.put("a", b"2").append(&*backend).await;
    assert!(tip.has_changed().unwrap());
    assert_eq!(*tip.borrow_and_update(), Position(3));
    assert_eq!(backend.end().await.unwrap(), Position(3));
}

pub async fn an_append_behind_another_end_is_a_conflict_and_writes_nothing(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    history.put("a", b"1").put("b", b"2").append(&*backend).await;

    // One that is behind the log, as after another writer's append.
    let mut behind = History::default();
    behind.put("other", b"0");
    let outcome = backend.append(Position(0), behind.group()).await.unwrap();
    assert_eq!(outcome, AppendOutcome::Conflict { position: Position(2) });

    // One that is ahead of it, as after a commit that was lost.
    let mut ahead = history.clone();
    ahead.put("lost", b"0").group();
    let outcome = backend.append(Position(3), ahead.put("next", b"0").group()).await.unwrap();
    assert_eq!(outcome, AppendOutcome::Conflict { position: Position(2) });

    assert_holds(&*backend, &history).await;
    history.put("c", b"3").append(&*backend).await;
    assert_holds(&*backend, &history).await;
}

pub async fn a_commit_without_mutations_takes_a_position_but_no_revision(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    history.control("x", Some("1")).control("x", Some("2")).append(&*backend).await;
    let bounds = backend.bounds().await.unwrap();
    assert_eq!((bounds.position.0, bounds.revision.0), (2, 1));
    history.put("a", b"1").control("x", None).append(&*backend).await;
    let bounds = backend.bounds().await.unwrap();
    assert_eq!((bounds.position.0, bounds.revision.0), (4, 2));
    assert_holds(&*backend, &history).await;
}

pub async fn control_records_are_what_the_log_left(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    history
        .commit(&[], &[("kept", Some("1")), ("changed", Some("1")), ("gone", Some("1"))])
        .commit(&[("a", Some(b"1"))], &[("changed", Some("2")), ("never there", None)])
        .commit(&[], &[("gone", None), ("empty", Some("")), ("brief", Some("1")), ("brief", None)]);
    history.append(&*backend).await;
    let expected = records(&[("changed", "2"), ("empty", ""), ("kept", "1")]);
    assert_eq!(loaded(&*backend).await.controls, expected);
}

/// A caller that goes away (a client that disconnects) must not tear what it began.
pub async fn an_append_whose_caller_went_away_is_whole_or_not_there(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    history.put("a", b"1").append(&*backend).await;
    let mut dropped = history.clone();
    for i in 0..100 {
        dropped.put(&format!("key {i}"), b"value");
    }
    {
        let mut append = backend.append(history.position(), dropped.group());
        let _ = append.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    // The next append comes behind it in any case, and shows which it was.
    let mut next = history.clone();
    next.put("b", b"2");
    let outcome = backend.append(history.position(), next.group()).await.unwrap();
    let expected = match outcome {
        AppendOutcome::Appended => next,
        AppendOutcome::Conflict { position } => {
            assert_eq!(position, dropped.position());
            dropped
        }
    };
    assert_eq!(log(&*backend).await, expected.commits);
    assert_holds(&*backend, &expected).await;
}
