use etcd_client::{Client, GetOptions, LeaseGrantOptions, LockOptions};
use tonic::Code;

use crate::common::{TestServer, soon, status_of};

async fn lease(client: &mut Client, id: i64) -> LockOptions {
    client.lease_grant(60, Some(LeaseGrantOptions::new().with_id(id))).await.unwrap();
    LockOptions::new().with_lease(id)
}

/// Waits until the queue of the name has `count` keys, and says which they are, oldest first.
async fn queue(client: &mut Client, name: &str, count: usize) -> Vec<String> {
    soon(async {
        loop {
            let options = GetOptions::new()
                .with_prefix()
                .with_sort(etcd_client::SortTarget::Create, etcd_client::SortOrder::Ascend);
            let keys = client.get(format!("{name}/"), Some(options)).await.unwrap();
            if keys.kvs().len() == count {
                return keys.kvs().iter().map(|kv| kv.key_str().unwrap().to_owned()).collect();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Waits until there are so many watchers: one for each who waits for a lock.
async fn watchers(server: &TestServer, count: usize) {
    soon(async {
        while server.store.status().watch.watchers != count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_lock_is_a_key_of_the_lease_and_unlocking_deletes_it() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let options = lease(&mut client, 77).await;
    let locked = client.lock("name", Some(options.clone())).await.unwrap();
    assert_eq!((locked.key(), locked.header().unwrap().revision()), (&b"name/4d"[..], 2));
    let again = client.lock("name", Some(options)).await.unwrap();
    assert_eq!((again.key(), again.header().unwrap().revision()), (&b"name/4d"[..], 2), "the lease has it already");
    assert_eq!(client.unlock("name/4d").await.unwrap().header().unwrap().revision(), 3);
    assert!(queue(&mut client, "name", 0).await.is_empty());
}

#[tokio::test]
async fn who_has_no_lease_gets_one_of_a_minute() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let key = client.lock("name", None).await.unwrap().key().to_vec();
    let leases = client.leases().await.unwrap();
    let [granted] = leases.leases() else { panic!("one lease was expected, not {leases:?}") };
    assert_eq!(key, format!("name/{:x}", granted.id()).into_bytes());
    assert_eq!(client.lease_time_to_live(granted.id(), None).await.unwrap().granted_ttl(), 60);
}

#[tokio::test]
async fn those_who_wait_get_the_lock_in_the_order_in_which_they_came() {
    const WAITERS: i64 = 5;
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for id in 1..=WAITERS {
        let options = lease(&mut client, id).await;
        let mut waiter = client.clone();
        tokio::spawn(async move { waiter.lock("name", Some(options)).await });
        queue(&mut client, "name", usize::try_from(id).unwrap()).await;
    }
    watchers(&server, 4).await;
    for id in 1..=WAITERS {
        let again = client.lock("name", Some(LockOptions::new().with_lease(id)));
        assert_eq!(soon(again).await.unwrap().key(), format!("name/{id:x}").as_bytes());
        client.unlock(format!("name/{id:x}")).await.unwrap();
    }
}

#[tokio::test]
async fn the_end_of_a_lease_frees_its_lock() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let (first, second) = (lease(&mut client, 1).await, lease(&mut client, 2).await);
    client.lock("name", Some(first)).await.unwrap();
    let mut waiter = client.clone();
    let waiting = tokio::spawn(async move { waiter.lock("name", Some(second)).await });
    queue(&mut client, "name", 2).await;
    let revoked = client.lease_revoke(1).await.unwrap().header().unwrap().revision();
    assert_eq!(soon(waiting).await.unwrap().unwrap().header().unwrap().revision(), revoked);
}

#[tokio::test]
async fn who_gives_up_waiting_leaves_the_queue() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let (first, second) = (lease(&mut client, 1).await, lease(&mut client, 2).await);
    client.lock("name", Some(first)).await.unwrap();
    let mut waiter = client.clone();
    let waiting = tokio::spawn(async move { waiter.lock("name", Some(second)).await });
    queue(&mut client, "name", 2).await;
    waiting.abort();
    assert_eq!(queue(&mut client, "name", 1).await, ["name/1"]);
}

#[tokio::test]
async fn a_waiter_whose_connection_breaks_leaves_the_queue() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let (first, second) = (lease(&mut client, 1).await, lease(&mut client, 2).await);
    client.lock("name", Some(first)).await.unwrap();
    let mut waiter = server.client().await;
    let waiting = tokio::spawn(async move { waiter.lock("name", Some(second)).await });
    queue(&mut client, "name", 2).await;
    waiting.abort();
    assert_eq!(queue(&mut client, "name", 1).await, ["name/1"]);
    watchers(&server, 0).await;
}

#[tokio::test]
async fn a_waiter_whose_lease_ends_is_told_at_its_turn() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let (first, second) = (lease(&mut client, 1).await, lease(&mut client, 2).await);
    client.lock("name", Some(first)).await.unwrap();
    let mut waiter = client.clone();
    let waiting = tokio::spawn(async move { waiter.lock("name", Some(second)).await });
    queue(&mut client, "name", 2).await;
    client.lease_revoke(2).await.unwrap();
    client.unlock("name/1").await.unwrap();
    let expired = (Code::Unknown, "mutex: session is expired".to_owned());
    assert_eq!(status_of(soon(waiting).await.unwrap()), expired);
}

#[tokio::test]
async fn a_shutdown_ends_the_waiting() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let (first, second) = (lease(&mut client, 1).await, lease(&mut client, 2).await);
    client.lock("name", Some(first)).await.unwrap();
    let mut waiter = client.clone();
    let waiting = tokio::spawn(async move { waiter.lock("name", Some(second)).await });
    queue(&mut client, "name", 2).await;
    server.stop();
    assert_eq!(status_of(soon(waiting).await.unwrap()).0, Code::Unavailable);
    drop(client);
    server.stopped().await;
}

#[tokio::test]
async fn errors_have_etcds_texts_and_no_code() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let unknown = status_of(client.lock("name", Some(LockOptions::new().with_lease(5))).await);
    assert_eq!(unknown, (Code::Unknown, "etcdserver: requested lease not found".to_owned()));
    let large = status_of(client.lock(vec![b'n'; 1_600_000], None).await);
    assert_eq!(large, (Code::Unknown, "etcdserver: request is too large".to_owned()));
    let no_key = status_of(client.unlock("").await);
    assert_eq!(no_key, (Code::Unknown, "etcdserver: key is not provided".to_owned()));
}
