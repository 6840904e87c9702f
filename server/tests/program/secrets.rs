//! No key, value, password or token is ever logged, whatever goes well or wrong.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use etcd_client::{
    Client, Compare, CompareOp, ConnectOptions, GetOptions, Permission, PutOptions, Txn, TxnOp, WatchOptions,
};
use proto::etcdserverpb as pb;
use proto::etcdserverpb::auth_client::AuthClient;
use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::transport::Endpoint;

use crate::common::soon;
use crate::process::Process;

/// Is in all that must not be seen. Its letters are none of any other word's.
const MARK: &str = "zQxJvK";

fn marked(what: &str) -> String {
    format!("{MARK}{what}")
}

/// The address, in either form of the log.
fn address(process: &Process) -> String {
    let line = process.said.iter().find(|line| line.contains("http://127.0.0.1:")).unwrap();
    let port = line.split_once("http://127.0.0.1:").unwrap().1;
    let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
    format!("127.0.0.1:{}", &port[..digits])
}

/// Keys, values, transactions, watches, leases, locks and elections, in good order.
async fn use_keys(client: &mut Client) {
    let key = marked("key");
    let revision = client.put(key.clone(), marked("value"), None).await.unwrap().header().unwrap().revision();
    client.get(key.clone(), Some(GetOptions::new().with_prefix())).await.unwrap();
    let compare = Compare::value(key.clone(), CompareOp::Equal, marked("other"));
    let put = TxnOp::put(marked("k2"), marked("v2"), None);
    client.txn(Txn::new().when([compare]).and_then([put.clone()]).or_else([put])).await.unwrap();
    let options = WatchOptions::new().with_prefix().with_prev_key().with_start_revision(revision);
    let mut watch = client.watch(key.clone(), Some(options)).await.unwrap();
    soon(watch.message()).await.unwrap().unwrap();
    soon(watch.message()).await.unwrap().unwrap();
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.put(key.clone(), marked("leased"), Some(PutOptions::new().with_lease(lease))).await.unwrap();
    client.lease_revoke(lease).await.unwrap();
    let lock = client.lock(marked("lock"), None).await.unwrap();
    client.unlock(lock.key()).await.unwrap();
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.campaign(marked("election"), marked("candidate"), lease).await.unwrap();
    client.lease_revoke(lease).await.unwrap();
    client.compact(revision, None).await.unwrap();
    client.defragment().await.unwrap();
    let mut snapshot = client.snapshot().await.unwrap();
    while soon(snapshot.message()).await.unwrap().is_some() {}
}

