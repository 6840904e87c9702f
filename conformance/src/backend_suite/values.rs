//! Values by version.

use bytes::Bytes;
use storage_core::{Revision, Sub, VersionId};

use super::Place;
use super::history::History;

fn id(revision: i64, sub: u32) -> VersionId {
    VersionId { revision: Revision(revision), sub: Sub(sub) }
}

pub async fn values_come_in_the_order_asked_and_missing_ones_are_none(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    history
        .put("a", b"two")
        .commit(&[("a", Some(b"three-0")), ("b", Some(b"three-1")), ("c", Some(b"three-2"))], &[])
        .control("x", Some("1"))
        .put("a", b"")
        .delete("a");
    history.append(&*backend).await;
    let some = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    let asked = [
        (id(3, 1), some("three-1")),
        (id(2, 0), some("two")),
        (id(2, 1), None),
        (id(99, 0), None),
        (id(3, 2), some("three-2")),
        (id(3, 1), some("three-1")),
        (id(1, 0), None),
        (id(4, 0), some("")),
        (id(3, 7), None),
        (id(5, 0), some("")),
        (id(3, 0), some("three-0")),
        (id(0, 0), None),
    ];
    let ids = asked.clone().map(|(id, _)| id);
    let values = asked.clone().map(|(_, value)| value);
    assert_eq!(backend.values(&ids).await.unwrap(), values);
    for (id, value) in asked {
        assert_eq!(backend.values(&[id]).await.unwrap(), [value], "{id:?}");
    }
}

/// Near ones and far ones, as a page of a list asks for.
pub async fn hundreds_of_scattered_values_come_in_one_call(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    for i in 0..3000 {
        history.put(&format!("key {i}"), format!("value {i}").as_bytes());
    }
    history.append(&*backend).await;
    let steps = [1, 1, 2, 3, 5, 6, 7, 1, 40, 300];
    let mut revisions: Vec<i64> =
        steps.iter().cycle().scan(1, |at, step| Some(*at + step).inspect(|x| *at = *x)).take(80).collect();
    revisions.retain(|r| *r <= history.revision().0);
    let ids: Vec<_> = revisions.iter().map(|r| id(*r, 0)).collect();
    let expected: Vec<_> = revisions.iter().map(|r| Some(Bytes::from(format!("value {}", r - 2)))).collect();
    assert_eq!(backend.values(&ids).await.unwrap(), expected);

    let every: Vec<_> = history.mutations().map(|m| m.meta.id).collect();
    let expected: Vec<_> = history.mutations().map(|m| Some(m.value.clone())).collect();
    assert_eq!(backend.values(&every).await.unwrap(), expected);
}

pub async fn no_values_asked_are_no_values_answered(place: &dyn Place) {
    let backend = place.open().await;
    assert!(backend.values(&[]).await.unwrap().is_empty());
}
