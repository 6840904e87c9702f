//! The engine as a library: a store in memory, a transaction, a watch, a lease. No server, no network.
//!
//! ```sh
//! cargo run -p storage-core --example embed
//! ```

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use storage_core::watch::{WatchMessage, WatchRequest};
use storage_core::{
    Compare, CompareTarget, KeyRange, LeaseId, MemoryBackend, Op, PutRequest, RangeRequest, Relation, Revision, Store,
    StoreOptions, TxnRequest,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await?;

    let (watches, mut events) = store.watch();
    watches.create(&WatchRequest::new(KeyRange::new(b"/jobs/", b"/jobs0")));

    // Create the key if it does not exist, as Kubernetes does.
    let absent = Compare {
        keys: KeyRange::new(b"/jobs/1", b""),
        relation: Relation::Equal,
        target: CompareTarget::Mod(Revision(0)),
    };
    let create = Op::Put(PutRequest::new(b"/jobs/1", Bytes::from_static(b"queued")));
    let txn = TxnRequest { compares: vec![absent], success: vec![create], failure: vec![] };
    let answer = store.txn(txn).await?;
    println!("created: {}, at revision {}", answer.succeeded, answer.revision);

    let lease = store.lease_grant(LeaseId::NONE, 60).await?;
    println!("a lease of {} seconds", lease.ttl);

    let jobs = store.range(RangeRequest::new(KeyRange::new(b"/jobs/", b"/jobs0"))).await?;
    println!("{} of {} jobs read", jobs.kvs.len(), jobs.count);

    while let Some(message) = events.next().await {
        if let WatchMessage::Events { revision, events, .. } = message {
            println!("watched {} event(s) at revision {revision}", events.len());
            break;
        }
    }
    store.close().await?;
    Ok(())
}
