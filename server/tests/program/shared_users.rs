//! Users, permissions and tokens of several servers on one PostgreSQL.

use conformance::postgres::Cluster;
use etcd_client::{Client, ConnectOptions, Error, EventType, Permission, PutOptions, WatchResponse};
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

    /// The same, where "me" may read and write the key "k". Answers a client of root's.
    async fn enable_and_permit(&self) -> Client {
        self.enable().await;
        let mut admin = sign_on(&self.one, "root", "root").await;
        admin.role_grant_permission("role", Permission::read_write("k")).await.unwrap();
        admin
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
    let mut admin = servers.enable_and_permit().await;
    let mut me = sign_on(&servers.two, "me", "secret").await;
    me.put("k", "v", None).await.expect("it is permitted");
    admin.user_change_password("me", "another").await.unwrap();
    // The client signs on again with what was the password.
    let wrong = (Code::InvalidArgument, "etcdserver: authentication failed, invalid user ID or password".to_owned());
    assert_eq!(refusal(me.get("k", None).await), wrong);
    assert_eq!(refusal(me.put("k", "v", None).await), wrong);
    sign_on(&servers.two, "me", "another").await.get("k", None).await.expect("it is permitted");
}

async fn token_of(process: &Process, user: &str, password: &str) -> String {
    let mut auth = process.client().await.auth_client();
    auth.authenticate(user.to_owned(), password.to_owned()).await.unwrap().token().to_owned()
}

/// What a server says to a request with this token.
async fn ask(process: &Process, token: &str) -> Result<(), (Code, String)> {
    let channel = Channel::from_shared(format!("http://{}", process.address())).unwrap().connect().await.unwrap();
    let mut request = Request::new(RangeRequest { key: "k".into(), ..Default::default() });
    request.metadata_mut().insert("token", token.parse().unwrap());
    let answer = KvClient::new(channel).range(request).await;
    answer.map(drop).map_err(|status| (status.code(), status.message().to_owned()))
}

/// What each of the two says to it.
async fn ask_both(servers: &Servers, token: &str) -> [Result<(), (Code, String)>; 2] {
    [ask(&servers.one, token).await, ask(&servers.two, token).await]
}

fn unknown() -> (Code, String) {
    (Code::Unauthenticated, "etcdserver: invalid auth token".to_owned())
}

#[tokio::test]
async fn a_simple_token_of_one_server_is_good_at_the_other_at_once_whatever_has_just_changed() {
    let servers = Servers::start("simple").await;
    let mut admin = servers.enable_and_permit().await;
    for n in 0..10 {
        let user = format!("user{n}");
        admin.user_add(&*user, "secret", None).await.unwrap();
        admin.user_grant_role(&*user, "role").await.unwrap();
        let token = token_of(&servers.one, &user, "secret").await;
        assert_eq!(ask(&servers.two, &token).await, Ok(()), "it is the first that it hears of {user}");
        assert_eq!(ask_both(&servers, &token).await, [Ok(()), Ok(())]);
    }
}

#[tokio::test]
async fn a_simple_token_ends_everywhere_with_the_password_the_user_and_authentication() {
    let servers = Servers::start("simple").await;
    let mut admin = servers.enable_and_permit().await;
    // Each time one is known to both, and another to none but who gave it.
    let tokens = async |password: &str| {
        let tokens = [token_of(&servers.one, "me", password).await, token_of(&servers.two, "me", password).await];
        assert_eq!(ask_both(&servers, &tokens[0]).await, [Ok(()), Ok(())]);
        tokens
    };
    let refused = async |tokens: &[String; 2]| {
        for token in tokens {
            assert_eq!(ask_both(&servers, token).await, [Err(unknown()), Err(unknown())]);
        }
    };

    let first = tokens("secret").await;
    admin.user_change_password("me", "another").await.unwrap();
    refused(&first).await;

    let second = tokens("another").await;
    admin.user_delete("me").await.unwrap();
    refused(&second).await;
    admin.user_add("me", "another", None).await.unwrap();
    admin.user_grant_role("me", "role").await.unwrap();
    refused(&second).await;

    let third = tokens("another").await;
    admin.auth_disable().await.unwrap();
    servers.one.client().await.auth_enable().await.unwrap();
    refused(&third).await;
    refused(&first).await;
    tokens("another").await;
}

#[tokio::test]
async fn a_simple_token_is_as_good_at_a_server_that_starts_later_while_it_is_new() {
    let mut servers = Servers::start("simple").await;
    servers.enable().await;
    let token = token_of(&servers.one, "root", "root").await;
    servers.one.kill();
    servers.one.ended().await;
    let three = server(&servers.folder, &servers.args, "three").await;
    assert_eq!(ask(&three, &token).await, Ok(()));
}

#[tokio::test]
async fn a_simple_token_that_is_old_is_good_only_where_it_was_used() {
    let mut servers = Servers::start("simple").await;
    servers.enable().await;
    let args = [servers.args[0].clone(), "--auth-token-ttl=1".to_owned()];
    servers.two = server(&servers.folder, &args, "short").await;
    let token = token_of(&servers.one, "root", "root").await;
    // By the clock that the servers share, a lease lives for longer than the token does.
    let mut root = sign_on(&servers.one, "root", "root").await;
    let mut watch = root.watch("leased", None).await.unwrap();
    let lease = root.lease_grant(2, None).await.unwrap().id();
    root.put("leased", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    let is_gone = |answer: &WatchResponse| answer.events().iter().any(|event| event.event_type() == EventType::Delete);
    soon(async { while !is_gone(&watch.message().await.unwrap().unwrap()) {} }).await;
    assert_eq!(ask_both(&servers, &token).await, [Ok(()), Err(unknown())]);
}

#[tokio::test]
async fn a_client_with_a_simple_token_goes_on_at_the_server_that_it_fails_over_to() {
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
    let token = token_of(&servers.one, "root", "root").await;
    assert_eq!(ask_both(&servers, &token).await, [Ok(()), Ok(())]);
}
