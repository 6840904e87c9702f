//! Clients that create, change and delete keys, some of them the same ones, each under the condition that nobody else was faster.

use std::time::{Duration, Instant};

use etcd_client::{Client, Compare, CompareOp, Error, Txn, TxnOp, TxnOpResponse, TxnResponse};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::history::{Change, History, Outcome, Version, Write};
use crate::process::{call, connect};

/// Keys that all clients write to.
pub(crate) const SHARED_KEYS: usize = 6;
/// After a failure, so that a server that is not there is not asked without end.
const PAUSE: Duration = Duration::from_millis(20);

/// One client of one server. What it knows of keys may be old; then its writes are refused, and it learns.
pub(crate) struct Worker {
    client: Client,
    server: usize,
    id: usize,
    history: History,
    random: SmallRng,
    written: usize,
    /// Whether the last write may have happened.
    last: Option<(String, i64)>,
}

pub(crate) fn shared_key(n: usize) -> String {
    format!("/shared/{n}")
}

impl Worker {
    pub(crate) async fn new(address: &str, server: usize, id: usize, seed: u64, history: History) -> Self {
        let random = SmallRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(id as u64));
        Self { client: connect(address).await, server, id, history, random, written: 0, last: None }
    }

    /// Writes until it is told to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if self.step().await == Outcome::Unknown {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn step(&mut self) -> Outcome {
        match (self.random.random_range(0..4), self.last.take()) {
            (0, Some((key, revision))) => self.write(key, revision, Change::Delete).await,
            (1, Some((key, revision))) => {
                let put = self.fresh();
                self.write(key, revision, put).await
            }
            (2, _) => {
                let (key, put) = (format!("/own/{}-{}", self.id, self.written), self.fresh());
                self.write(key, 0, put).await
            }
            _ => {
                let (key, put) = (shared_key(self.random.random_range(0..SHARED_KEYS)), self.fresh());
                self.write(key, 0, put).await
            }
        }
    }

    fn fresh(&mut self) -> Change {
        self.written += 1;
        Change::Put(format!("{}-{}", self.id, self.written))
    }

    async fn write(&mut self, key: String, expected: i64, change: Change) -> Outcome {
        let begun = Instant::now();
        let answer = call(self.client.txn(transaction(&key, expected, &change))).await;
        let ended = Instant::now();
        let outcome = outcome(&answer);
        self.last = match (&answer, &outcome) {
            (_, Outcome::Acknowledged(revision)) if change != Change::Delete => Some((key.clone(), *revision)),
            (Ok(answer), Outcome::Refused) => found(answer).map(|version| (key.clone(), version.mod_revision)),
            _ => None,
        };
        let write = Write { server: self.server, key, expected, change, outcome, begun, ended };
        let outcome = write.outcome.clone();
        self.history.wrote(write);
        outcome
    }
}

/// As clientv3's users and Kubernetes do it.
fn transaction(key: &str, expected: i64, change: &Change) -> Txn {
    let write = match change {
        Change::Put(value) => TxnOp::put(key, value.as_str(), None),
        Change::Delete => TxnOp::delete(key, None),
    };
    let unchanged = Compare::mod_revision(key, CompareOp::Equal, expected);
    Txn::new().when([unchanged]).and_then([write]).or_else([TxnOp::get(key, None)])
}

/// What a client may conclude.
fn outcome(answer: &Result<TxnResponse, Error>) -> Outcome {
    match answer {
        Ok(answer) if answer.succeeded() => Outcome::Acknowledged(answer.header().unwrap().revision()),
        Ok(_) => Outcome::Refused,
        Err(Error::GRpcStatus(status)) => match status.code() {
            Code::Unavailable if status.message().contains("storage refused the write") => Outcome::Refused,
            Code::Unknown if status.message() == "etcdserver: too many requests" => Outcome::Refused,
            Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown | Code::Internal => {
                Outcome::Unknown
            }
            code => panic!("no client expects {code:?}: {}", status.message()),
        },
        Err(_) => Outcome::Unknown,
    }
}

fn found(answer: &TxnResponse) -> Option<Version> {
    match answer.op_responses().into_iter().next()? {
        TxnOpResponse::Get(get) => get.kvs().first().map(Version::of),
        _ => None,
    }
}
