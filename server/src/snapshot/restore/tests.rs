use std::io::{Read as _, Seek as _, Write as _};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use storage_core::auth::{AuthChange, PasswordHash, Permission, PermissionKind};
use storage_core::backend::{Fault, FaultBackend};
use storage_core::{
    Backend, DeleteRangeRequest, KeyRange, LeaseId, MemoryBackend, OpenError, PutLease, PutRequest, RestoreError,
    Revision, Store, StoreOptions,
};
use tempfile::{NamedTempFile, TempDir};

use super::{Options, Snapshot, SnapshotError};
use crate::options::{EmulatedVersion, MemberOptions};
use crate::progress::Progress;
use crate::snapshot::Origin;
use crate::snapshot::save::save;

const SKIP: Options = Options { skip_hash_check: true, bump_revision: None };

async fn open(backend: Arc<dyn Backend>) -> Store {
    Store::open(backend, StoreOptions::default()).await.expect("it opens")
}

fn put(key: &str, value: &str) -> PutRequest {
    PutRequest::new(key.as_bytes(), value.to_owned().into())
}

/// A bit of everything: updates, tombstones before and after a compaction, a lease, users and roles.
async fn sample() -> Store {
    let store = open(Arc::new(MemoryBackend::new())).await;
    store.lease_grant(LeaseId(-7), 600).await.unwrap();
    for n in 0..30 {
        store.put(put(&format!("k{}", n % 7), &"v".repeat(n * 5))).await.unwrap();
    }
    store.put(PutRequest { lease: PutLease::Set(LeaseId(-7)), ..put("leased", "x") }).await.unwrap();
    let delete = |key: &str| DeleteRangeRequest { keys: KeyRange::new(key.as_bytes(), b""), prev_kv: false };
    store.delete_range(delete("k3")).await.unwrap();
    store.compact(store.revision(), false).await.unwrap();
    store.delete_range(delete("k4")).await.unwrap();
    store.put(put("k3", "again")).await.unwrap();
    let name = |name: &str| Arc::from(name);
    let permission = Permission { kind: PermissionKind::ReadWrite, keys: KeyRange::new(b"a", b"b") };
    for change in [
        AuthChange::RoleAdd { name: name("r") },
        AuthChange::RoleGrantPermission { role: name("r"), permission: Some(permission) },
        AuthChange::UserAdd { name: name("u"), password: Some(PasswordHash::new("$2b$04$abc")) },
        AuthChange::UserAdd { name: name("certified"), password: None },
        AuthChange::UserGrantRole { user: name("u"), role: name("r") },
    ] {
        store.change_auth(change).await.unwrap();
    }
    store
}

/// The snapshot's database, without a sum.
async fn database(store: &Store) -> Vec<u8> {
    let origin = Origin { member: MemberOptions::default(), version: EmulatedVersion::default() };
    let directory = TempDir::new().unwrap();
    let mut saved = save(store.export().await.unwrap(), origin, directory.path()).await.unwrap();
    let mut bytes = Vec::new();
    saved.file.rewind().unwrap();
    saved.file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, saved.bytes);
    bytes
}

fn with_sum(mut database: Vec<u8>) -> Vec<u8> {
    let sum = Sha256::digest(&database);
    database.extend_from_slice(&sum);
    database
}

fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

async fn restore(content: &[u8], options: Options, backend: Arc<dyn Backend>) -> Result<(), SnapshotError> {
    let file = file(content);
    let mut progress = Progress::silent();
    Snapshot::open(file.path(), options, &mut progress)?.restore(backend, &mut progress).await
}

async fn assert_same(store: &Store, other: &Store) {
    let (status, other_status) = (store.status(), other.status());
    assert_eq!(status.revision, other_status.revision);
    assert_eq!(status.compact_revision, other_status.compact_revision);
    for revision in status.compact_revision.0.max(2)..=status.revision.0 {
        let (hash, other) = (store.hash_kv(Revision(revision)).await, other.hash_kv(Revision(revision)).await);
        assert_eq!(hash, other, "at revision {revision}");
    }
}

#[tokio::test]
async fn a_restored_store_has_what_the_snapshot_had() {
    let store = sample().await;
    let backend = Arc::new(MemoryBackend::new());
    restore(&with_sum(database(&store).await), Options::default(), backend.clone()).await.unwrap();
    let restored = open(backend).await;
    assert_same(&store, &restored).await;
    let lease = restored.lease_time_to_live(LeaseId(-7), true).await.unwrap();
    assert_eq!((lease.granted_ttl, lease.keys.len()), (600, 1));
    let (auth, expected) = (restored.auth(), store.auth());
    assert_eq!((auth.is_enabled(), auth.revision()), (expected.is_enabled(), expected.revision()));
    assert!(auth.users().eq(expected.users()) && auth.roles().eq(expected.roles()));
    assert_eq!(auth.users().count(), 2);
    assert_ne!(restored.identity().cluster_id, store.identity().cluster_id, "it is another cluster");
}

