//! A network between one server and the database that lets nothing through.

use std::time::Instant;

use conformance::postgres::Cluster;
use etcd_client::GetOptions;
use tokio::time::sleep;

use crate::fleet::Fleet;
use crate::namespace::Namespace;
use crate::process::{Server, call};
use crate::proxy::{LONG, Link, Proxy, SHORT};
use crate::recovery::measure;
use crate::run::Run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cut_off_from_the_database_loses_nothing_and_shows_nothing_old() {
    let cluster = Cluster::start();
    let proxy = Proxy::start("127.0.0.1", cluster.port()).await;
    let (direct, through) = (cluster.dsn("cut"), proxy.dsn("cut"));
    let fleet = Fleet::on([&through, &direct, &direct]).await;
    let run = Run::start(&fleet).await;
    for (link, time) in [(Link::Cut, SHORT), (Link::Deaf, SHORT), (Link::Cut, LONG), (Link::Deaf, LONG)] {
        run.progress(&[0, 1, 2], 20).await;
        proxy.set(link);
        sleep(time).await;
        // The others go on meanwhile.
        run.progress(&[1, 2], 20).await;
        proxy.set(Link::Whole);
        measure(&fleet, &format!("{link:?} for {time:?} from the database"), Instant::now()).await;
    }
    run.check(&fleet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cut_off_from_the_database_answers_unavailable() {
    let cluster = Cluster::start();
    let proxy = Proxy::start("127.0.0.1", cluster.port()).await;
    let (direct, through) = (cluster.dsn("cut"), proxy.dsn("cut"));
    let fleet = Fleet::on([&through, &direct, &direct]).await;
    let mut clients = fleet.clients().await;
    clients[1].put("a", "1", None).await.unwrap();
    clients[0].get("a", None).await.unwrap();
    proxy.set(Link::Cut);
    clients[1].put("a", "2", None).await.unwrap();
    let refused = |error: etcd_client::Error| match error {
        etcd_client::Error::GRpcStatus(status) => status.code(),
        error => panic!("{error}"),
    };
    let read = call(clients[0].get("a", None)).await.map(drop).map_err(refused);
    assert_eq!(read, Err(tonic::Code::Unavailable));
    let write = call(clients[0].put("a", "3", None)).await.map(drop).map_err(refused);
    assert_eq!(write, Err(tonic::Code::Unavailable));
    let old = clients[0].get("a", Some(GetOptions::new().with_serializable())).await.unwrap();
    assert_eq!(old.kvs()[0].value(), b"1", "who asks for no more gets what it has");
    proxy.set(Link::Whole);
    measure(&fleet, "cut off for the time of a request", Instant::now()).await;
}

/// As [`a_server_cut_off_from_the_database_loses_nothing_and_shows_nothing_old`], by a real network, which sends what was lost again
/// later and later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_packets_to_the_database_are_lost_goes_on_once_they_arrive() {
    let Some(namespace) = Namespace::new() else {
        eprintln!("no network namespace can be made here: run as root, with the program ip, to have this tested");
        return;
    };
    let cluster = Cluster::start();
    let proxy = Proxy::start(&namespace.database[0], cluster.port()).await;
    let (direct, through) = (cluster.dsn("cut"), proxy.dsn("cut"));
    let mut fleet = Fleet::on([&direct; 3]).await;
    fleet.servers[0] =
        Server::start("far", &namespace.clients[1], &namespace.wrapper(), &["--storage", &through]).await;
    let run = Run::start(&fleet).await;
    for time in [SHORT, LONG] {
        run.progress(&[0, 1, 2], 20).await;
        namespace.cut(true);
        sleep(time).await;
        // The others go on meanwhile.
        run.progress(&[1, 2], 20).await;
        namespace.cut(false);
        measure(&fleet, &format!("packets lost for {time:?}"), Instant::now()).await;
    }
    run.check(&fleet).await;
}
