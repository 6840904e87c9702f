//! Sizes at the edge of what a server allows, and beyond.

use super::Place;
use super::history::History;
use super::read::assert_holds;

pub async fn a_group_of_512_commits_is_one_append(place: &dyn Place) {
    let backend = place.open().await;
    let mut tip = backend.tip();
    let mut history = History::default();
    for i in 0..512 {
        if i % 10 == 9 {
            history.control(&format!("lease/{i}"), Some("x"));
        } else {
            history.put(&format!("/registry/pods/{i}"), &[u8::try_from(i % 251).expect("small"); 1024]);
        }
    }
    history.append(&*backend).await;
    assert_eq!(*tip.borrow_and_update(), history.position());
    assert_holds(&*backend, &history).await;
}

pub async fn a_commit_of_2000_mutations_comes_back_whole(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    let keys: Vec<_> = (0..2000).map(|i| format!("key {i:04}")).collect();
    let changes: Vec<_> = keys.iter().map(|key| (key.as_str(), Some(key.as_bytes()))).collect();
    history.commit(&changes, &[("x", Some("1"))]).put("after", b"1").append(&*backend).await;
    assert_holds(&*backend, &history).await;
}

pub async fn a_value_of_eight_megabytes_comes_back(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    let value: Vec<u8> = (0..8u32 << 20).map(|i| (i % 253) as u8).collect();
    history.put("before", b"1").put("big", &value).put("after", b"1").append(&*backend).await;
    assert_holds(&*backend, &history).await;
}

pub async fn many_large_commits_come_back_in_order(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    for group in 0..20u8 {
        for i in 0..20 {
            history.put(&format!("key {i}"), &vec![group; 20_000 + usize::from(group) * 97]);
        }
        history.append(&*backend).await;
    }
    assert_holds(&*backend, &history).await;
}
