//! Reading while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use storage_core::backend::{CompactStep, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use storage_core::{Backend, Position, Revision};

use super::Place;
use super::history::History;
use super::read::{assert_holds, loaded, log, log_after};

const GROUPS: usize = 60;

/// Appends groups of all sizes, and says when it is done.
async fn write(backend: Arc<dyn Backend>, done: Arc<AtomicBool>) -> History {
    let mut history = History::default();
    for group in 0..GROUPS {
        for i in 0..=group % 7 {
            let value = vec![u8::try_from(group).expect("few"); 100 + i * 300];
            let changes = [("a", Some(&value[..])), ("b", None), ("c", Some(&value[..]))];
            history.commit(&changes[..=(group + i) % 3], &[("x", Some("1"))]).control("y", Some("1"));
        }
        history.append(&*backend).await;
    }
    done.store(true, Ordering::Release);
    history
}

/// Starts the writer.
fn writing(backend: &Arc<dyn Backend>) -> (Arc<AtomicBool>, tokio::task::JoinHandle<History>) {
    let done = Arc::new(AtomicBool::new(false));
    (Arc::clone(&done), tokio::spawn(write(Arc::clone(backend), done)))
}

pub async fn readers_during_appends_see_whole_commits_in_order(place: &dyn Place) {
    let backend = place.open().await;
    let (done, writer) = writing(&backend);
    let follow = |backend: Arc<dyn Backend>, done: Arc<AtomicBool>| async move {
        let mut seen = Vec::new();
        let mut position = Position(0);
        loop {
            let last_round = done.load(Ordering::Acquire);
            let found = log_after(&*backend, position).await;
            position = found.last().map_or(position, |commit| commit.position);
            seen.extend(found);
            if last_round {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    let readers = [(); 3].map(|()| tokio::spawn(follow(Arc::clone(&backend), Arc::clone(&done))));
    let history = writer.await.unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), history.commits);
    }
}

pub async fn the_tip_is_never_ahead_of_what_can_be_read(place: &dyn Place) {
    let backend = place.open().await;
    let mut tip = backend.tip();
    let (_, writer) = writing(&backend);
    let mut seen = *tip.borrow_and_update();
    loop {
        let next = *tip.borrow_and_update();
        assert!(next >= seen, "the tip went back from {seen} to {next}");
        seen = next;
        if let Some(before) = seen.0.checked_sub(1) {
            let limits = ScanLimits { commits: 1, bytes: usize::MAX };
            let found = backend.scan(ScanFrom::After(Position(before)), limits).await.unwrap();
            assert_eq!(found[0].position, seen);
            assert!(backend.end().await.unwrap() >= seen);
        }
        if writer.is_finished() && !tip.has_changed().unwrap() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, writer.await.unwrap().position());
}

pub async fn an_acknowledged_value_can_be_read_at_once(place: &dyn Place) {
    let backend = place.open().await;
    let mut history = History::default();
    for i in 0..100u8 {
        history.put("a", &[i; 10]).append(&*backend).await;
        let last = &history.commits[usize::from(i)].mutations[0];
        let id = [last.meta.id];
        let (a, b) = tokio::join!(backend.values(&id), backend.values(&id));
        assert_eq!(a.unwrap(), [Some(last.value.clone())]);
        assert_eq!(b.unwrap(), [Some(last.value.clone())]);
    }
}

pub async fn a_load_during_appends_is_one_picture(place: &dyn Place) {
    let backend = place.open().await;
    let (done, writer) = writing(&backend);
    let mut pictures = Vec::new();
    while !done.load(Ordering::Acquire) {
        pictures.push(loaded(&*backend).await);
    }
    let history = writer.await.unwrap();
    for picture in pictures {
        let mut then = history.clone();
        then.commits.truncate(usize::try_from(picture.bounds.position.0).unwrap());
        assert_eq!(picture.versions, then.versions());
        assert_eq!(picture.bounds.revision, then.commits.last().map_or(Revision::FIRST, |c| c.revision));
    }
}

/// Every second commit dies as soon as it is there.
pub async fn compaction_during_appends_loses_nothing(place: &dyn Place) {
    let backend = place.open().await;
    let (done, writer) = writing(&backend);
    let dies = |revision: Revision| revision.0 % 2 == 0;
    let mut compacted = Revision::FIRST;
    while !done.load(Ordering::Acquire) {
        let through = backend.bounds().await.unwrap().revision;
        let from = ScanFrom::Revision(compacted.next());
        let found = backend.scan(from, ScanLimits { commits: 50, bytes: usize::MAX }).await.unwrap();
        let below = found.iter().filter(|c| c.revision < through && dies(c.revision));
        let dead = below.flat_map(|c| c.mutations.iter().map(|m| m.meta.id)).collect();
        backend.compact(CompactStep { through, dead }).await.unwrap();
        compacted = found.iter().map(|c| c.revision).filter(|r| *r < through).max().unwrap_or(compacted);
        tokio::task::yield_now().await;
    }
    let history = writer.await.unwrap();
    // Which commits without mutations are still there is up to the backend.
    let kept = |c: &Commit| !c.mutations.is_empty() && (c.revision > compacted || !dies(c.revision));
    let left: Vec<_> = log(&*backend).await.into_iter().filter(kept).collect();
    let expected: Vec<_> = history.commits.iter().filter(|c| kept(c)).cloned().collect();
    assert_eq!(left, expected);
    let end = backend.bounds().await.unwrap();
    assert_eq!((end.position, end.revision), (history.position(), history.revision()));
}

/// Shared with the checks of maintenance: the whole of [`write`]'s log while `work` goes on beside it.
pub(super) async fn undisturbed_by<F, W>(place: &dyn Place, work: W)
where
    F: Future<Output = ()>,
    W: Fn(Arc<dyn Backend>) -> F,
{
    let backend = place.open().await;
    let (done, writer) = writing(&backend);
    while !done.load(Ordering::Acquire) {
        work(Arc::clone(&backend)).await;
    }
    let history = writer.await.unwrap();
    assert_holds(&*backend, &history).await;
}
