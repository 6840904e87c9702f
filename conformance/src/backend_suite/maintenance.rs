//! Size and upkeep.

use storage_core::backend::CompactStep;

use super::Place;
use super::concurrent::undisturbed_by;
use super::history::History;

pub async fn the_size_in_use_grows_with_the_log_and_is_within_the_allocated(place: &dyn Place) {
    let backend = place.open().await;
    let before = backend.size();
    let mut history = History::default();
    for i in 0..100u8 {
        history.put("a", &[i; 5000]);
    }
    history.append(&*backend).await;
    let full = backend.size();
    assert!(full.in_use >= before.in_use + 100 * 5000, "{before:?}, then {full:?}");
    assert!(full.in_use <= full.allocated, "{full:?}");

    let dead = history.mutations().map(|m| m.meta.id).take(90).collect();
    backend.compact(CompactStep { through: history.revision(), dead }).await.unwrap();
    let compacted = backend.size();
    assert!(compacted.in_use <= full.in_use - 80 * 5000, "{full:?}, then {compacted:?}");
    backend.defragment().await.unwrap();
    let defragmented = backend.size();
    assert!(defragmented.allocated <= full.allocated - 80 * 5000, "{full:?}, then {defragmented:?}");
}

pub async fn defragmenting_during_appends_loses_nothing(place: &dyn Place) {
    undisturbed_by(place, |backend| async move {
        backend.defragment().await.unwrap();
        tokio::task::yield_now().await;
    })
    .await;
}
