use std::time::Duration;

use etcd_client::{
    Client, EventType, PutOptions, Txn, TxnOp, WatchFilterType, WatchOptions, WatchResponse, WatchStream,
};
use server::ServerOptions;
use storage_core::StoreOptions;

use crate::common::{TestServer, soon};

async fn start() -> (TestServer, Client) {
    let server = TestServer::start().await;
    let client = server.client().await;
    (server, client)
}

async fn next(watch: &mut WatchStream) -> WatchResponse {
    soon(watch.message()).await.unwrap().expect("the stream goes on")
}

/// A watch that has been created.
async fn watch(client: &mut Client, key: &str, options: WatchOptions) -> WatchStream {
    let mut watch = client.watch(key, Some(options)).await.unwrap();
    let created = next(&mut watch).await;
    assert!(created.created() && !created.canceled());
    watch
}

/// What the events of a response did, such as `PUT a=1`.
fn told(response: &WatchResponse) -> Vec<String> {
    let tell = |event: &etcd_client::Event| {
        let kv = event.kv().unwrap();
        match event.event_type() {
            EventType::Put => format!("PUT {}={}", kv.key_str().unwrap(), kv.value_str().unwrap()),
            EventType::Delete => format!("DELETE {}", kv.key_str().unwrap()),
        }
    };
    response.events().iter().map(tell).collect()
}

#[tokio::test]
async fn a_watch_sees_puts_and_deletions_of_its_key_only() {
    let (_server, mut client) = start().await;
    let mut watch = watch(&mut client, "a", WatchOptions::new()).await;
    client.put("b", "0", None).await.unwrap();
    client.put("a", "1", None).await.unwrap();
    client.delete("a", None).await.unwrap();
    let put = next(&mut watch).await;
    assert_eq!((told(&put), put.header().unwrap().revision()), (vec!["PUT a=1".to_owned()], 3));
    let delete = next(&mut watch).await;
    let kv = delete.events()[0].kv().unwrap();
    assert_eq!(told(&delete), ["DELETE a"]);
    assert_eq!((kv.mod_revision(), kv.create_revision(), kv.version()), (4, 0, 0));
}

#[tokio::test]
async fn the_changes_of_one_revision_come_together_and_in_order() {
    let (_server, mut client) = start().await;
    let mut watch = watch(&mut client, "k", WatchOptions::new().with_prefix()).await;
    let ops = [TxnOp::put("k2", "2", None), TxnOp::put("other", "", None), TxnOp::put("k1", "1", None)];
    client.txn(Txn::new().and_then(ops)).await.unwrap();
    assert_eq!(told(&next(&mut watch).await), ["PUT k2=2", "PUT k1=1"]);
}

#[tokio::test]
async fn history_is_replayed_from_the_start_revision() {
    let (_server, mut client) = start().await;
    for value in ["1", "2", "3"] {
        client.put("a", value, None).await.unwrap();
    }
    let mut watch = watch(&mut client, "a", WatchOptions::new().with_start_revision(3)).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(told(&next(&mut watch).await));
    }
    client.put("a", "4", None).await.unwrap();
    seen.extend(told(&next(&mut watch).await));
    assert_eq!(seen, ["PUT a=2", "PUT a=3", "PUT a=4"]);
}

#[tokio::test]
async fn a_future_start_revision_waits() {
    let (_server, mut client) = start().await;
    let mut watch = watch(&mut client, "a", WatchOptions::new().with_start_revision(4)).await;
    for value in ["1", "2", "3"] {
        client.put("a", value, None).await.unwrap();
    }
    assert_eq!(told(&next(&mut watch).await), ["PUT a=3"]);
}

#[tokio::test]
async fn previous_values_come_if_asked_and_never_with_a_create() {
    let (_server, mut client) = start().await;
    let mut watch = watch(&mut client, "a", WatchOptions::new().with_prev_key()).await;
    client.put("a", "1", None).await.unwrap();
    client.put("a", "2", None).await.unwrap();
    client.delete("a", None).await.unwrap();
    let mut previous = Vec::new();
    for _ in 0..3 {
        let response = next(&mut watch).await;
        previous.push(response.events()[0].prev_kv().map(|kv| kv.value_str().unwrap().to_owned()));
    }
    assert_eq!(previous, [None, Some("1".to_owned()), Some("2".to_owned())]);
}

#[tokio::test]
async fn filters_leave_events_out() {
    let (_server, mut client) = start().await;
    let no_put = WatchOptions::new().with_filters([WatchFilterType::NoPut]);
    let no_delete = WatchOptions::new().with_filters([WatchFilterType::NoDelete]);
    let (mut deletions, mut puts) = (watch(&mut client, "a", no_put).await, watch(&mut client, "a", no_delete).await);
    client.put("a", "1", None).await.unwrap();
    client.delete("a", None).await.unwrap();
    client.put("a", "2", None).await.unwrap();
    assert_eq!(told(&next(&mut deletions).await), ["DELETE a"]);
    assert_eq!(told(&next(&mut puts).await), ["PUT a=1"]);
    assert_eq!(told(&next(&mut puts).await), ["PUT a=2"]);
}

