//! Whether a log holds what it must.

use std::collections::BTreeMap;

use storage_core::backend::{LoadBatch, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use storage_core::{Backend, Position, Revision, VersionMeta};
use tokio::sync::mpsc;

use super::story::{Story, dies};

/// What the child said of a log in all rounds so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    /// The log must not end before.
    pub(super) acknowledged: u64,
    /// Compaction may have come so far.
    pub(super) compacted: u64,
}

/// Looks at all of a log that was opened after a crash, and closes it.
pub(super) async fn check(backend: &impl Backend, seed: u64, said: Said) {
    let bounds = backend.bounds().await.expect("bounds");
    assert!(bounds.position.0 >= said.acknowledged, "{said:?} was lost, the log ends at {bounds:?}");
    let mut story = Story::new(seed);
    story.tell_to(bounds.position);
    assert_eq!(bounds.revision, story.revision());
    let log = log(backend).await;
    check_log(&story.commits, &log, Revision(said.compacted.cast_signed()));
    check_values(backend, &log).await;
    check_load(backend, &story, &log).await;
    backend.close().await.expect("it closes");
}

async fn log(backend: &impl Backend) -> Vec<Commit> {
    let mut log = Vec::<Commit>::new();
    loop {
        let after = log.last().map_or(Position(0), |commit| commit.position);
        let found = backend.scan(ScanFrom::After(after), ScanLimits::default()).await.expect("it scans");
        if found.is_empty() {
            return log;
        }
        log.extend(found);
    }
}

/// Every commit is there as it was made, but for what compaction may have removed.
fn check_log(made: &[Commit], log: &[Commit], compacted: Revision) {
    let found: BTreeMap<Position, &Commit> = log.iter().map(|commit| (commit.position, commit)).collect();
    assert_eq!(found.len(), log.len(), "a position came twice");
    assert!(log.is_sorted_by_key(|commit| commit.position), "the log is out of order");
    for commit in made {
        match found.get(&commit.position) {
            Some(found) if *found == commit => {}
            None if commit.mutations.is_empty() && commit.revision <= compacted => {}
            None if dies(commit.revision) && commit.revision <= compacted => {}
            Some(found) if dies(commit.revision) && found.mutations.is_empty() && found.id == commit.id => {}
            Some(found) => panic!("the commit at {} is torn: {found:?}, not {commit:?}", commit.position),
            None => panic!("the commit at {} is lost: {commit:?}", commit.position),
        }
    }
    assert!(log.last().is_none_or(|commit| commit.position.0 <= made.len() as u64), "a commit nobody made");
}

async fn check_values(backend: &impl Backend, log: &[Commit]) {
    let mutations: Vec<_> = log.iter().flat_map(|commit| &commit.mutations).collect();
    for some in mutations.chunks(500) {
        let ids: Vec<_> = some.iter().map(|m| m.meta.id).collect();
        let expected: Vec<_> = some.iter().map(|m| Some(m.value.clone())).collect();
        assert!(backend.values(&ids).await.expect("values") == expected, "a value differs from the log's");
    }
}

async fn check_load(backend: &impl Backend, story: &Story, log: &[Commit]) {
    let (sink, mut source) = mpsc::channel(8);
    let (mut versions, mut controls) = (Vec::<VersionMeta>::new(), BTreeMap::new());
    let collect = async {
        while let Some(batch) = source.recv().await {
            match batch {
                LoadBatch::Versions(batch) => versions.extend(batch.into_iter().map(|(_, meta)| meta)),
                LoadBatch::Controls(batch) => controls.extend(batch),
            }
        }
    };
    let (bounds, ()) = tokio::join!(backend.load(sink), collect);
    assert_eq!(bounds.expect("it loads").position, story.position());
    let expected: Vec<_> = log.iter().flat_map(|commit| commit.mutations.iter().map(|m| m.meta)).collect();
    assert!(versions == expected, "the load differs from the log");
    assert_eq!(controls, story.controls());
}
