//! What k0s starts in the place of kine, and what it and its kube-apiserver ask first.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use conformance::postgres::Cluster;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    Compare, LeaseGrantRequest, PutRequest, RangeRequest, RequestOp, StatusRequest, TxnRequest, TxnResponse,
    WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
};
use tempfile::{TempDir, tempdir};
use tokio::process::Command;
use tokio_stream::StreamExt as _;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::common::soon;
use crate::http::{address, ask};
use crate::process::{PROGRAM, Process};
use crate::sockets::connect;

/// A user without rights, whom every system has.
const NOBODY: u32 = 65534;

/// A data directory of k0s's, with the program in it under the name of kine. Where the test may choose, it is another
/// user's, and the program runs as that user.
pub(crate) struct K0s {
    folder: TempDir,
    user: Option<u32>,
}

impl K0s {
    pub(crate) fn new() -> Self {
        let folder = tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::create_dir_all(folder.path().join("run/k0s/kine")).unwrap();
        let program = folder.path().join("bin/kine");
        // The folders above the program may be closed to another user: a link would not do.
        fs::hard_link(PROGRAM, &program).or_else(|_| fs::copy(PROGRAM, &program).map(drop)).unwrap();
        let user = (folder.path().metadata().unwrap().uid() == 0).then_some(NOBODY);
        for path in [".", "run/k0s/kine"] {
            std::os::unix::fs::chown(folder.path().join(path), user, None).unwrap();
        }
        Self { folder, user }
    }

    pub(crate) fn start(&self, args: &[&str]) -> Process {
        let mut command = Command::new(self.path("bin/kine"));
        command.env("_K0S_MANAGED", "yes");
        if let Some(user) = self.user {
            command.uid(user);
        }
        Process::start_as(command, self.folder.path(), args)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Starts it with k0s' own arguments, and waits until it serves.
    async fn ready(&self, endpoint: &str) -> Process {
        let address = format!("--listen-address=unix://{}", self.socket().display());
        let endpoint = format!("--endpoint={endpoint}");
        let mut process =
            self.start(&["--compact-interval=0", &endpoint, &address, "--metrics-bind-address=127.0.0.1:0"]);
        process.until("ready to serve client requests").await;
        assert_eq!(self.socket().symlink_metadata().unwrap().permissions().mode() & 0o777, 0o600);
        process
    }

    fn socket(&self) -> PathBuf {
        self.path("run/k0s/kine/kine.sock:2379")
    }
}

/// If `key` was changed last at `mod_revision`, or was never there, a put of it.
fn put_if(key: &str, mod_revision: i64, value: &str, lease: i64) -> TxnRequest {
    let unchanged = Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: key.to_owned().into(),
        target_union: Some(TargetUnion::ModRevision(mod_revision)),
        ..Default::default()
    };
    let put = PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), lease, ..Default::default() };
    let success = vec![RequestOp { request: Some(Request::RequestPut(put)) }];
    TxnRequest { compare: vec![unchanged], success, failure: vec![] }
}

/// What k0s asks before it goes on: a key with a lease of 64 seconds, created unless it is there, and read. Answers whether it was
/// created.
async fn is_ready(channel: Channel) -> bool {
    const KEY: &str = "/k0s-health-check";
    let grant = LeaseGrantRequest { ttl: 64, id: 0 };
    let lease = LeaseClient::new(channel.clone()).lease_grant(grant).await.unwrap().into_inner();
    assert_eq!(lease.ttl, 64);
    let mut kv = KvClient::new(channel);
    let created = kv.txn(put_if(KEY, 0, "value", lease.id)).await.unwrap().into_inner().succeeded;
    let range = kv.range(RangeRequest { key: KEY.into(), ..Default::default() }).await.unwrap().into_inner();
    assert_eq!(range.kvs.last().unwrap().value, "value");
    created
}

fn revision(answer: &TxnResponse) -> i64 {
    answer.header.as_ref().unwrap().revision
}