#[tokio::test]
async fn a_restored_store_goes_on_and_can_be_saved_again() {
    let first = sample().await;
    let backend = Arc::new(MemoryBackend::new());
    restore(&database(&first).await, SKIP, backend.clone()).await.unwrap();
    let second = open(backend).await;
    for store in [&first, &second] {
        let put = store.put(put("k1", "later")).await.unwrap();
        assert_eq!(put.revision, first.revision());
    }
    assert_same(&first, &second).await;
    let backend = Arc::new(MemoryBackend::new());
    restore(&database(&second).await, SKIP, backend.clone()).await.unwrap();
    assert_same(&first, &open(backend).await).await;
}

#[tokio::test]
async fn an_empty_store_comes_back_empty() {
    let store = open(Arc::new(MemoryBackend::new())).await;
    let backend = Arc::new(MemoryBackend::new());
    restore(&database(&store).await, SKIP, backend.clone()).await.unwrap();
    let restored = open(backend).await;
    assert_eq!((restored.revision(), restored.status().compact_revision), (Revision(1), Revision(-1)));
}

#[tokio::test]
async fn a_raised_revision_closes_all_before_it() {
    let store = sample().await;
    let before = store.revision();
    let bump = Options { bump_revision: Some(1_000_000), ..SKIP };
    let backend = Arc::new(MemoryBackend::new());
    restore(&database(&store).await, bump, backend.clone()).await.unwrap();
    let restored = open(backend).await;
    let status = restored.status();
    assert_eq!(status.revision, Revision(before.0 + 1_000_000));
    assert_eq!(status.compact_revision, status.revision);
    restored.put(put("next", "v")).await.unwrap();
    let keys = restored.range(storage_core::RangeRequest::new(KeyRange::new(b"\0", b"\0"))).await.unwrap();
    assert!(keys.kvs.iter().all(|kv| !kv.key.is_empty()), "the mark is no key");
    // The mark stays through another copy.
    let backend = Arc::new(MemoryBackend::new());
    restore(&database(&restored).await, SKIP, backend.clone()).await.unwrap();
    assert_same(&restored, &open(backend).await).await;
}

#[tokio::test]
async fn a_file_without_its_sum_or_with_another_is_refused_before_anything_is_written() {
    let database = database(&sample().await).await;
    let backend = Arc::new(MemoryBackend::new());
    let refused = restore(&database, Options::default(), backend.clone()).await;
    assert!(matches!(refused, Err(SnapshotError::NoSum)));
    let mut altered = with_sum(database);
    for at in (0..altered.len()).step_by(131).chain([altered.len() - 1]) {
        altered[at] ^= 0x40;
        let refused = restore(&altered, Options::default(), backend.clone()).await;
        assert!(matches!(refused, Err(SnapshotError::WrongSum)), "byte {at}");
        altered[at] ^= 0x40;
    }
    for len in [0, 31, 32, 4096, altered.len() / 2, altered.len() - 1] {
        assert!(restore(&altered[..len], Options::default(), backend.clone()).await.is_err(), "cut at {len}");
    }
    assert_eq!(backend.bounds().await.unwrap(), Default::default());
}

/// Without the sum not all can be noticed. But what is restored is what is in the file, and nothing panics.
#[tokio::test]
async fn an_altered_file_without_a_sum_is_refused_or_restored_as_it_is() {
    let mut altered = database(&sample().await).await;
    for at in 0..altered.len() {
        let original = altered[at];
        altered[at] ^= [0x01, 0x80, 0xff][at % 3];
        // A free page, or what follows the content of a page, is not looked at.
        if original != 0 || at % 61 == 0 {
            let backend = Arc::new(MemoryBackend::new());
            match restore(&altered, SKIP, backend.clone()).await {
                Ok(()) => drop(open(backend).await),
                Err(SnapshotError::Storage(error)) => panic!("byte {at}: noticed too late: {error}"),
                Err(_) => assert_eq!(backend.bounds().await.unwrap(), Default::default(), "byte {at}"),
            }
        }
        altered[at] = original;
    }
}

#[tokio::test]
async fn a_storage_that_is_not_empty_is_left_alone() {
    let backend = Arc::new(MemoryBackend::new());
    open(backend.clone()).await.close().await.unwrap();
    backend.reopen();
    let before = backend.bounds().await.unwrap();
    let refused = restore(&database(&sample().await).await, SKIP, backend.clone()).await;
    assert!(matches!(refused, Err(SnapshotError::Storage(RestoreError::NotEmpty))));
    assert_eq!(backend.bounds().await.unwrap(), before);
}

#[tokio::test]
async fn a_restore_that_was_cut_off_anywhere_leaves_nothing_that_opens() {
    let database = database(&sample().await).await;
    for appends in 1.. {
        let inner = Arc::new(MemoryBackend::new());
        let backend = Arc::new(FaultBackend::new(inner.clone()));
        backend.script(std::iter::repeat_n(Fault::None, appends).chain([Fault::Poison]));
        if restore(&database, SKIP, backend.clone()).await.is_ok() {
            assert!(appends > 2);
            open(inner).await;
            return;
        }
        let opened = Store::open(inner.clone(), StoreOptions::default()).await;
        assert!(matches!(opened, Err(OpenError::Unfinished)), "after {appends} appends");
        let refused = restore(&database, SKIP, inner).await;
        assert!(matches!(refused, Err(SnapshotError::Storage(RestoreError::Unfinished))));
    }
}