/// What is refused.
async fn go_wrong(client: &mut Client, address: &str) {
    assert!(client.put(marked("key"), "v".repeat(2 << 20), None).await.is_err());
    assert!(client.put(marked("key"), marked("v"), Some(PutOptions::new().with_lease(99))).await.is_err());
    let twice = [TxnOp::put(marked("key"), "1", None), TxnOp::put(marked("key"), "2", None)];
    assert!(client.txn(Txn::new().and_then(twice)).await.is_err());
    assert!(client.get(marked("key"), Some(GetOptions::new().with_revision(1 << 40))).await.is_err());
    let mark = BASE64_STANDARD.encode(marked("key"));
    for (headers, body) in [
        (String::new(), format!(r#"{{"key":"{mark}","value":{{"{MARK}":1}}"#)),
        (String::new(), format!(r#"{{"key":"{MARK}!"}}"#)),
        (format!("Authorization: Bearer {}\r\n", marked("token")), format!(r#"{{"key":"{mark}"}}"#)),
        (format!("Grpc-Metadata-Token: {}\r\n", marked("token")), "{}".to_owned()),
        (format!("X: {}\r\n", "x".repeat(2 << 20)), "{}".to_owned()),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let len = body.len();
        let head =
            format!("POST /v3/kv/range HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {len}");
        // The server may have hung up by now.
        let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await;
        let _ = soon(stream.read_to_end(&mut Vec::new())).await;
    }
}

/// Users, right and wrong passwords and tokens. Answers the tokens that were given out.
async fn use_users(address: &str) -> Vec<String> {
    let mut client = Client::connect([address], None).await.unwrap();
    let (root, alice) = (marked("root"), marked("alice"));
    client.user_add("root", root.clone(), None).await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.user_add("alice", alice.clone(), None).await.unwrap();
    client.role_add("r").await.unwrap();
    let permission = Permission::read_write(marked("key")).with_prefix();
    client.role_grant_permission("r", permission).await.unwrap();
    client.user_grant_role("alice", "r").await.unwrap();
    client.auth_enable().await.unwrap();

    let mut auth =
        AuthClient::new(Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap());
    let mut tokens = Vec::new();
    for (name, password) in [("alice", &alice), ("alice", &root), ("mallory", &alice), ("root", &root)] {
        let request = pb::AuthenticateRequest { name: name.to_owned(), password: password.clone() };
        tokens.extend(auth.authenticate(request).await.map(|answer| answer.into_inner().token));
    }
    assert_eq!(tokens.len(), 2);

    let mut alice = user(address, "alice", &alice).await;
    alice.put(marked("key"), marked("value"), None).await.unwrap();
    assert!(alice.put(marked("not hers"), marked("value"), None).await.is_err());
    assert!(client.get(marked("key"), None).await.is_err());
    let mut watch = alice.watch(marked("key"), None).await.unwrap();
    soon(watch.message()).await.unwrap();
    let mut root = user(address, "root", &root).await;
    use_keys(&mut root).await;
    go_wrong(&mut root, address).await;
    root.user_change_password("alice", marked("new")).await.unwrap();
    assert!(root.user_change_password("alice", marked(&"x".repeat(80))).await.is_err());
    root.role_revoke_permission("r", marked("key"), None).await.unwrap_err();
    root.user_delete("alice").await.unwrap();
    assert!(soon(watch.message()).await.unwrap().is_some());
    assert!(alice.get(marked("key"), None).await.is_err());
    root.auth_disable().await.unwrap();
    tokens
}

async fn user(address: &str, name: &str, password: &str) -> Client {
    Client::connect([address], Some(ConnectOptions::new().with_user(name, password))).await.unwrap()
}

/// Text that was logged, in the forms in which bytes are printed.
fn forms(secret: &str) -> [String; 3] {
    let base64 = BASE64_STANDARD.encode(secret);
    let numbers: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
    [secret.to_owned(), base64.trim_end_matches('=')[..secret.len()].to_owned(), numbers.join(", ")]
}

#[tokio::test]
async fn nothing_secret_is_logged_at_any_level_in_either_form() {
    for format in ["text", "json"] {
        let folder = tempdir().unwrap();
        let format = format!("--log-format={format}");
        let mut process = Process::ready(folder.path(), &["--log-level=trace", "--bcrypt-cost=4", &format]).await;
        let address = address(&process);
        let mut client = Client::connect([&address], None).await.unwrap();
        use_keys(&mut client).await;
        go_wrong(&mut client, &address).await;
        let tokens = use_users(&address).await;
        process.terminate();
        assert!(process.ended().await.success());
        // A restart reads it all.
        let mut again = Process::ready(folder.path(), &["--log-level=trace", &format]).await;
        again.terminate();
        assert!(again.ended().await.success());
        for secret in tokens.iter().map(String::as_str).chain([MARK]) {
            for form in forms(secret) {
                for line in process.said.iter().chain(&again.said) {
                    assert!(!line.contains(&form), "{format}: {line}");
                }
            }
        }
        assert!(process.said.len() > 10, "it logs at all: {:#?}", process.said);
    }
}

#[tokio::test]
async fn a_start_that_fails_shows_no_key() {
    let folder = tempdir().unwrap();
    let secret = marked("a shared secret that is no key of RSA's");
    std::fs::write(folder.path().join("key"), &secret).unwrap();
    let mut process = Process::start(folder.path(), &["--auth-token=jwt,sign-method=RS256,priv-key=key"]);
    assert!(!process.ended().await.success());
    assert!(process.has_said("holds no private key for RS256"), "{:#?}", process.said);
    assert!(!process.has_said(MARK));
}
