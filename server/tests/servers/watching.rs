//! Watchers of everything.

use std::time::Duration;

use etcd_client::{Client, EventType, WatchOptions, WatchResponse};
use tokio::sync::watch;

use crate::history::{Event, Version};
use crate::process::connect;

const PAUSE: Duration = Duration::from_millis(20);

/// Sees all events of one server from the first on, over failures.
pub(crate) struct Watcher {
    address: String,
    pub(crate) events: Vec<Event>,
    next: i64,
}

impl Watcher {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), events: Vec::new(), next: 1 }
    }

    /// Watches until it has seen the revision `last`, once that is told; before it is above all. Answers what it saw.
    pub(crate) async fn until(mut self, last: watch::Receiver<i64>) -> Vec<Event> {
        let mut client = connect(&self.address).await;
        loop {
            // A stream ends with its server; the next one goes on where it was.
            let _ = self.stream(&mut client, last.clone()).await;
            if *last.borrow() < self.next {
                return self.events;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn stream(&mut self, client: &mut Client, mut last: watch::Receiver<i64>) -> Result<(), etcd_client::Error> {
        let options = WatchOptions::new().with_all_keys().with_prev_key().with_start_revision(self.next);
        let mut stream = client.watch("", Some(options)).await?;
        loop {
            let message = tokio::select! {
                message = stream.message() => message?,
                _ = last.changed() => {
                    if *last.borrow() < self.next {
                        return Ok(());
                    }
                    continue;
                }
            };
            let Some(message) = message else { return Ok(()) };
            assert!(!message.canceled(), "{}: {}", self.address, message.cancel_reason());
            self.take(&message);
            if *last.borrow() < self.next {
                return Ok(());
            }
        }
    }

    fn take(&mut self, message: &WatchResponse) {
        for event in message.events() {
            let event = event_of(event);
            assert!(event.revision >= self.next, "{}: {event:?} comes behind {}", self.address, self.next - 1);
            self.events.push(event);
        }
        // A message holds whole revisions.
        if let Some(event) = self.events.last() {
            self.next = event.revision + 1;
        }
    }
}

fn event_of(event: &etcd_client::Event) -> Event {
    let kv = event.kv().expect("an event is of a key");
    let put = (event.event_type() == EventType::Put).then(|| Version::of(kv));
    let key = String::from_utf8_lossy(kv.key()).into_owned();
    Event { revision: kv.mod_revision(), key, put, prev: event.prev_kv().map(Version::of) }
}
