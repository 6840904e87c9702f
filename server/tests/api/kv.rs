use etcd_client::{Client, CompactionOptions, DeleteOptions, GetOptions, PutOptions, SortOrder, SortTarget};

use crate::common::TestServer;

/// The keys of an answer.
fn keys(response: &etcd_client::GetResponse) -> Vec<&str> {
    response.kvs().iter().map(|kv| kv.key_str().unwrap()).collect()
}

/// A server with `a`, `b`, `c` at revisions 2, 3, 4, and `a` put again at 5.
async fn with_letters() -> (TestServer, Client) {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for (key, value) in [("a", "z"), ("b", "y"), ("c", "x"), ("a", "w")] {
        client.put(key, value, None).await.unwrap();
    }
    (server, client)
}

#[tokio::test]
async fn a_fresh_server_is_at_revision_1() {
    let server = TestServer::start().await;
    let response = server.client().await.get("a", None).await.unwrap();
    let header = response.header().unwrap();
    assert_eq!((header.revision(), response.count(), response.kvs().len()), (1, 0, 0));
    assert!(header.cluster_id() != 0 && header.member_id() != 0 && header.raft_term() > 0);
}

#[tokio::test]
async fn a_put_is_read_back_with_its_revisions() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    assert_eq!(client.put("k", "v", None).await.unwrap().header().unwrap().revision(), 2);
    client.put("k", "w", None).await.unwrap();

    let response = client.get("k", None).await.unwrap();
    let kv = &response.kvs()[0];
    assert_eq!((kv.key(), kv.value()), (&b"k"[..], &b"w"[..]));
    assert_eq!((kv.create_revision(), kv.mod_revision(), kv.version(), kv.lease()), (2, 3, 2, 0));
    assert_eq!((response.count(), response.more()), (1, false));
}

#[tokio::test]
async fn a_put_answers_the_previous_value_if_asked() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let with_prev = || Some(PutOptions::new().with_prev_key());
    assert!(client.put("k", "v", with_prev()).await.unwrap().prev_key().is_none());
    assert_eq!(client.put("k", "w", with_prev()).await.unwrap().prev_key().unwrap().value(), b"v");
    assert!(client.put("k", "x", None).await.unwrap().prev_key().is_none());
}

#[tokio::test]
async fn a_put_may_keep_the_value_or_the_lease() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();

    client.put("k", "w", Some(PutOptions::new().with_ignore_lease())).await.unwrap();
    assert_eq!(client.get("k", None).await.unwrap().kvs()[0].lease(), lease);
    client.put("k", "", Some(PutOptions::new().with_ignore_value())).await.unwrap();
    let response = client.get("k", None).await.unwrap();
    assert_eq!((response.kvs()[0].value(), response.kvs()[0].lease()), (&b"w"[..], 0));
}

#[tokio::test]
async fn a_delete_answers_how_many_and_what() {
    let (_server, mut client) = with_letters().await;
    let options = DeleteOptions::new().with_range("c").with_prev_key();
    let response = client.delete("a", Some(options)).await.unwrap();
    let deleted: Vec<_> = response.prev_kvs().iter().map(|kv| (kv.key(), kv.value())).collect();
    assert_eq!((response.deleted(), response.header().unwrap().revision()), (2, 6));
    assert_eq!(deleted, [(&b"a"[..], &b"w"[..]), (b"b", b"y")]);
}

#[tokio::test]
async fn a_delete_of_nothing_takes_no_revision() {
    let server = TestServer::start().await;
    let response = server.client().await.delete("k", None).await.unwrap();
    assert_eq!((response.deleted(), response.header().unwrap().revision()), (0, 1));
}

#[tokio::test]
async fn a_range_is_a_prefix_or_open_or_everything() {
    let (_server, mut client) = with_letters().await;
    client.put("ab", "", None).await.unwrap();
    let mut get = async |key: &str, options| {
        let response = client.get(key, Some(options)).await.unwrap();
        keys(&response).join(" ")
    };
    assert_eq!(get("a", GetOptions::new().with_prefix()).await, "a ab");
    assert_eq!(get("ab", GetOptions::new().with_from_key()).await, "ab b c");
    assert_eq!(get("", GetOptions::new().with_all_keys()).await, "a ab b c");
    assert_eq!(get("a", GetOptions::new().with_range("c")).await, "a ab b");
    assert_eq!(get("b", GetOptions::new().with_range("a")).await, "");
}

#[tokio::test]
async fn a_limit_leaves_the_count_alone() {
    let (_server, mut client) = with_letters().await;
    let mut get = async |limit| {
        let options = GetOptions::new().with_all_keys().with_limit(limit);
        let response = client.get("", Some(options)).await.unwrap();
        (response.kvs().len(), response.more(), response.count())
    };
    assert_eq!(get(2).await, (2, true, 3));
    assert_eq!(get(3).await, (3, false, 3));
    assert_eq!(get(-1).await, (3, false, 3));
}

