//! A copy has all of its source, and is refused where it would cost anything.

use std::sync::Arc;

use bytes::Bytes;
use storage_core::auth::{AuthChange, PasswordHash, Permission, PermissionKind};
use storage_core::backend::{Bounds, Fault, FaultBackend, ScanFrom, ScanLimits};
use storage_core::cluster::{ClusterChange, Member};
use storage_core::commit::{Commit, ControlChange, Mutation};
use storage_core::{
    Alarm, AlarmKind, Backend, CommitId, CopyError, CopyObserver, CopyOutcome, CopyStep, DeleteRangeRequest, Key,
    LeaseId, MemoryBackend, OpenError, Position, PutLease, PutRequest, Restore, RestoreError, Revision, Store,
    StoreCopy, StoreOptions, Sub, SystemEnvironment, VersionId, VersionMeta,
};

use crate::support::gate::Gate;
use crate::support::{keys, put, range};

/// What a copy said of itself.
#[derive(Default)]
struct Steps(Vec<CopyStep>);

impl CopyObserver for Steps {
    fn step(&mut self, step: CopyStep) {
        self.0.push(step);
    }
    fn advance(&mut self, _: u64) {}
}

fn copy_of(from: &Arc<MemoryBackend>, to: Arc<dyn Backend>) -> StoreCopy {
    from.reopen();
    StoreCopy::new(Arc::clone(from) as _, to, Arc::new(SystemEnvironment::default()))
}

async fn copy(from: &Arc<MemoryBackend>, to: &Arc<MemoryBackend>) -> Result<CopyOutcome, CopyError> {
    to.reopen();
    copy_of(from, Arc::clone(to) as _).run(&mut Steps::default()).await
}

async fn open(backend: &Arc<MemoryBackend>) -> Store {
    backend.reopen();
    Store::open(Arc::clone(backend) as _, StoreOptions::default()).await.expect("it opens")
}

/// A closed store with two keys at revision 4.
async fn sample() -> Arc<MemoryBackend> {
    let backend = Arc::new(MemoryBackend::new());
    let store = open(&backend).await;
    for (key, value) in [("a", "1"), ("b", "1"), ("a", "2")] {
        store.put(put(key, value)).await.expect("it can be done");
    }
    store.close().await.expect("it can be done");
    backend
}

/// What a copy leaves that was cut off after so many appends.
async fn cut_off(from: &Arc<MemoryBackend>, appends: usize) -> Arc<MemoryBackend> {
    let to = Arc::new(MemoryBackend::new());
    let faults = Arc::new(FaultBackend::new(Arc::clone(&to) as _));
    faults.script(std::iter::repeat_n(Fault::None, appends).chain([Fault::Refused]));
    let copy = copy_of(from, faults).in_parts_of(ScanLimits { commits: 1, bytes: 1 });
    assert!(matches!(copy.run(&mut Steps::default()).await, Err(CopyError::Destination(_))));
    to
}

/// Nothing was written there.
async fn assert_untouched(backend: &Arc<MemoryBackend>, before: Bounds) {
    backend.reopen();
    assert_eq!(backend.bounds().await.expect("it can be done"), before);
}

#[tokio::test]
async fn leases_users_roles_alarms_members_and_who_it_is_are_copied() {
    let source = Arc::new(MemoryBackend::new());
    let store = open(&source).await;
    store.lease_grant(LeaseId(-7), 600).await.unwrap();
    store.put(PutRequest { lease: PutLease::Set(LeaseId(-7)), ..put("leased", "x") }).await.unwrap();
    let permission = Permission { kind: PermissionKind::ReadWrite, keys: keys("a", "b") };
    for change in [
        AuthChange::RoleAdd { name: "r".into() },
        AuthChange::RoleGrantPermission { role: "r".into(), permission: Some(permission) },
        AuthChange::UserAdd { name: "u".into(), password: Some(PasswordHash::new("hash")) },
        AuthChange::UserGrantRole { user: "u".into(), role: "r".into() },
    ] {
        store.change_auth(change).await.unwrap();
    }
    let learner = Member { peer_urls: vec!["http://a:1".into()], is_learner: true };
    store.change_cluster(ClusterChange::AddMember(learner), &[]).await.unwrap();
    store.change_cluster(ClusterChange::EnableDowngrade("3.6.0".into()), &[]).await.unwrap();
    let alarm = Alarm { member_id: store.identity().member_id, kind: AlarmKind::NoSpace };
    store.raise_alarm(alarm.member_id, alarm.kind).await.unwrap();
    store.close().await.unwrap();

    let target = Arc::new(MemoryBackend::new());
    let outcome = copy(&source, &target).await.unwrap();
    assert_eq!((outcome.revision, outcome.keys, outcome.leases, outcome.is_behind), (Revision(2), 1, 1, false));
    let copied = open(&target).await;
    let lease = copied.lease_time_to_live(LeaseId(-7), true).await.unwrap();
    assert_eq!((lease.granted_ttl, lease.keys.len()), (600, 1));
    let (auth, expected) = (copied.auth(), store.auth());
    assert!(auth.users().eq(expected.users()) && auth.roles().eq(expected.roles()));
    assert_eq!((auth.users().count(), auth.revision()), (1, expected.revision()));
    assert_eq!(copied.cluster(), store.cluster());
    assert_eq!(copied.status().alarms, [alarm]);
    let (who, before) = (copied.identity(), store.identity());
    assert_eq!((who.cluster_id, who.member_id, who.term), (before.cluster_id, before.member_id, before.term + 1));
}

