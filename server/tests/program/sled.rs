//! The server on sled, as an operator runs it.

use etcd_client::GetOptions;
use tempfile::tempdir;

use crate::process::Process;

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
    crate::restore::save(folder.path()).await;
    crate::restore::restore(folder.path(), &[STORAGE]).await;
    let process = Process::ready(folder.path(), &[STORAGE]).await;
    let counted = GetOptions::new().with_all_keys().with_count_only();
    assert_eq!(process.client().await.get("", Some(counted)).await.unwrap().count(), 500);
}
