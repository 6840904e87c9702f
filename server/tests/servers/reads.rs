//! Clients that read what others write, linearizably.

use std::time::{Duration, Instant};

use etcd_client::Client;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;

use crate::history::{History, Read, Version};
use crate::process::{call, connect};
use crate::workload::{SHARED_KEYS, shared_key};

const PAUSE: Duration = Duration::from_millis(5);

/// Reads from one server until it is told to stop.
pub(crate) async fn read_on(address: String, server: usize, seed: u64, history: History, stop: CancellationToken) {
    let mut random = SmallRng::seed_from_u64(seed ^ server as u64);
    let mut client = connect(&address).await;
    while !stop.is_cancelled() {
        let key = shared_key(random.random_range(0..SHARED_KEYS));
        if let Some(read) = read(&mut client, server, key).await {
            history.read(read);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One read, if it was answered.
async fn read(client: &mut Client, server: usize, key: String) -> Option<Read> {
    let begun = Instant::now();
    let answer = call(client.get(key.as_str(), None)).await.ok()?;
    let revision = answer.header().expect("there is a header").revision();
    let found = answer.kvs().first().map(Version::of);
    Some(Read { server, key, revision, found, begun, ended: Instant::now() })
}
