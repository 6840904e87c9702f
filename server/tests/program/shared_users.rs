//! Users, permissions and tokens of several servers on one PostgreSQL.

use conformance::postgres::Cluster;
use etcd_client::{Client, ConnectOptions, Error, Permission};
use proto::etcdserverpb::RangeRequest;
use proto::etcdserverpb::kv_client::KvClient;
use tempfile::{TempDir, tempdir};
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::common::soon;
use crate::process::Process;

/// Two servers on one database, which give tokens of this kind.
struct Servers {
    folder: TempDir,
    args: [String; 2],
    one: Process,
    two: Process,
}

impl Servers {
    async fn start(token: &str) -> Self {
        let (folder, dsn) = (tempdir().unwrap(), Cluster::shared().new_database());
        std::fs::write(folder.path().join("key"), "a secret of the servers").unwrap();
        let args = [format!("--storage={dsn}"), format!("--auth-token={token}")];
        let (one, two) = (server(&folder, &args, "one").await, server(&folder, &args, "two").await);
        Self { folder, args, one, two }
    }

    /// Turns authentication on, with a user "me" who may do nothing.
    async fn enable(&self) {
        let mut client = self.one.client().await;
        client.user_add("root", "root", None).await.unwrap();
        client.user_grant_role("root", "root").await.unwrap();
        client.user_add("me", "secret", None).await.unwrap();
        client.role_add("role").await.unwrap();
        client.user_grant_role("me", "role").await.unwrap();
        client.auth_enable().await.unwrap();
    }
}

async fn server(folder: &TempDir, args: &[String; 2], name: &str) -> Process {
    Process::ready(folder.path(), &[&args[0], &args[1], "--name", name]).await
}

async fn sign_on(process: &Process, user: &str, password: &str) -> Client {
    let options = ConnectOptions::new().with_user(user, password).with_auto_token_refresh(true);
    Client::connect([process.address()], Some(options)).await.unwrap()
}

fn refusal<T>(answer: Result<T, Error>) -> (Code, String) {
    match answer.map(drop) {
        Err(Error::GRpcStatus(status)) => (status.code(), status.message().to_owned()),
        other => panic!("it is not refused: {other:?}"),
    }
}

fn denied() -> (Code, String) {
    (Code::PermissionDenied, "etcdserver: permission denied".to_owned())
}

#[tokio::test]
async fn a_change_of_permissions_on_one_server_is_in_force_on_the_other_before_its_next_answer() {
    let servers = Servers::start("simple").await;
    servers.enable().await;
    let mut admin = sign_on(&servers.one, "root", "root").await;
    let mut me = sign_on(&servers.two, "me", "secret").await;
    for _ in 0..5 {
        admin.role_grant_permission("role", Permission::read_write("k")).await.unwrap();
        me.get("k", None).await.expect("it is permitted by now");
        admin.role_revoke_permission("role", "k", None).await.unwrap();
        assert_eq!(refusal(me.put("k", "v", None).await), denied());
        admin.role_grant_permission("role", Permission::read_write("k")).await.unwrap();
        me.put("k", "v", None).await.expect("it is permitted by now");
        admin.role_revoke_permission("role", "k", None).await.unwrap();
        assert_eq!(refusal(me.get("k", None).await), denied());
    }
}

#[tokio::test]
async fn a_password_that_was_changed_on_one_server_ends_the_tokens_of_the_other() {
    let servers = Servers::start("simple").await;
    servers.enable().await;
    let mut admin = sign_on(&servers.one, "root", "root").await;
    admin.role_grant_permission("role", Permission::read_write("k")).await.unwrap();
    let mut me = sign_on(&servers.two, "me", "secret").await;
    me.put("k", "v", None).await.expect("it is permitted");
    admin.user_change_password("me", "another").await.unwrap();
    // The client signs on again with what was the password.
    let wrong = (Code::InvalidArgument, "etcdserver: authentication failed, invalid user ID or password".to_owned());
    assert_eq!(refusal(me.get("k", None).await), wrong);
    assert_eq!(refusal(me.put("k", "v", None).await), wrong);
    sign_on(&servers.two, "me", "another").await.get("k", None).await.expect("it is permitted");
}

/// A token that the first server gives, and what each of the two says to it.
async fn tried(servers: &Servers) -> [Result<(), (Code, String)>; 2] {
    let mut auth = servers.one.client().await.auth_client();
    let token = auth.authenticate("root".to_owned(), "root".to_owned()).await.unwrap().token().to_owned();
    let ask = async |process: &Process| {
        let channel = Channel::from_shared(format!("http://{}", process.address())).unwrap().connect().await.unwrap();
        let mut request = Request::new(RangeRequest { key: "k".into(), ..Default::default() });
        request.metadata_mut().insert("token", token.parse().unwrap());
        let answer = KvClient::new(channel).range(request).await;
        answer.map(drop).map_err(|status| (status.code(), status.message().to_owned()))
    };
    [ask(&servers.one).await, ask(&servers.two).await]
}

#[tokio::test]
async fn a_simple_token_is_good_at_the_server_that_gave_it_alone_and_servers_warn_of_that() {
    let mut servers = Servers::start("simple").await;
    servers.enable().await;
    let unknown = (Code::Unauthenticated, "etcdserver: invalid auth token".to_owned());
    assert_eq!(tried(&servers).await, [Ok(()), Err(unknown)]);
    let warning = "no other server on this storage knows the tokens";
    servers.one.until(warning).await;
    assert!(!servers.two.has_said(warning), "authentication was off when it started");
    server(&servers.folder, &servers.args, "three").await.until(warning).await;
}

#[tokio::test]
async fn a_client_with_a_simple_token_signs_on_again_at_the_server_that_it_fails_over_to() {
    let mut servers = Servers::start("simple").await;
    servers.enable().await;
    let mut root = sign_on(&servers.one, "root", "root").await;
    root.put("k", "v", None).await.unwrap();
    servers.one.kill();
    servers.one.ended().await;
    root.add_endpoint(format!("http://{}", servers.two.address())).await.unwrap();
    root.remove_endpoint(format!("http://{}", servers.one.address())).await.unwrap();
    soon(async { while root.get("k", None).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_jwt_of_one_server_is_good_at_the_others() {
    let servers = Servers::start("jwt,sign-method=HS256,priv-key=key,ttl=5m").await;
    servers.enable().await;
    assert_eq!(tried(&servers).await, [Ok(()), Ok(())]);
}
