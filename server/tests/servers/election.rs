//! Candidates for one office, who hold it by a lease: never two at a time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use etcd_client::{Client, Compare, CompareOp, Error, LeaderKey, PutOptions, ResignOptions, Txn, TxnOp};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::process::{call, connect};

/// Seconds.
const TTL: i64 = 3;
const OFFICE: &str = "/office";
/// A client gives a call up in time to find another server before its lease ends.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);
/// How long a candidate waits at one server.
const CAMPAIGN: Duration = Duration::from_secs(4);
/// The machine may set its clock meanwhile, which is that of the database; nothing else ends a lease early.
const SLACK: Duration = Duration::from_millis(250);

/// When somebody was sure to hold the office.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "a failure shows all of it")]
struct Term {
    candidate: usize,
    lease: i64,
    from: Instant,
    until: Instant,
}

/// All terms of office.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms(Arc<Mutex<Vec<Term>>>);

impl Terms {
    pub(crate) fn check(&self) {
        let mut terms = self.0.lock().unwrap().clone();
        terms.sort_by_key(|term| term.from);
        eprintln!("{} terms of office", terms.len());
        for pair in terms.windows(2) {
            assert!(pair[0].until <= pair[1].from + SLACK, "two hold the office at a time: {pair:?}");
        }
    }
}

/// Campaigns, holds, resigns, over and over.
pub(crate) struct Candidate {
    id: usize,
    clients: Vec<Client>,
    terms: Terms,
}

impl Candidate {
    /// Prefers server `id`.
    pub(crate) async fn new(id: usize, addresses: &[String], terms: Terms) -> Self {
        let mut clients = Vec::new();
        for n in 0..addresses.len() {
            clients.push(connect(&addresses[(id + n) % addresses.len()]).await);
        }
        Self { id, clients, terms }
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let _ = stop.run_until_cancelled(self.term()).await;
            // The next one begins at a server that may be well.
            self.clients.rotate_left(1);
            let _ = timeout(PAUSE, stop.cancelled()).await;
        }
    }

    async fn term(&mut self) -> Result<(), Error> {
        let granted = Instant::now();
        let lease = call(self.clients[0].lease_grant(TTL, None)).await?.id();
        let held = Held { lease, until: granted + Duration::from_secs(TTL as u64), clients: self.clients.clone() };
        let mut campaign = self.clients[0].clone();
        let campaign = campaign.campaign(OFFICE, self.id.to_string(), lease);
        let held = Arc::new(tokio::sync::Mutex::new(held));
        let won = tokio::select! {
            won = timeout(CAMPAIGN, campaign) => won,
            () = renew(&held) => return Ok(()),
        };
        let Ok(Ok(won)) = won else {
            // It may have won without hearing of it, and nobody else can win before its lease ends.
            let last = self.clients.len() - 1;
            return call(self.clients[last].lease_revoke(lease)).await.map(drop);
        };
        let leader = won.leader().expect("it has won").clone();
        self.hold(&leader, &mut *held.lock().await).await
    }

    /// Holds the office for a while, for as long as the lease surely lives.
    async fn hold(&mut self, leader: &LeaderKey, held: &mut Held) -> Result<(), Error> {
        let from = Instant::now();
        if held.until <= from {
            return Ok(());
        }
        let term = Term { candidate: self.id, lease: held.lease, from, until: from };
        let at = {
            let mut terms = self.terms.0.lock().unwrap();
            terms.push(term);
            terms.len() - 1
        };
        for _ in 0..3 {
            held.renew().await;
            self.terms.0.lock().unwrap()[at].until = held.until.min(Instant::now());
            if Instant::now() >= held.until {
                return Ok(());
            }
            let _ = timeout(PATIENCE, fenced(&mut held.clients[0], leader, self.id)).await;
            sleep(PAUSE).await;
        }
        let until = held.until.min(Instant::now());
        self.terms.0.lock().unwrap()[at].until = until;
        let resign = ResignOptions::new().with_leader(leader.clone());
        call(self.clients[0].resign(Some(resign))).await.map(drop)
    }
}

/// A lease, and until when it surely lives: its time counts from before the renewal was sent.
struct Held {
    lease: i64,
    until: Instant,
    clients: Vec<Client>,
}

impl Held {
    /// Renews it by the first server that answers.
    async fn renew(&mut self) {
        let asked = Instant::now();
        let renewal = timeout(PATIENCE, renewal(&mut self.clients[0], self.lease)).await;
        match renewal {
            Ok(Ok(ttl)) if ttl > 0 => self.until = asked + Duration::from_secs(ttl.cast_unsigned()),
            // The lease is gone.
            Ok(Ok(_)) => {
                let early = self.until.saturating_duration_since(Instant::now());
                assert!(early < SLACK, "lease {} ended {early:?} too early", self.lease);
                self.until = asked;
            }
            _ => self.clients.rotate_left(1),
        }
    }
}

async fn renewal(client: &mut Client, lease: i64) -> Result<i64, Error> {
    let (mut keeper, mut answers) = client.lease_keep_alive(lease).await?;
    keeper.keep_alive().await?;
    Ok(answers.message().await?.map_or(0, |answer| answer.ttl()))
}

/// Renews a lease until it has ended.
async fn renew(held: &tokio::sync::Mutex<Held>) {
    loop {
        {
            let mut held = held.lock().await;
            held.renew().await;
            if held.until <= Instant::now() {
                return;
            }
        }
        sleep(PAUSE * 3).await;
    }
}

/// A write that only who holds the office can do.
async fn fenced(client: &mut Client, leader: &LeaderKey, id: usize) -> Result<(), Error> {
    let holds = Compare::create_revision(leader.key(), CompareOp::Equal, leader.rev());
    let counter = TxnOp::put("/counter", id.to_string(), Some(PutOptions::new()));
    client.txn(Txn::new().when([holds]).and_then([counter])).await.map(drop)
}