#[tokio::test]
async fn a_read_of_an_old_revision_has_the_current_one_in_its_header() {
    let (_server, mut client) = with_letters().await;
    let options = GetOptions::new().with_all_keys().with_revision(3);
    let response = client.get("", Some(options)).await.unwrap();
    assert_eq!((keys(&response), response.count()), (vec!["a", "b"], 2));
    assert_eq!((response.kvs()[0].value(), response.header().unwrap().revision()), (&b"z"[..], 5));
}

#[tokio::test]
async fn a_range_is_sorted_by_what_is_asked() {
    let (_server, mut client) = with_letters().await;
    let mut get = async |target, order| {
        let options = GetOptions::new().with_all_keys().with_sort(target, order);
        let response = client.get("", Some(options)).await.unwrap();
        keys(&response).join("")
    };
    assert_eq!(get(SortTarget::Key, SortOrder::Descend).await, "cba");
    assert_eq!(get(SortTarget::Key, SortOrder::Ascend).await, "abc");
    assert_eq!(get(SortTarget::Create, SortOrder::Descend).await, "cba");
    assert_eq!(get(SortTarget::Mod, SortOrder::Ascend).await, "bca");
    assert_eq!(get(SortTarget::Version, SortOrder::Descend).await[..1], *"a");
    assert_eq!(get(SortTarget::Value, SortOrder::Ascend).await, "acb");
    assert_eq!(get(SortTarget::Mod, SortOrder::None).await, "bca");
}

#[tokio::test]
async fn filters_by_revision_leave_the_count_alone() {
    let (_server, mut client) = with_letters().await;
    let mut get = async |options: GetOptions| {
        let response = client.get("", Some(options.with_all_keys())).await.unwrap();
        (keys(&response).join(""), response.count())
    };
    assert_eq!(get(GetOptions::new().with_min_mod_revision(4)).await, ("ac".to_owned(), 3));
    assert_eq!(get(GetOptions::new().with_max_mod_revision(4)).await, ("bc".to_owned(), 3));
    assert_eq!(get(GetOptions::new().with_min_create_revision(4)).await, ("c".to_owned(), 3));
    assert_eq!(get(GetOptions::new().with_max_create_revision(2)).await, ("a".to_owned(), 3));
}

#[tokio::test]
async fn keys_only_leaves_values_and_leases_out() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    let response = client.get("k", Some(GetOptions::new().with_keys_only())).await.unwrap();
    let kv = &response.kvs()[0];
    assert_eq!((kv.value(), kv.lease(), kv.mod_revision(), kv.version()), (&b""[..], 0, 2, 1));
}

#[tokio::test]
async fn count_only_answers_a_number() {
    let (_server, mut client) = with_letters().await;
    let response = client.get("", Some(GetOptions::new().with_all_keys().with_count_only())).await.unwrap();
    assert_eq!((response.kvs().len(), response.count(), response.more()), (0, 3, false));
}

#[tokio::test]
async fn a_serializable_read_sees_what_was_written() {
    let (_server, mut client) = with_letters().await;
    let response = client.get("a", Some(GetOptions::new().with_serializable())).await.unwrap();
    assert_eq!(response.kvs()[0].value(), b"w");
}

#[tokio::test]
async fn a_compaction_answers_the_current_revision_and_keeps_what_lives() {
    let (_server, mut client) = with_letters().await;
    let options = CompactionOptions::new().with_physical();
    let response = client.compact(4, Some(options)).await.unwrap();
    assert_eq!(response.header().unwrap().revision(), 5);
    let response = client.get("", Some(GetOptions::new().with_all_keys().with_revision(4))).await.unwrap();
    assert_eq!((keys(&response), response.kvs()[0].value()), (vec!["a", "b", "c"], &b"z"[..]));
}

#[tokio::test]
async fn a_call_that_is_given_up_harms_nobody() {
    let server = TestServer::start().await;
    let client = server.client().await;
    for n in 0..50 {
        let mut client = client.clone();
        let call = tokio::spawn(async move { client.put(format!("k{n}"), "v", None).await });
        for _ in 0..n {
            tokio::task::yield_now().await;
        }
        call.abort();
    }
    let mut client = client;
    client.put("k", "v", None).await.unwrap();
    let all = client.get("", Some(GetOptions::new().with_all_keys())).await.unwrap();
    let header = all.header().unwrap();
    assert_eq!(header.revision(), all.count() + 1, "each put happened whole, or not at all");
}
