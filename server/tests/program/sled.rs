//! The server on sled, as an operator runs it.

use std::sync::Arc;

use backend_sled::{SledBackend, SledOptions};
use etcd_client::GetOptions;
use tempfile::tempdir;

use crate::copy_refused::leave_half_a_restore;
use crate::process::Process;
use crate::restore::{restore, save};

const STORAGE: &str = "--storage=sled:store";

#[tokio::test]
async fn data_on_sled_outlives_an_orderly_end_and_a_kill() {
    let folder = tempdir().unwrap();
    let mut process = Process::ready(folder.path(), &[STORAGE]).await;
    process.client().await.put("a", "1", None).await.unwrap();
    process.terminate();
    assert!(process.ended().await.success());

    let mut process = Process::ready(folder.path(), &[STORAGE]).await;
    process.client().await.put("b", "2", None).await.unwrap();
    process.kill();
    assert!(!process.ended().await.success());

    let process = Process::ready(folder.path(), &[STORAGE]).await;
    let all = process.client().await.get("", Some(GetOptions::new().with_all_keys())).await.unwrap();
    let pairs: Vec<_> = all.kvs().iter().map(|kv| (kv.key(), kv.value(), kv.mod_revision())).collect();
    assert_eq!(pairs, [(&b"a"[..], &b"1"[..], 2), (b"b", b"2", 3)]);
}

#[tokio::test]
async fn a_snapshot_is_restored_into_sled_and_served() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    restore(folder.path(), &[STORAGE]).await;
    let process = Process::ready(folder.path(), &[STORAGE]).await;
    let counted = GetOptions::new().with_all_keys().with_count_only();
    assert_eq!(process.client().await.get("", Some(counted)).await.unwrap().count(), 500);
}

#[tokio::test]
async fn a_restore_into_sled_that_was_cut_off_starts_over() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let backend = SledBackend::open(SledOptions::new(folder.path().join("store"))).await.unwrap();
    leave_half_a_restore(Arc::new(backend)).await;
    let any_port = "--listen-client-urls=http://127.0.0.1:0";
    let refused = Process::start(folder.path(), &[any_port, STORAGE]).refused().await;
    assert!(refused.contains("a restore or a copy that was not finished"), "{refused}");
    let restored = restore(folder.path(), &[STORAGE]).await;
    assert!(restored.has_said("starting over"), "{:#?}", restored.said);
    let server = Process::ready(folder.path(), &[STORAGE]).await;
    assert_eq!(server.client().await.get("k499", None).await.unwrap().kvs().len(), 1);
}