#[tokio::test]
async fn ids_count_from_zero_and_skip_those_that_clients_chose() {
    let (_server, mut client) = start().await;
    let mut watch = client.watch("a", None).await.unwrap();
    assert_eq!(next(&mut watch).await.watch_id(), 0);
    let mut create = async |options: WatchOptions| {
        watch.watch("a", Some(options)).await.unwrap();
        let response = next(&mut watch).await;
        (response.watch_id(), response.canceled(), response.cancel_reason().to_owned())
    };
    assert_eq!(create(WatchOptions::new().with_watch_id(1)).await, (1, false, String::new()));
    assert_eq!(create(WatchOptions::new()).await, (2, false, String::new()));
    let duplicate = "mvcc: duplicate watch ID provided on the WatchStream".to_owned();
    assert_eq!(create(WatchOptions::new().with_watch_id(2)).await, (-1, true, duplicate));
}

#[tokio::test]
async fn a_range_without_keys_is_created_and_canceled() {
    let (_server, mut client) = start().await;
    let mut watch = client.watch("b", Some(WatchOptions::new().with_range("a"))).await.unwrap();
    let response = next(&mut watch).await;
    assert_eq!((response.watch_id(), response.created(), response.canceled()), (-1, true, true));
    assert_eq!(response.cancel_reason(), "mvcc: watcher range is empty");
}

#[tokio::test]
async fn a_negative_start_revision_is_compacted() {
    let (_server, mut client) = start().await;
    let mut watch = client.watch("b", Some(WatchOptions::new().with_start_revision(-1))).await.unwrap();
    let response = next(&mut watch).await;
    assert_eq!((response.watch_id(), response.created(), response.canceled()), (-1, true, true));
    assert_eq!(response.cancel_reason(), "etcdserver: mvcc: required revision has been compacted");
    assert_eq!(response.compact_revision(), 0);
}

#[tokio::test]
async fn a_watch_below_the_compacted_revision_is_canceled_with_it() {
    let (_server, mut client) = start().await;
    for value in ["1", "2", "3"] {
        client.put("a", value, None).await.unwrap();
    }
    client.compact(4, None).await.unwrap();
    let mut watch = watch(&mut client, "a", WatchOptions::new().with_start_revision(2)).await;
    let response = next(&mut watch).await;
    assert_eq!((response.canceled(), response.compact_revision(), response.cancel_reason()), (true, 4, ""));
    assert_eq!(response.header().unwrap().revision(), 0);
}

#[tokio::test]
async fn the_compacted_revision_itself_can_be_watched_a_tombstone_too() {
    let (_server, mut client) = start().await;
    client.put("a", "1", None).await.unwrap();
    client.delete("a", None).await.unwrap();
    client.put("b", "1", None).await.unwrap();
    client.compact(3, None).await.unwrap();
    let mut watch = watch(&mut client, "a", WatchOptions::new().with_start_revision(3)).await;
    assert_eq!(told(&next(&mut watch).await), ["DELETE a"]);
}

#[tokio::test]
async fn a_cancel_is_answered_for_a_watch_that_exists() {
    let (_server, mut client) = start().await;
    let mut watch = watch(&mut client, "a", WatchOptions::new()).await;
    watch.cancel(99).await.unwrap();
    watch.cancel(0).await.unwrap();
    let response = next(&mut watch).await;
    assert_eq!((response.watch_id(), response.canceled(), response.cancel_reason()), (0, true, ""));
    client.put("a", "1", None).await.unwrap();
    watch.watch("b", None).await.unwrap();
    assert!(next(&mut watch).await.created(), "nothing comes of the canceled watch");
}

#[tokio::test]
async fn requested_progress_comes_for_the_stream_and_after_its_events() {
    let (_server, mut client) = start().await;
    let mut watch = watch(&mut client, "a", WatchOptions::new()).await;
    for _ in 0..10 {
        client.put("a", "1", None).await.unwrap();
    }
    watch.request_progress().await.unwrap();
    let mut events = 0;
    let progress = loop {
        let response = next(&mut watch).await;
        if response.events().is_empty() {
            break response;
        }
        events += response.events().len();
    };
    assert_eq!((events, progress.watch_id(), progress.header().unwrap().revision()), (10, -1, 11));
}

#[tokio::test]
async fn an_idle_watch_is_told_of_progress_if_it_asked() {
    let options = ServerOptions { watch_progress_interval: Duration::from_millis(100), ..Default::default() };
    let server = TestServer::with(options, StoreOptions::default()).await;
    let mut client = server.client().await;
    let mut watch = watch(&mut client, "a", WatchOptions::new().with_progress_notify()).await;
    client.put("b", "1", None).await.unwrap();
    loop {
        let progress = next(&mut watch).await;
        assert_eq!((progress.watch_id(), progress.events().len()), (0, 0));
        if progress.header().unwrap().revision() == 2 {
            break;
        }
    }
}

#[tokio::test]
async fn many_watches_share_a_stream() {
    let (_server, mut client) = start().await;
    let mut watch = client.watch("k0", None).await.unwrap();
    for n in 1..200 {
        watch.watch(format!("k{n}"), None).await.unwrap();
        next(&mut watch).await;
    }
    next(&mut watch).await;
    client.put("k150", "1", None).await.unwrap();
    let response = next(&mut watch).await;
    assert_eq!((response.watch_id(), told(&response)), (150, vec!["PUT k150=1".to_owned()]));
}

#[tokio::test]
async fn a_leased_put_shows_its_lease() {
    let (_server, mut client) = start().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    let mut watch = watch(&mut client, "a", WatchOptions::new()).await;
    client.put("a", "1", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    assert_eq!(next(&mut watch).await.events()[0].kv().unwrap().lease(), lease);
}
