use std::sync::Arc;

use http::Request;
use storage_core::{LeaseId, MemoryBackend, Store, StoreOptions};

use super::Queue;
use crate::access::{Access, AuthOptions};

#[tokio::test]
async fn keys_are_the_name_and_the_lease_as_go_prints_it() {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap();
    let client = Access::new(store, &AuthOptions::default()).lasting_store_for(&Request::new(())).unwrap();
    let queue = Queue::new(client, b"name");
    for (lease, key) in [(77, "name/4d"), (-6, "name/-6"), (i64::MIN, "name/-8000000000000000")] {
        assert_eq!(queue.key(LeaseId(lease)).as_bytes(), key.as_bytes());
        assert!(queue.keys().contains(key.as_bytes()));
    }
    assert!(!queue.keys().contains(b"name") && !queue.keys().contains(b"name0"));
}