/// Revisions with gaps, and one above the last version's.
#[tokio::test]
async fn what_was_restored_and_never_opened_is_copied() {
    let source = Arc::new(MemoryBackend::new());
    let id = VersionId { revision: Revision(1_000_000), sub: Sub(3) };
    let meta = VersionMeta::put(id, Revision(77), 9, LeaseId::NONE, 1);
    let version = Mutation { key: Key::from(&b"a"[..]), meta, value: Bytes::from_static(b"x") };
    let compacted = ControlChange {
        key: Bytes::from_static(b"compact_revision"),
        value: Some(Bytes::copy_from_slice(&(1_i64 << 39).to_be_bytes())),
    };
    let commit = |position, revision, mutations, controls| Commit {
        position: Position(position),
        revision: Revision(revision),
        id: CommitId(7),
        mutations,
        controls,
    };
    let log = [commit(1, 1_000_000, vec![version], Vec::new()), commit(2, 1 << 40, Vec::new(), vec![compacted])];
    source.append(Position(0), log.into()).await.unwrap();
    let target = Arc::new(MemoryBackend::new());
    copy(&source, &target).await.unwrap();
    let (source, copied) = (open(&source).await, open(&target).await);
    assert_eq!((copied.revision(), copied.status().compact_revision), (Revision(1 << 40), Revision(1 << 39)));
    assert_eq!(copied.hash_kv(Revision(0)).await, source.hash_kv(Revision(0)).await);
    copied.put(put("b", "1")).await.unwrap();
}

#[tokio::test]
async fn a_source_that_is_itself_not_finished_is_refused() {
    let (source, target) = (cut_off(&sample().await, 3).await, Arc::new(MemoryBackend::new()));
    assert!(matches!(copy(&source, &target).await, Err(CopyError::SourceUnfinished)));
    assert_untouched(&target, Bounds::default()).await;
}

#[tokio::test]
async fn a_copy_that_is_done_again_finds_that_nothing_is_left_to_do() {
    let (source, target) = (sample().await, Arc::new(MemoryBackend::new()));
    copy(&source, &target).await.unwrap();
    let before = target.bounds().await.unwrap();
    copy(&source, &target).await.unwrap();
    assert_untouched(&target, before).await;
    // Once it was used it is a store of its own.
    open(&target).await.close().await.unwrap();
    assert!(matches!(copy(&source, &target).await, Err(CopyError::NotEmpty)));
}

#[tokio::test]
async fn a_store_is_not_copied_to_itself() {
    let source = sample().await;
    source.reopen();
    let before = source.bounds().await.unwrap();
    assert!(matches!(copy(&source, &source).await, Err(CopyError::Same)));
    assert_untouched(&source, before).await;
}

#[tokio::test]
async fn a_copy_that_was_cut_off_after_any_append_opens_nowhere_and_is_gone_on_with() {
    let source = sample().await;
    for appends in 1..=5 {
        let target = cut_off(&source, appends).await;
        let opened = Store::open(Arc::clone(&target) as _, StoreOptions::default()).await;
        assert!(matches!(opened, Err(OpenError::Unfinished)), "after {appends} appends");
        let refused = Restore::check(&(Arc::clone(&target) as _)).await;
        assert!(matches!(refused, Err(RestoreError::Unfinished)));
        let mut steps = Steps::default();
        copy_of(&source, Arc::clone(&target) as _).run(&mut steps).await.unwrap();
        let resumed = Revision(appends.min(4) as i64);
        assert!(
            matches!(steps.0[1], CopyStep::Copying { resumed_at: Some(at), .. } if at == resumed),
            "{appends}: {:?}",
            steps.0
        );
        assert_eq!(open(&target).await.range(range("\0", "\0")).await.unwrap().kvs.len(), 2);
    }
}

