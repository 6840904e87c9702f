//! Unix sockets, as k0s uses them: the path ends like a port.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use hyper_util::rt::TokioIo;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::{PutRequest, RangeRequest};
use tempfile::tempdir;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

use crate::process::Process;

const NAME: &str = "kine.sock:2379";

async fn start(folder: &Path) -> (Process, PathBuf) {
    let path = folder.join(NAME);
    let url = format!("unix://{}", path.display());
    let mut process = Process::start(folder, &["--storage=memory://", "--listen-client-urls", &url]);
    process.until("ready to serve client requests").await;
    (process, path)
}

/// A channel whose `:authority` is the socket's base name, as Go's etcd client has it.
pub(crate) async fn connect(path: &Path) -> Channel {
    let path = path.to_owned();
    let connect = tower::service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let endpoint = Endpoint::from_shared(format!("http://{NAME}")).unwrap();
    endpoint.connect_with_connector(connect).await.unwrap()
}

async fn serves(path: &Path) {
    let mut client = KvClient::new(connect(path).await);
    client.put(PutRequest { key: "k".into(), value: "v".into(), ..Default::default() }).await.unwrap();
    let range = client.range(RangeRequest { key: "k".into(), ..Default::default() }).await.unwrap();
    assert_eq!(range.into_inner().count, 1);
}

#[tokio::test]
async fn a_socket_is_its_users_alone_and_goes_with_the_server() {
    let folder = tempdir().unwrap();
    let (mut process, path) = start(folder.path()).await;
    let file = fs::symlink_metadata(&path).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    serves(&path).await;
    process.terminate();
    assert!(process.ended().await.success());
    assert!(!path.exists());
}

#[tokio::test]
async fn a_stale_socket_is_replaced() {
    let folder = tempdir().unwrap();
    drop(UnixListener::bind(folder.path().join(NAME)).unwrap());
    let (_process, path) = start(folder.path()).await;
    serves(&path).await;
}

#[tokio::test]
async fn a_socket_of_a_killed_server_is_replaced() {
    let folder = tempdir().unwrap();
    let (mut process, path) = start(folder.path()).await;
    process.kill();
    process.ended().await;
    assert!(path.exists());
    let (_process, path) = start(folder.path()).await;
    serves(&path).await;
}

#[tokio::test]
async fn a_live_socket_is_left_alone() {
    let folder = tempdir().unwrap();
    let (_process, path) = start(folder.path()).await;
    let url = format!("unix:{}", path.display());
    let second = Process::start(folder.path(), &["--storage=memory://", "--listen-client-urls", &url]);
    assert!(second.refused().await.contains("is in use"));
    serves(&path).await;
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join(NAME);
    fs::write(&path, "text").unwrap();
    let url = format!("unix:{}", path.display());
    let process = Process::start(folder.path(), &["--storage=memory://", "--listen-client-urls", &url]);
    assert!(process.refused().await.contains("is not a socket"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "text");
}
