//! Locks and elections of users.

use etcd_client::Permission;
use tonic::Code::Unknown;

use super::*;
use crate::common::soon;

#[tokio::test]
async fn a_lock_needs_its_keys() {
    let server = guarded(Permission::read_write("a").with_prefix()).await;
    let (mut alice, mut nobody) = (log_in(&server, "alice").await, server.client().await);
    let locked = alice.lock("a", None).await.unwrap();
    assert_eq!(status_of(nobody.unlock(locked.key()).await), (Unknown, EMPTY.1));
    assert_eq!(status_of(nobody.lock("a", None).await), (Unknown, EMPTY.1));
    assert_eq!(status_of(alice.lock("b", None).await), (Unknown, DENIED.1));
    assert_eq!(status_of(alice.unlock("b").await), (Unknown, DENIED.1));
    alice.unlock(locked.key()).await.unwrap();
}

#[tokio::test]
async fn who_waits_for_a_lock_is_not_held_up_by_changes_of_users() {
    let server = guarded(Permission::read_write("a").with_prefix()).await;
    let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    let locked = root.lock("a", None).await.unwrap();
    let waiting = tokio::spawn(async move { alice.lock("a", None).await });
    soon(async {
        while server.store.status().watch.watchers == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    root.role_add("another").await.unwrap();
    root.unlock(locked.key()).await.unwrap();
    soon(waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_observer_hears_nothing_after_it_has_lost_the_permission() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    let lease = root.lease_grant(60, None).await.unwrap().id();
    root.campaign("a", "first", lease).await.unwrap();
    let mut observed = alice.observe("a").await.unwrap();
    assert_eq!(soon(observed.message()).await.unwrap().unwrap().kv().unwrap().value(), b"first");
    root.user_revoke_role("alice", "reader").await.unwrap();
    root.proclaim("second", None).await.ok();
    root.campaign("a", "second", lease).await.unwrap();
    assert_eq!(status_of(soon(observed.message()).await), (Unknown, DENIED.1));
    assert_eq!(status_of(alice.leader("a").await), (Unknown, DENIED.1));
}
