//! How soon servers answer again. It is printed, for nobody to assert on a busy machine.

use std::time::{Duration, Instant};

use etcd_client::{Client, Error};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::fleet::Fleet;
use crate::process::PATIENCE;

/// A client that asks again at once does not wait longer for one answer.
const TRY: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until every server takes a write and answers a read; prints how long that was after `since`.
pub(crate) async fn measure(fleet: &Fleet, what: &str, since: Instant) {
    let clients = fleet.clients().await;
    let times = join_all(clients.into_iter().map(|client| async move {
        let write = first(&client, since, async |client| client.put("/probe", "", None).await.map(drop));
        let read = first(&client, since, async |client| client.get("/probe", None).await.map(drop));
        tokio::join!(write, read)
    }));
    let times = timeout(PATIENCE, times).await.expect("service returns by itself");
    let shown: Vec<_> = times.iter().map(|(write, read)| format!("{write:?} {read:?}")).collect();
    eprintln!("{what}: first write and read of each server after {}", shown.join(", "));
}

async fn first(client: &Client, since: Instant, ask: impl AsyncFn(&mut Client) -> Result<(), Error>) -> Duration {
    let mut client = client.clone();
    loop {
        if let Ok(Ok(())) = timeout(TRY, ask(&mut client)).await {
            return since.elapsed();
        }
        sleep(PAUSE).await;
    }
}
