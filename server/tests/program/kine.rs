//! The program in the place of kine, as k0s starts it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{Compare, LeaseGrantRequest, PutRequest, RangeRequest, RequestOp, TxnRequest};
use tempfile::{TempDir, tempdir};
use tokio::process::Command;

use crate::process::{PROGRAM, Process};
use crate::sockets::connect;

/// A user without rights, whom every system has.
const NOBODY: u32 = 65534;

/// A data directory of k0s's, with the program in it under the name of kine. Where the test may choose, it is another
/// user's, and the program runs as that user.
struct K0s {
    folder: TempDir,
    user: Option<u32>,
}

impl K0s {
    fn new() -> Self {
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

    fn start(&self, args: &[&str]) -> Process {
        let mut command = Command::new(self.path("bin/kine"));
        command.env("_K0S_MANAGED", "yes");
        if let Some(user) = self.user {
            command.uid(user);
        }
        Process::start_as(command, self.folder.path(), args)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}

/// What k0s asks before it goes on: a key with a lease of 64 seconds, created unless it is there, and read.
async fn is_ready(socket: &Path) {
    let channel = connect(socket).await;
    let grant = LeaseGrantRequest { ttl: 64, id: 0 };
    let lease = LeaseClient::new(channel.clone()).lease_grant(grant).await.unwrap().into_inner();
    assert_eq!(lease.ttl, 64);

    let key = || "/k0s-health-check".into();
    let put = PutRequest { key: key(), value: "value".into(), lease: lease.id, ..Default::default() };
    let absent = Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: key(),
        target_union: Some(TargetUnion::ModRevision(0)),
        ..Default::default()
    };
    let success = vec![RequestOp { request: Some(Request::RequestPut(put)) }];
    let txn = TxnRequest { compare: vec![absent], success, failure: vec![] };
    let mut kv = KvClient::new(channel);
    kv.txn(txn).await.unwrap();

    let range = kv.range(RangeRequest { key: key(), ..Default::default() }).await.unwrap().into_inner();
    assert_eq!(range.kvs.last().unwrap().value, "value");
}

#[tokio::test]
async fn k0s_finds_it_ready_twice() {
    let k0s = K0s::new();
    let socket = k0s.path("run/k0s/kine/kine.sock:2379");
    let endpoint = format!("--endpoint=sqlite://file:{}?mode=rwc&_journal=WAL", k0s.path("db/state.db").display());
    let address = format!("--listen-address=unix://{}", socket.display());
    let args = ["--compact-interval=0", &endpoint, &address, "--metrics-bind-address=0"];
    for _ in 0..2 {
        let mut process = k0s.start(&args);
        process.until("ready to serve client requests").await;
        assert_eq!(socket.symlink_metadata().unwrap().permissions().mode() & 0o777, 0o600);
        is_ready(&socket).await;
        process.terminate();
        assert!(process.ended().await.success());
        assert!(!socket.exists());
    }
    let file = k0s.path("db/state.db").metadata().unwrap();
    assert_eq!(file.uid(), k0s.user.unwrap_or(file.uid()));
}

#[tokio::test]
async fn it_says_its_version_as_kine_does() {
    let output = Command::new(PROGRAM).args(["kine", "-v"]).output().await.unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("kine version v"));
}

#[tokio::test]
async fn a_flag_of_kines_that_means_nothing_is_warned_of() {
    let k0s = K0s::new();
    let args = ["--endpoint=memory://", "--listen-address=unix://s", "--metrics-bind-address=0", "--s3-bucket=b"];
    let mut process = k0s.start(&args);
    process.until("ready to serve client requests").await;
    assert!(process.has_said("--s3-bucket has no effect"), "{:#?}", process.said);
}
