//! A copy of a store while it is in use.

use std::sync::Arc;

use storage_core::{DeleteRangeRequest, Export, LeaseId, MemoryBackend, Revision, Store, StoreOptions};

use crate::support::{keys, put, range};

async fn open() -> Store {
    Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.expect("it opens")
}

async fn versions(export: &mut Export) -> Vec<(i64, Vec<u8>, bool)> {
    let mut found = Vec::new();
    loop {
        let part = export.next().await.expect("it can be read");
        if part.is_empty() {
            return found;
        }
        found.extend(part.iter().map(|m| (m.meta.id.revision.0, m.key.to_vec(), m.meta.is_tombstone())));
    }
}

#[tokio::test]
async fn an_export_is_what_was_there_when_it_began() {
    let store = open().await;
    store.lease_grant(LeaseId(7), 60).await.unwrap();
    store.put(put("a", "1")).await.unwrap();
    store.put(put("b", "1")).await.unwrap();
    let mut export = store.export().await.unwrap();
    store.put(put("a", "2")).await.unwrap();
    store.lease_revoke(LeaseId(7)).await.unwrap();
    assert_eq!(versions(&mut export).await, [(2, b"a".to_vec(), false), (3, b"b".to_vec(), false)]);
    let state = export.state();
    assert_eq!((state.revision, state.compact_revision), (Revision(3), Revision(-1)));
    assert_eq!((state.leases.len(), state.leases[0].ttl, state.leases[0].remaining_ttl), (1, 60, 60));
}

#[tokio::test]
async fn an_export_leaves_out_what_a_compaction_removes() {
    let store = open().await;
    store.put(put("a", "1")).await.unwrap();
    store.put(put("a", "2")).await.unwrap();
    store.delete_range(DeleteRangeRequest { keys: keys("a", ""), prev_kv: false }).await.unwrap();
    store.put(put("b", "1")).await.unwrap();
    store.compact(Revision(4), false).await.unwrap();
    // Swept or not yet: the same.
    let mut export = store.export().await.unwrap();
    assert_eq!(versions(&mut export).await, [(4, b"a".to_vec(), true), (5, b"b".to_vec(), false)]);
}

#[tokio::test]
async fn a_compaction_closes_revisions_but_removes_nothing_that_an_export_still_has_to_read() {
    let store = open().await;
    store.put(put("a", "1")).await.unwrap();
    store.put(put("a", "2")).await.unwrap();
    let mut export = store.export().await.unwrap();
    let sweep = tokio::spawn({
        let store = store.clone();
        async move { store.compact(Revision(3), true).await }
    });
    while store.status().compact_revision < Revision(3) {
        tokio::task::yield_now().await;
    }
    assert_eq!(versions(&mut export).await.len(), 2);
    assert!(!sweep.is_finished());
    drop(export);
    sweep.await.unwrap().unwrap();
    assert_eq!(store.range(range("\0", "\0")).await.unwrap().kvs.len(), 1);
}
