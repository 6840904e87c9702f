//! The harness does what its tables say, at a scale that measures nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::client::Connection;
use benches::contender::{Contender, Program};
use benches::meter::{Measured, Sample};
use benches::plan::Plan;
use benches::proc::{Process, Processes};
use benches::report::{Machine, Report};
use benches::round::{self, Round, measure};
use benches::session::Session;
use benches::workload::Workload;
use benches::{html, null_server, shape, table};
use indicatif::ProgressBar;
use proto::etcdserverpb::{LeaseLeasesRequest, RangeRequest};
use server::{Listener, ServerOptions};
use storage_core::{MemoryBackend, Store, StoreOptions};
use tokio::net::TcpListener;

fn tiny() -> Plan {
    Plan {
        value_bytes: 64,
        connections: 2,
        workers: 4,
        single_updates: 10,
        gets: 100,
        counts: 3,
        lists: 2,
        page: 7,
        watchers: 5,
        watched_updates: 40,
        watch_patience: Duration::from_secs(30),
        arrival_time: Duration::from_millis(200),
        flooding_nodes: 10,
        flooding_updates: 50,
        leases: 5,
        keepalives: 20,
        expiring: 5,
        ..Plan::quick(50)
    }
}

/// Auroch in this process, over a log in memory.
async fn serve() -> SocketAddr {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap();
    let listener = Listener::bind(&"http://127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.to_string().strip_prefix("http://").unwrap().parse().unwrap();
    tokio::spawn(server::run(vec![listener], store, ServerOptions::default(), std::future::pending()));
    address
}

/// The floor, as a program of its own.
async fn null() -> Contender {
    let program = env!("CARGO_BIN_EXE_compare").into();
    Contender::new("null".parse().unwrap(), program, Vec::new()).await.unwrap()
}

async fn sample(workload: Workload, session: &Arc<Session>) -> Sample {
    let measured = Measured { servers: Processes::new([Process::this()]), database: None, data: Vec::new() };
    measure(workload, session, Some(measured), Instant::now()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workload_runs_against_auroch_and_fills_the_table() {
    let plan = tiny();
    let session = Session::open(&[serve().await], plan.clone()).await.unwrap();
    let mut round = Round {
        kind: "auroch".parse().unwrap(),
        idle_bytes: Some(1),
        samples: Default::default(),
        memory: Vec::new(),
        restart: None,
    };
    for workload in Workload::ALL {
        round.samples.insert(workload, sample(workload, &session).await);
    }
    assert_eq!(round.samples[&Workload::Create].operations, plan.keys);
    let watch = &round.samples[&Workload::Watch];
    assert_eq!((watch.operations, watch.lost), (plan.watchers * plan.watched_updates, 0));

    let contenders = vec![Contender { kind: round.kind.clone(), ..null().await }];
    let report = Report { machine: Machine::this(), plan, postgres: None, contenders, rounds: vec![vec![round]] };
    let json = serde_json::to_string(&report).unwrap();
    let report: Report = serde_json::from_str(&json).unwrap();
    let text = table::render(&report);
    let page = html::render(&report, &[serde_json::from_str(&json).unwrap()]);
    assert_stands_alone(&page);
    let difference = table::render_diff(&report, &report);
    assert!(difference.contains("| create: rate |") && !difference.contains("| yes |"), "{difference}");
    for workload in Workload::ALL {
        assert!(text.contains(workload.title()), "{text}");
        assert!(page.contains(&format!("<figcaption>{}</figcaption>", workload.title())));
    }
}

/// Nothing is fetched, and every link is to a part of the page.
fn assert_stands_alone(page: &str) {
    for fetching in ["<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!page.contains(fetching), "{fetching}");
    }
    for link in page.split("href=\"").skip(1) {
        let id = link.strip_prefix('#').and_then(|link| link.split('"').next()).unwrap();
        assert!(page.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_may_do_all_that_is_measured() {
    let session = Session::open_for_user(&[serve().await], tiny()).await.unwrap();
    for workload in Workload::ALL.into_iter().filter(|w| w.suits(&Program::AurochAuth)) {
        assert!(sample(workload, &session).await.operations > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_nothing_can_be_asked_for_what_suits_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(null_server::serve(listener));
    let session = Session::open(&[address], tiny()).await.unwrap();
    for workload in Workload::ALL.into_iter().filter(|w| w.suits(&Program::Null)) {
        assert!(sample(workload, &session).await.operations > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_share_the_load_and_are_counted_one_by_one() {
    let (one, other) = (serve().await, serve().await);
    let plan = Plan { connections: 3, ..tiny() };
    let session = Session::open(&[one, other], plan.clone()).await.unwrap();
    assert_eq!(session.connections.len(), 4);
    let sample = sample(Workload::Create, &session).await;
    assert_eq!((sample.by_server.len(), sample.by_server.iter().sum()), (2, plan.keys));
    assert!(sample.slowest_rate().unwrap() <= sample.rate() / 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contender_is_started_again_where_it_was() {
    let parent = tempfile::tempdir().unwrap();
    let mut running = null().await.start(parent.path()).await.unwrap();
    let (addresses, before) = (running.addresses(), format!("{:?}", running.processes()));
    running.restart().await.unwrap();
    assert_eq!(running.addresses(), addresses);
    assert_ne!(format!("{:?}", running.processes()), before);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_loses_keys_makes_no_figures() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(null_server::serve(listener));
    let session = Session::open(&[address], tiny()).await.unwrap();
    for workload in [Workload::Count, Workload::List] {
        assert!(measure(workload, &session, None, Instant::now()).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_elsewhere_is_measured_without_its_process_and_keeps_keys_of_others() {
    let address = serve().await;
    let mut kv = Connection::open(address).await.unwrap().kv();
    let foreign = shape::create("/registry/pods/default/theirs".into(), "value".into(), 0);
    kv.txn(foreign).await.unwrap();
    let contender = Contender::elsewhere("theirs", &format!("http://{address}")).await.unwrap();
    let plan = Plan { workloads: vec![Workload::Count, Workload::LeaseKeepalive], ..tiny() };
    let directory = tempfile::tempdir().unwrap();
    let round = round::run(&contender, &plan, directory.path(), &ProgressBar::hidden()).await.unwrap();
    assert!(round.samples[&Workload::Count].costs.is_none() && round.idle_bytes.is_none());

    let mut lease = Connection::open(address).await.unwrap().lease();
    let leases = lease.lease_leases(LeaseLeasesRequest {}).await.unwrap().into_inner().leases;
    assert!(leases.is_empty(), "{leases:?}");
    let everything = RangeRequest { key: vec![0].into(), range_end: vec![0].into(), ..RangeRequest::default() };
    let left = kv.range(everything).await.unwrap().into_inner().kvs;
    assert_eq!(left.iter().map(|kv| &kv.key[..]).collect::<Vec<_>>(), [b"/registry/pods/default/theirs"]);
}

#[tokio::test]
async fn a_contenders_name_cannot_be_given_to_a_server_elsewhere() {
    assert!(Contender::elsewhere("etcd", "http://127.0.0.1:1").await.is_err());
}
