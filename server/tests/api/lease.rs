use std::sync::Arc;
use std::time::Duration;

use etcd_client::{GetOptions, LeaseGrantOptions, LeaseTimeToLiveOptions, PutOptions, WatchOptions};
use proto::etcdserverpb::LeaseKeepAliveRequest;
use proto::etcdserverpb::lease_client::LeaseClient;
use server::ServerOptions;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::{LeaseId, MemoryBackend, StoreOptions};

use crate::common::{TestServer, soon};

#[tokio::test]
async fn a_grant_chooses_an_id_or_takes_the_clients() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let chosen = client.lease_grant(60, None).await.unwrap();
    assert!(chosen.id() > 0);
    assert_eq!((chosen.ttl(), chosen.header().unwrap().revision()), (60, 1), "a lease takes no revision");
    let given = client.lease_grant(60, Some(LeaseGrantOptions::new().with_id(-7))).await.unwrap();
    assert_eq!(given.id(), -7);
}

#[tokio::test]
async fn a_short_lease_is_raised_to_the_lowest_one() {
    let server = TestServer::start().await;
    assert_eq!(server.client().await.lease_grant(1, None).await.unwrap().ttl(), 2);
}

#[tokio::test]
async fn a_revoke_deletes_the_keys_in_one_revision() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    for key in ["a", "b"] {
        client.put(key, "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    }
    assert_eq!(client.lease_revoke(lease).await.unwrap().header().unwrap().revision(), 4);
    let all = client.get("", Some(GetOptions::new().with_all_keys())).await.unwrap();
    assert_eq!(all.count(), 0);
}

#[tokio::test]
async fn renewals_are_answered_one_for_one_and_an_unknown_lease_with_zero() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    let (mut keeper, mut answers) = client.lease_keep_alive(lease).await.unwrap();
    for _ in 0..3 {
        keeper.keep_alive().await.unwrap();
    }
    for _ in 0..3 {
        let answer = soon(answers.message()).await.unwrap().unwrap();
        assert_eq!((answer.id(), answer.ttl()), (lease, 60));
    }
    client.lease_revoke(lease).await.unwrap();
    keeper.keep_alive().await.unwrap();
    let answer = loop {
        let answer = soon(answers.message()).await.unwrap().unwrap();
        if answer.ttl() == 0 {
            break answer;
        }
    };
    assert_eq!(answer.id(), lease);
}

#[tokio::test]
async fn renewals_of_one_stream_share_the_flushes_they_wait_for() {
    const LEASES: i64 = 200;
    const APPENDS: usize = 100_000;
    let backend = Arc::new(FaultBackend::new(Arc::new(MemoryBackend::new())));
    // So short that each renewal has to be on the disk before its answer.
    let options = StoreOptions { lease_checkpoint_interval: Duration::from_millis(1), ..Default::default() };
    let server = TestServer::over(backend.clone(), ServerOptions::default(), options).await;
    for id in 1..=LEASES {
        server.store.lease_grant(LeaseId(id), 60).await.unwrap();
    }
    backend.script([Fault::None; APPENDS]);
    let requests = futures_util::stream::iter((1..=LEASES).map(|id| LeaseKeepAliveRequest { id }));
    let mut leases = LeaseClient::new(server.channel().await);
    let mut answers = leases.lease_keep_alive(requests).await.unwrap().into_inner();
    for id in 1..=LEASES {
        let answer = soon(answers.message()).await.unwrap().unwrap();
        assert_eq!((answer.id, answer.ttl), (id, 60), "in order");
    }
    let appends = APPENDS - backend.pending();
    assert!(appends < 100, "{appends} appends for {LEASES} renewals");
}

#[tokio::test]
async fn time_to_live_says_what_is_left_and_which_keys() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    let options = LeaseTimeToLiveOptions::new().with_keys();
    let left = client.lease_time_to_live(lease, Some(options)).await.unwrap();
    assert!((58..=60).contains(&left.ttl()), "{}", left.ttl());
    assert_eq!((left.granted_ttl(), left.keys()), (60, &[b"k".to_vec()][..]));
    let without = client.lease_time_to_live(lease, None).await.unwrap();
    assert!(without.keys().is_empty());
    let unknown = client.lease_time_to_live(7, None).await.unwrap();
    assert_eq!((unknown.id(), unknown.ttl(), unknown.granted_ttl()), (7, -1, 0));
}

#[tokio::test]
async fn leases_are_listed() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for (id, ttl) in [(5, 300), (6, 60)] {
        client.lease_grant(ttl, Some(LeaseGrantOptions::new().with_id(id))).await.unwrap();
    }
    let leases = client.leases().await.unwrap();
    assert_eq!(leases.leases().iter().map(|lease| lease.id()).collect::<Vec<_>>(), [6, 5], "the next to expire first");
}

#[tokio::test]
async fn an_expired_lease_takes_its_keys_along_and_watchers_see_it() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(1, None).await.unwrap().id();
    client.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    let options = WatchOptions::new().with_start_revision(3).with_prev_key();
    let mut watch = client.watch("k", Some(options)).await.unwrap();
    assert!(soon(watch.message()).await.unwrap().unwrap().created());
    let response = soon(watch.message()).await.unwrap().unwrap();
    let event = &response.events()[0];
    assert_eq!(event.event_type(), etcd_client::EventType::Delete);
    assert_eq!((event.kv().unwrap().mod_revision(), event.prev_kv().unwrap().lease()), (3, lease));
    assert_eq!(client.leases().await.unwrap().leases().len(), 0);
}

#[tokio::test]
async fn a_put_with_another_lease_leaves_the_old_one() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let (old, new) =
        (client.lease_grant(60, None).await.unwrap().id(), client.lease_grant(60, None).await.unwrap().id());
    for lease in [old, new] {
        client.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    }
    client.lease_revoke(old).await.unwrap();
    assert_eq!(client.get("k", None).await.unwrap().kvs()[0].lease(), new);
}