#[tokio::test]
async fn a_source_that_holds_nothing_is_refused() {
    let (source, target) = (Arc::new(MemoryBackend::new()), Arc::new(MemoryBackend::new()));
    assert!(matches!(copy(&source, &target).await, Err(CopyError::SourceEmpty)));
    assert_untouched(&target, Bounds::default()).await;
}

#[tokio::test]
async fn a_destination_that_is_a_store_is_left_alone() {
    let (source, target) = (sample().await, sample().await);
    target.reopen();
    let before = target.bounds().await.unwrap();
    assert!(matches!(copy(&source, &target).await, Err(CopyError::NotEmpty)));
    assert_untouched(&target, before).await;
}

#[tokio::test]
async fn a_destination_with_a_part_of_something_else_is_left_alone() {
    let source = sample().await;
    let others = cut_off(&sample().await, 2).await;
    let before = others.bounds().await.unwrap();
    assert!(matches!(copy(&source, &others).await, Err(CopyError::OtherUnfinished)));
    assert_untouched(&others, before).await;

    let restored = Arc::new(MemoryBackend::new());
    drop(Restore::begin(Arc::clone(&restored) as _, Arc::new(SystemEnvironment::default())).await.unwrap());
    let before = restored.bounds().await.unwrap();
    assert!(matches!(copy(&source, &restored).await, Err(CopyError::OtherUnfinished)));
    assert_untouched(&restored, before).await;
}

/// Another store of the same name: as it was put back to revision 2, and then went another way.
async fn another_way(source: &Arc<MemoryBackend>) -> Arc<MemoryBackend> {
    source.reopen();
    let log = source.scan(ScanFrom::After(Position(0)), ScanLimits::default()).await.expect("it can be done");
    let other = Arc::new(MemoryBackend::new());
    other.append(Position(0), log[..2].into()).await.expect("it can be done");
    let store = open(&other).await;
    for key in ["x", "y", "z"] {
        store.put(put(key, "1")).await.expect("it can be done");
    }
    store.close().await.expect("it can be done");
    other
}

#[tokio::test]
async fn a_source_that_went_another_way_since_the_copy_was_cut_off_is_noticed() {
    let source = sample().await;
    let other = another_way(&source).await;
    let target = cut_off(&source, 4).await;
    let before = target.bounds().await.unwrap();
    assert!(matches!(copy(&other, &target).await, Err(CopyError::Diverged)));
    assert_untouched(&target, before).await;
    copy(&source, &target).await.unwrap();
}

/// The index does not know values.
#[tokio::test]
async fn a_value_that_is_another_one_is_noticed_before_the_copy_is_a_store() {
    let source = sample().await;
    let target = cut_off(&source, 1).await;
    let end = target.bounds().await.unwrap();
    let found = source.scan(ScanFrom::Revision(Revision(2)), ScanLimits { commits: 1, bytes: 1 }).await.unwrap();
    let mut mutation = found[0].mutations[0].clone();
    mutation.value = Bytes::from_static(b"?");
    let forged = Commit {
        position: end.position.next(),
        revision: Revision(2),
        id: CommitId(1),
        mutations: vec![mutation],
        controls: Vec::new(),
    };
    target.append(end.position, Arc::from([forged])).await.unwrap();
    assert!(matches!(copy(&source, &target).await, Err(CopyError::Differs(_))));
    let opened = Store::open(Arc::clone(&target) as _, StoreOptions::default()).await;
    assert!(matches!(opened, Err(OpenError::Unfinished)));
}

#[tokio::test]
async fn another_writer_in_the_destination_is_noticed() {
    let (source, target) = (sample().await, Arc::new(MemoryBackend::new()));
    let gate = Gate::open(Arc::clone(&target) as _);
    gate.shut();
    let copying = copy_of(&source, Arc::clone(&gate) as _);
    let copying = tokio::spawn(async move { copying.run(&mut Steps::default()).await });
    while gate.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    open(&target).await;
    gate.let_through(usize::MAX >> 4);
    assert!(matches!(copying.await.unwrap(), Err(CopyError::Contended)));
}

/// The store had looked before the copy began, so only its append finds out.
#[tokio::test]
async fn a_store_that_opens_while_a_copy_begins_gives_way() {
    let (source, target) = (sample().await, Arc::new(MemoryBackend::shared()));
    let gate = Gate::open(Arc::clone(&target) as _);
    gate.shut();
    let opening = tokio::spawn(Store::open(Arc::clone(&gate) as _, StoreOptions::default()));
    while gate.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let faults = Arc::new(FaultBackend::new(Arc::clone(&target) as _));
    faults.script([Fault::None, Fault::Refused]);
    let cut_off = copy_of(&source, faults).run(&mut Steps::default()).await;
    assert!(matches!(cut_off, Err(CopyError::Destination(_))));
    gate.let_through(usize::MAX >> 4);
    assert!(matches!(opening.await.unwrap(), Err(OpenError::Unfinished)));
    copy(&source, &target).await.unwrap();
}

