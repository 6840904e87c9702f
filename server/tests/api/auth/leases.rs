//! A lease is as good as the keys that it may delete.

use etcd_client::{Client, LeaseGrantOptions, LeaseTimeToLiveOptions, Permission, PutOptions};

use super::*;
use crate::common::soon;

const LEASE: i64 = 7;

/// A lease of root's with a key of root's.
async fn with_roots_lease(role: Permission) -> (TestServer, Client, Client) {
    let server = guarded(role).await;
    let (mut root, alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    root.lease_grant(60, Some(LeaseGrantOptions::new().with_id(LEASE))).await.unwrap();
    root.put("root's", "v", Some(PutOptions::new().with_lease(LEASE))).await.unwrap();
    (server, root, alice)
}

fn with_keys() -> Option<LeaseTimeToLiveOptions> {
    Some(LeaseTimeToLiveOptions::new().with_keys())
}

#[tokio::test]
async fn leases_need_a_user() {
    let server = guarded(Permission::read_write("a").with_prefix()).await;
    let (mut nobody, mut alice) = (server.client().await, log_in(&server, "alice").await);
    assert_eq!(status_of(nobody.lease_grant(60, None).await), EMPTY);
    assert_eq!(status_of(nobody.lease_revoke(1).await), EMPTY);
    assert_eq!(status_of(nobody.lease_time_to_live(1, None).await), EMPTY);
    assert_eq!(status_of(nobody.leases().await), EMPTY);
    let lease = alice.lease_grant(60, None).await.unwrap().id();
    alice.put("a", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    assert_eq!(alice.lease_time_to_live(lease, with_keys()).await.unwrap().keys(), [b"a"]);
    assert_eq!(alice.leases().await.unwrap().leases().len(), 1);
    alice.lease_revoke(lease).await.unwrap();
}

#[tokio::test]
async fn who_may_not_write_a_lease_s_keys_may_neither_use_nor_end_it() {
    let (_server, _root, mut alice) = with_roots_lease(Permission::read_write("a").with_prefix()).await;
    let attached = alice.put("a", "v", Some(PutOptions::new().with_lease(LEASE))).await;
    assert_eq!(status_of(attached), DENIED);
    assert_eq!(status_of(alice.lease_revoke(LEASE).await), DENIED);
    assert_eq!(alice.lease_time_to_live(LEASE, None).await.unwrap().granted_ttl(), 60);
    assert_eq!(status_of(alice.lease_time_to_live(LEASE, with_keys()).await), DENIED);
    assert_eq!(status_of(alice.leases().await), DENIED);
}

#[tokio::test]
async fn who_may_read_a_lease_s_keys_may_look_at_it() {
    let (_server, _root, mut alice) = with_roots_lease(Permission::read("a").with_from_key()).await;
    assert_eq!(alice.lease_time_to_live(LEASE, with_keys()).await.unwrap().keys(), [b"root's"]);
    assert_eq!(alice.leases().await.unwrap().leases().len(), 1);
    assert_eq!(status_of(alice.lease_revoke(LEASE).await), DENIED);
}

#[tokio::test]
async fn each_renewal_of_a_stream_is_checked() {
    let (_server, mut root, mut alice) = with_roots_lease(Permission::write("root's")).await;
    let (mut keeper, mut answers) = alice.lease_keep_alive(LEASE).await.unwrap();
    root.role_revoke_permission("reader", "root's", None).await.unwrap();
    keeper.keep_alive().await.unwrap();
    assert_eq!(status_of(soon(answers.message()).await), DENIED);
}

#[tokio::test]
async fn a_renewal_needs_a_user() {
    let (server, _root, _alice) = with_roots_lease(Permission::read("a")).await;
    let mut nobody = server.client().await;
    let renewed = match nobody.lease_keep_alive(LEASE).await {
        Ok((_, mut answers)) => soon(answers.message()).await.map(drop),
        Err(error) => Err(error),
    };
    assert_eq!(status_of(renewed), EMPTY);
}