async fn watch(channel: &Channel, start_revision: i64) -> Streaming<WatchResponse> {
    let create = WatchCreateRequest {
        key: "/registry/pods/".into(),
        range_end: "/registry/pods0".into(),
        start_revision,
        prev_kv: true,
        progress_notify: true,
        ..Default::default()
    };
    let requests = [RequestUnion::CreateRequest(create), RequestUnion::ProgressRequest(WatchProgressRequest {})];
    let requests = requests.map(|request| WatchRequest { request_union: Some(request) });
    let requests = tokio_stream::iter(requests).chain(tokio_stream::pending());
    let mut stream = WatchClient::new(channel.clone()).watch(requests).await.unwrap().into_inner();
    assert!(soon(stream.message()).await.unwrap().unwrap().created);
    stream
}

/// What kube-apiserver does at its start: it looks which version it is, lists, creates and updates, and watches from where it listed. `n` makes
/// the object's name.
async fn serves_kube_apiserver(channel: Channel, n: usize) {
    let status = MaintenanceClient::new(channel.clone()).status(StatusRequest::default()).await.unwrap().into_inner();
    assert!(status.version.starts_with("3."), "{}", status.version);
    let mut kv = KvClient::new(channel.clone());
    let list =
        RangeRequest { key: "/registry/pods/".into(), range_end: "/registry/pods0".into(), ..Default::default() };
    let mut parts = kv.range_stream(list).await.unwrap().into_inner();
    let mut listed = None;
    while let Some(part) = soon(parts.message()).await.unwrap() {
        let part = part.range_response.unwrap();
        listed = part.header.map(|header| (header.revision, part.count));
    }
    let (listed, count) = listed.unwrap();
    assert_eq!(count, n as i64);

    let key = format!("/registry/pods/{n}");
    let created = kv.txn(put_if(&key, 0, "created", 0)).await.unwrap().into_inner();
    let updated = kv.txn(put_if(&key, revision(&created), "updated", 0)).await.unwrap().into_inner();
    assert!(created.succeeded && updated.succeeded);
    let mut stream = watch(&channel, listed + 1).await;
    let mut seen = Vec::new();
    // Progress comes once all events have come.
    loop {
        let message = soon(stream.message()).await.unwrap().unwrap();
        if message.watch_id == -1 {
            assert_eq!(message.header.unwrap().revision, revision(&updated));
            break;
        }
        let events =
            message.events.into_iter().map(|event| (event.kv.unwrap().value, event.prev_kv.map(|kv| kv.value)));
        seen.extend(events);
    }
    assert_eq!(seen, [("created".into(), None), ("updated".into(), Some("created".into()))]);
}

/// Two starts on `endpoint`.
async fn k0s_starts(k0s: &K0s, endpoint: &str) {
    for n in 0..2 {
        let mut process = k0s.ready(endpoint).await;
        let channel = connect(&k0s.socket()).await;
        assert_eq!(is_ready(channel.clone()).await, n == 0);
        assert!(!is_ready(channel.clone()).await);
        serves_kube_apiserver(channel, n).await;
        let metrics = ask(&address(&process, "serving metrics"), "GET /metrics HTTP/1.1\r\nHost: a").await;
        assert!(metrics.contains("\netcd_server_has_leader 1\n"), "{metrics}");
        process.terminate();
        assert!(process.ended().await.success());
        assert!(!k0s.socket().exists());
    }
}

#[tokio::test]
async fn k0s_and_kube_apiserver_start_twice_on_sqlite() {
    let k0s = K0s::new();
    let file = k0s.path("db/state.db");
    k0s_starts(&k0s, &format!("sqlite://file:{}?mode=rwc&_journal=WAL", file.display())).await;
    let file = file.metadata().unwrap();
    assert_eq!(file.uid(), k0s.user.unwrap_or(file.uid()));
}

#[tokio::test]
async fn k0s_and_kube_apiserver_start_twice_on_postgresql() {
    k0s_starts(&K0s::new(), &Cluster::shared().new_database()).await;
}

#[tokio::test]
async fn k0s_and_kube_apiserver_start_twice_on_postgresql_by_its_socket() {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    let database = dsn.rsplit('/').next().unwrap();
    let by_socket = format!("postgres:///{database}?host={}&port={}&user=postgres", cluster.sockets(), cluster.port());
    k0s_starts(&K0s::new(), &by_socket).await;
}