/// A store on a log that others may write to, and a copy of it that is held up before its first append.
struct Live {
    store: Store,
    gate: Arc<Gate>,
    target: Arc<MemoryBackend>,
    copying: tokio::task::JoinHandle<(CopyOutcome, Vec<CopyStep>)>,
}

impl Live {
    async fn begin() -> Self {
        let source = Arc::new(MemoryBackend::shared());
        let store = open(&source).await;
        for value in ["1", "2", "3"] {
            store.put(put("a", value)).await.expect("it can be done");
        }
        let target = Arc::new(MemoryBackend::new());
        let gate = Gate::open(Arc::clone(&target) as _);
        gate.shut();
        let copying = copy_of(&source, Arc::clone(&gate) as _).in_parts_of(ScanLimits { commits: 1, bytes: 1 });
        let copying = tokio::spawn(async move {
            let mut steps = Steps::default();
            (copying.run(&mut steps).await.expect("it succeeds"), steps.0)
        });
        while gate.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        Self { store, gate, target, copying }
    }

    async fn end(self) -> (CopyOutcome, Vec<CopyStep>, Store) {
        self.gate.let_through(usize::MAX >> 4);
        let (outcome, steps) = self.copying.await.expect("no panic");
        (outcome, steps, open(&self.target).await)
    }
}

#[tokio::test]
async fn what_others_write_meanwhile_is_not_in_the_copy_and_it_says_so() {
    let live = Live::begin().await;
    live.store.put(put("b", "later")).await.unwrap();
    let (outcome, _, copied) = live.end().await;
    assert_eq!((outcome.revision, outcome.keys, outcome.is_behind), (Revision(4), 1, true));
    assert_eq!(copied.revision(), Revision(4));
}

#[tokio::test]
async fn a_compaction_by_others_meanwhile_is_noticed_and_the_copy_is_as_after_it() {
    let live = Live::begin().await;
    live.store.put(put("a", "4")).await.unwrap();
    live.store.compact(Revision(5), true).await.unwrap();
    let store = live.store.clone();
    let (outcome, steps, copied) = live.end().await;
    assert!(steps.contains(&CopyStep::Again), "{steps:?}");
    assert_eq!((outcome.revision, outcome.compact_revision), (Revision(5), Revision(5)));
    assert_eq!(copied.hash_kv(Revision(0)).await.unwrap(), store.hash_kv(Revision(0)).await.unwrap());
}

/// Shuts the gate's scans once, when the copy has taken something.
struct Shutting<'a>(Option<&'a Gate>);

impl CopyObserver for Shutting<'_> {
    fn step(&mut self, _: CopyStep) {}
    fn advance(&mut self, _: u64) {
        if let Some(gate) = self.0.take() {
            gate.scans.shut();
        }
    }
}

/// It was compacted before, and the sweep goes on while it is copied: a deletion that is gone by then must not leave its key alive.
#[tokio::test]
async fn a_source_that_is_swept_while_it_is_copied_is_copied_as_it_is() {
    let memory = Arc::new(MemoryBackend::shared());
    let store = Store::open(Arc::clone(&memory) as _, StoreOptions::default()).await.unwrap();
    store.put(put("k", "1")).await.unwrap();
    store.put(put("a", "1")).await.unwrap();
    store.delete_range(DeleteRangeRequest { keys: keys("k", ""), prev_kv: false }).await.unwrap();
    store.put(put("b", "1")).await.unwrap();
    let holding_up_the_sweep = store.export().await.unwrap();
    store.compact(Revision(5), false).await.unwrap();

    let (gate, to) = (Gate::open(Arc::clone(&memory) as _), Arc::new(MemoryBackend::new()));
    let copy = StoreCopy::new(Arc::clone(&gate) as _, Arc::clone(&to) as _, Arc::new(SystemEnvironment::default()))
        .in_parts_of(ScanLimits { commits: 1, bytes: 1 });
    let is_b = |mutation: &Mutation| &*mutation.key == b"b";
    let sweep = async {
        while gate.scans.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        drop(holding_up_the_sweep);
        let deletion = ScanLimits { commits: 1, bytes: 1 };
        while !memory.scan(ScanFrom::Revision(Revision(4)), deletion).await.unwrap()[0].mutations.iter().all(is_b) {
            tokio::task::yield_now().await;
        }
        gate.scans.open();
    };
    let mut shutting = Shutting(Some(&gate));
    let (copied, ()) = tokio::join!(copy.run(&mut shutting), sweep);
    assert_eq!(copied.expect("it is copied").keys, 2);
    store.close().await.unwrap();
}
