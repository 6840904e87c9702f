//! Watches that are allowed, and that are not any more.

use std::time::Duration;

use etcd_client::{Client, Permission, RoleRevokePermissionOptions, WatchOptions, WatchResponse, WatchStream};
use storage_core::PutRequest;

use super::*;
use crate::common::soon;

const DENIED: &str = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
const EMPTY: &str = "rpc error: code = InvalidArgument desc = etcdserver: user name is empty";

async fn next(watch: &mut WatchStream) -> WatchResponse {
    soon(watch.message()).await.unwrap().expect("the stream goes on")
}

async fn watch(client: &mut Client, key: &str, options: WatchOptions) -> WatchStream {
    let mut watch = client.watch(key, Some(options)).await.unwrap();
    let created = next(&mut watch).await;
    assert!(created.created() && !created.canceled(), "{created:?}");
    watch
}

/// The keys of the events until the watch is canceled, and why it is.
async fn rest(watch: &mut WatchStream) -> (Vec<String>, String) {
    let mut keys = Vec::new();
    loop {
        let response = next(watch).await;
        if response.canceled() {
            return (keys, response.cancel_reason().to_owned());
        }
        keys.extend(response.events().iter().map(|event| event.kv().unwrap().key_str().unwrap().to_owned()));
    }
}

async fn refusal(client: &mut Client, key: &str, options: WatchOptions) -> String {
    let refused = match client.watch(key, Some(options)).await {
        Ok(mut watch) => next(&mut watch).await,
        Err(error) => panic!("{error}"),
    };
    assert!(refused.created() && refused.canceled());
    assert_eq!((refused.watch_id(), refused.compact_revision()), (-1, 0));
    assert_eq!(refused.header().unwrap().revision(), 1);
    refused.cancel_reason().to_owned()
}

#[tokio::test]
async fn a_watch_of_what_may_not_be_read_is_created_and_canceled_with_the_reason() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    let (mut alice, mut nobody) = (log_in(&server, "alice").await, server.client().await);
    assert_eq!(refusal(&mut alice, "b", WatchOptions::new()).await, DENIED);
    assert_eq!(refusal(&mut alice, "a", WatchOptions::new().with_range("c")).await, DENIED);
    assert_eq!(refusal(&mut alice, "", WatchOptions::new().with_all_keys()).await, DENIED);
    assert_eq!(refusal(&mut nobody, "a", WatchOptions::new()).await, EMPTY);
    watch(&mut alice, "a", WatchOptions::new().with_prefix()).await;
    watch(&mut log_in(&server, "root").await, "", WatchOptions::new().with_all_keys()).await;
}

#[tokio::test]
async fn a_refused_watch_leaves_the_others_of_its_stream_alone() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    let mut stream = watch(&mut alice, "a", WatchOptions::new()).await;
    stream.watch("b", None).await.unwrap();
    stream.watch("a2", None).await.unwrap();
    let (refused, created) = (next(&mut stream).await, next(&mut stream).await);
    assert_eq!((refused.watch_id(), refused.cancel_reason()), (-1, DENIED));
    assert_eq!((created.watch_id(), created.created(), created.canceled()), (1, true, false));
    root.put("a2", "v", None).await.unwrap();
    assert_eq!(next(&mut stream).await.watch_id(), 1);
}

#[tokio::test]
async fn a_quiet_watch_ends_when_its_permission_does() {
    let server = guarded(Permission::read("a")).await;
    let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    let mut watch = watch(&mut alice, "a", WatchOptions::new()).await;
    root.role_revoke_permission("reader", "a", None).await.unwrap();
    assert_eq!(rest(&mut watch).await, (Vec::new(), DENIED.to_owned()));
}

#[tokio::test]
async fn a_watch_ends_with_its_user_and_with_its_role() {
    for end in ["user", "role", "grant"] {
        let server = guarded(Permission::read("a")).await;
        let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
        let mut watch = watch(&mut alice, "a", WatchOptions::new()).await;
        match end {
            "user" => drop(root.user_delete("alice").await.unwrap()),
            "role" => drop(root.role_delete("reader").await.unwrap()),
            _ => drop(root.user_revoke_role("alice", "reader").await.unwrap()),
        }
        assert_eq!(rest(&mut watch).await.1, DENIED, "{end}");
    }
}

#[tokio::test]
async fn a_watch_goes_on_through_changes_that_are_not_its_own() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    let mut watch = watch(&mut alice, "a1", WatchOptions::new()).await;
    root.user_add("bob", "p", None).await.unwrap();
    root.role_grant_permission("reader", Permission::read("a1")).await.unwrap();
    root.role_revoke_permission("reader", "a", Some(RoleRevokePermissionOptions::new().with_prefix())).await.unwrap();
    root.user_change_password("alice", "another").await.unwrap();
    root.put("a1", "v", None).await.unwrap();
    assert_eq!(next(&mut watch).await.events().len(), 1);
}

#[tokio::test]
async fn no_event_after_the_loss_of_the_permission_is_told() {
    for prev_kv in [false, true] {
        let server = guarded(Permission::read("a").with_prefix()).await;
        let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
        for round in 0..6 {
            root.role_grant_permission("reader", Permission::read("a").with_prefix()).await.unwrap();
            let mut options = WatchOptions::new().with_prefix();
            if prev_kv {
                options = options.with_prev_key();
            }
            let mut watch = watch(&mut alice, "a", options).await;
            // Many at once, so that they are committed together with the change in their middle.
            let writes = (0..40).map(|n| {
                let mut root = root.clone();
                async move {
                    if n == 20 {
                        let all = RoleRevokePermissionOptions::new().with_prefix();
                        root.role_revoke_permission("reader", "a", Some(all)).await.unwrap();
                        // Whatever is written from here on is none of alice's business.
                        root.put("a-after", "v", None).await.unwrap();
                    } else {
                        // One that overlaps with the change may be refused as old, as in etcd.
                        let _ = root.put(format!("a{n}"), format!("{round}"), None).await;
                    }
                }
            });
            futures_util::future::join_all(writes).await;
            let (keys, reason) = rest(&mut watch).await;
            assert_eq!(reason, DENIED);
            assert!(!keys.iter().any(|key| key == "a-after"), "{keys:?}");
        }
    }
}

#[tokio::test]
async fn a_watch_from_before_authentication_ends_unless_it_shows_a_user() {
    let server = guarded(Permission::read("a")).await;
    let mut root = log_in(&server, "root").await;
    root.auth_disable().await.unwrap();
    let mut nobody = server.client().await;
    let mut nobodys = watch(&mut nobody, "a", WatchOptions::new()).await;
    nobody.auth_enable().await.unwrap();
    assert_eq!(rest(&mut nobodys).await.1, EMPTY);
}

#[tokio::test]
async fn a_watch_outlives_its_token() {
    let mut options = options();
    options.auth.simple_token_ttl = Duration::from_millis(300);
    let server = guarded_by(options, Permission::read("a")).await;
    let mut alice = log_in(&server, "alice").await;
    let mut watch = watch(&mut alice, "a", WatchOptions::new()).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(status_of(alice.get("a", None).await), INVALID_TOKEN);
    server.store.put(PutRequest::new(b"a", "v".into())).await.unwrap();
    assert_eq!(next(&mut watch).await.events().len(), 1);
}
