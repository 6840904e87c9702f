//! Leases belong to who may write their keys.

use storage_core::{LeaseId, PutLease, PutRequest};

use super::*;
use crate::support::put;

/// Lease 1 has keys of both users, lease 2 one of `a`'s, lease 3 none.
async fn world() -> Store {
    let store = open().await;
    user(&store, "a", &[(ReadWrite, "a", "")]).await;
    user(&store, "reader", &[(Read, "a", "c")]).await;
    for id in 1..=3 {
        store.lease_grant(LeaseId(id), 60).await.expect("granted");
    }
    for (key, lease) in [("a", 2), ("b", 1), ("b2", 1)] {
        let put = PutRequest { lease: PutLease::Set(LeaseId(lease)), ..put(key, "x") };
        store.put(put).await.expect("put");
    }
    enable(&store).await;
    store
}

#[tokio::test]
async fn leases_are_nobodys_without_a_user() {
    let nobody = world().await.for_client(None);
    assert_eq!(nobody.lease_grant(LeaseId(9), 60).await.map(drop), Err(USER_EMPTY));
    for id in [LeaseId(1), LeaseId(3), LeaseId(99)] {
        assert_eq!(nobody.lease_revoke(id).await.map(drop), Err(USER_EMPTY));
        assert_eq!(nobody.lease_keep_alive(id).await.map(drop), Err(USER_EMPTY));
        assert_eq!(nobody.lease_time_to_live(id, false).await.map(drop), Err(USER_EMPTY));
        assert_eq!(nobody.lease_time_to_live(id, true).await.map(drop), Err(USER_EMPTY));
    }
    assert_eq!(nobody.leases().await.map(drop), Err(USER_EMPTY));
}

#[tokio::test]
async fn whoever_is_somebody_may_grant_a_lease_and_end_one_without_keys() {
    let store = world().await;
    let reader = by(&store, "reader");
    assert_eq!(reader.lease_grant(LeaseId(9), 60).await.map(drop), Ok(()));
    assert_eq!(reader.lease_keep_alive(LeaseId(9)).await.map(|r| r.ttl), Ok(60));
    assert_eq!(reader.lease_revoke(LeaseId(9)).await.map(drop), Ok(()));
    assert_eq!(reader.lease_revoke(LeaseId(9)).await, Err(StoreError::LeaseNotFound));
    assert_eq!(reader.lease_keep_alive(LeaseId(9)).await.map(|r| r.ttl), Ok(0));
    let unknown = by(&store, "nobody knows this one");
    assert_eq!(unknown.lease_grant(LeaseId(9), 60).await.map(drop), Ok(()), "who it is is not asked: as in etcd");
}

#[tokio::test]
async fn revoking_and_renewing_need_to_write_all_keys_of_the_lease() {
    let store = world().await;
    let a = by(&store, "a");
    assert_eq!(a.lease_keep_alive(LeaseId(1)).await.map(drop), Err(DENIED));
    assert_eq!(a.lease_revoke(LeaseId(1)).await, Err(DENIED));
    assert_eq!(a.lease_keep_alive(LeaseId(2)).await.map(|r| r.ttl), Ok(60));
    assert_eq!(a.lease_revoke(LeaseId(2)).await.map(drop), Ok(()));
    assert_eq!(by(&store, "reader").lease_revoke(LeaseId(1)).await, Err(DENIED), "reading them is not enough");
    assert_eq!(by(&store, ROOT).lease_revoke(LeaseId(1)).await.map(drop), Ok(()));
}

#[tokio::test]
async fn the_keys_of_leases_are_shown_to_who_may_read_them() {
    let store = world().await;
    let (a, reader) = (by(&store, "a"), by(&store, "reader"));
    assert_eq!(a.lease_time_to_live(LeaseId(1), false).await.map(|r| r.granted_ttl), Ok(60), "a time is not secret");
    assert_eq!(a.lease_time_to_live(LeaseId(1), true).await.map(drop), Err(DENIED));
    assert_eq!(a.lease_time_to_live(LeaseId(2), true).await.map(|r| r.keys.len()), Ok(1));
    assert_eq!(a.lease_time_to_live(LeaseId(99), true).await.map(|r| r.ttl), Ok(-1));
    assert_eq!(reader.lease_time_to_live(LeaseId(1), true).await.map(|r| r.keys.len()), Ok(2));
    assert_eq!(reader.leases().await.map(|(_, ids)| ids.len()), Ok(3));
    assert_eq!(a.leases().await.map(drop), Err(DENIED), "some lease has a key that it may not read");
    assert_eq!(by(&store, ROOT).leases().await.map(|(_, ids)| ids.len()), Ok(3));
}

#[tokio::test]
async fn root_may_use_leases_at_any_auth_revision_and_others_not() {
    let store = world().await;
    let (a, root) = (by(&store, "a"), by(&store, ROOT));
    all(&store, [user_add("somebody else")]).await;
    assert_eq!(a.lease_keep_alive(LeaseId(2)).await.map(drop), Err(OLD_REVISION));
    assert_eq!(a.lease_keep_alive(LeaseId(3)).await.map(|r| r.ttl), Ok(60), "no keys, nothing to ask");
    assert_eq!(root.lease_keep_alive(LeaseId(1)).await.map(|r| r.ttl), Ok(60));
    assert_eq!(root.leases().await.map(drop), Ok(()));
}
