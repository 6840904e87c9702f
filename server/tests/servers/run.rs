//! A workload on a fleet, while something fails, and the check of all that was seen.

use std::time::Duration;

use etcd_client::{Client, GetOptions};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::checker;
use crate::election::{Candidate, Terms};
use crate::fleet::{Fleet, SERVERS};
use crate::history::{Event, History, Version};
use crate::process::{PATIENCE, call};
use crate::reads::read_on;
use crate::watching::Watcher;
use crate::workload::Worker;

/// Clients of each server.
const WORKERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// What runs on a fleet until it is checked.
pub(crate) struct Run {
    pub(crate) history: History,
    pub(crate) terms: Terms,
    stop: CancellationToken,
    clients: JoinSet<()>,
    watchers: JoinSet<Vec<Event>>,
    last: watch::Sender<i64>,
}

/// A seed that one may choose, and which is printed.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("AUROCH_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    eprintln!("AUROCH_TEST_SEED={seed}");
    seed
}

impl Run {
    /// Starts clients, readers, watchers and candidates of every server.
    pub(crate) async fn start(fleet: &Fleet) -> Self {
        let (seed, history, stop, terms) = (seed(), History::default(), CancellationToken::new(), Terms::default());
        let (last, until) = watch::channel(i64::MAX);
        let (mut clients, mut watchers) = (JoinSet::new(), JoinSet::new());
        for (server, address) in fleet.addresses().into_iter().enumerate() {
            watchers.spawn(Watcher::new(&address).until(until.clone()));
            for n in 0..WORKERS {
                let worker = Worker::new(&address, server, server * WORKERS + n, seed, history.clone()).await;
                clients.spawn(worker.run(stop.clone()));
            }
            clients.spawn(Candidate::new(server, &fleet.addresses(), terms.clone()).await.run(stop.clone()));
            clients.spawn(read_on(address, server, seed, history.clone(), stop.clone()));
        }
        Self { history, terms, stop, clients, watchers, last }
    }

    /// Waits until so many more writes are acknowledged by each of `servers`.
    pub(crate) async fn progress(&self, servers: &[usize], writes: usize) {
        let goals: Vec<_> = servers.iter().map(|&s| (s, self.history.acknowledged(s) + writes)).collect();
        let progress = async {
            while goals.iter().any(|&(server, goal)| self.history.acknowledged(server) < goal) {
                tokio::time::sleep(PAUSE).await;
            }
        };
        timeout(PATIENCE, progress).await.expect("writes go on");
    }

    /// Lets the clients end, and checks what everybody has seen.
    pub(crate) async fn check(mut self, fleet: &Fleet) {
        self.stop.cancel();
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("no client panics");
        }
        let states = settled(&mut fleet.clients().await).await;
        self.last.send_replace(states[0].0);
        let seen = timeout(PATIENCE, self.watchers.join_all()).await.expect("watchers come to the end");
        for address in fleet.addresses() {
            let again = Watcher::new(&address).until(self.last.subscribe());
            let again = timeout(PATIENCE, again).await.expect("the history comes to its end");
            assert!(again == seen[0], "{address} shows another history, or a watcher has missed something");
        }
        let writes = self.history.writes.lock().unwrap();
        let reads = self.history.reads.lock().unwrap();
        checker::check(&seen, &states, &writes, &reads);
        self.terms.check();
    }
}

/// Everything that each server has, once they are at one revision: leases end meanwhile.
async fn settled(clients: &mut [Client]) -> Vec<(i64, Vec<(String, Version)>)> {
    let settled = async {
        loop {
            let mut states = Vec::with_capacity(SERVERS);
            for client in clients.iter_mut() {
                states.extend(state(client).await);
            }
            if states.len() == clients.len() && states.iter().all(|state| state.0 == states[0].0) {
                return states;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, settled).await.expect("every server answers again")
}

async fn state(client: &mut Client) -> Option<(i64, Vec<(String, Version)>)> {
    let answer = call(client.get("", Some(GetOptions::new().with_all_keys()))).await.ok()?;
    let revision = answer.header().expect("there is a header").revision();
    let kvs = answer.kvs().iter().map(|kv| (String::from_utf8_lossy(kv.key()).into_owned(), Version::of(kv)));
    Some((revision, kvs.collect()))
}
