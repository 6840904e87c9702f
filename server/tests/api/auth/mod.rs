//! Users, roles and tokens.

mod concurrency;
mod leases;
mod manage;
mod permissions;
mod tokens;
mod watches;

use etcd_client::{Client, ConnectOptions, Permission, UserAddOptions};
use server::{AuthOptions, ServerOptions};
use storage_core::StoreOptions;
use tonic::Code;

use crate::common::TestServer;

pub(crate) const EMPTY: (Code, &str) = (Code::InvalidArgument, "etcdserver: user name is empty");
pub(crate) const DENIED: (Code, &str) = (Code::PermissionDenied, "etcdserver: permission denied");
pub(crate) const INVALID_TOKEN: (Code, &str) = (Code::Unauthenticated, "etcdserver: invalid auth token");
pub(crate) const FAILED: (Code, &str) =
    (Code::InvalidArgument, "etcdserver: authentication failed, invalid user ID or password");

/// How a server runs whose passwords cost next to nothing.
pub(crate) fn options() -> ServerOptions {
    ServerOptions { auth: AuthOptions { bcrypt_cost: 4, ..AuthOptions::default() }, ..ServerOptions::default() }
}

pub(crate) async fn open_server() -> TestServer {
    TestServer::with(options(), StoreOptions::default()).await
}

/// A server with authentication on: root, whose password is "root's", and alice, whose password is "alice's", and who may do with
/// keys that begin with "a" what `role` says.
pub(crate) async fn guarded_by(options: ServerOptions, role: Permission) -> TestServer {
    let server = TestServer::with(options, StoreOptions::default()).await;
    let mut client = server.client().await;
    client.user_add("root", "root's", None).await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.user_add("alice", "alice's", None).await.unwrap();
    client.role_add("reader").await.unwrap();
    client.role_grant_permission("reader", role).await.unwrap();
    client.user_grant_role("alice", "reader").await.unwrap();
    client.auth_enable().await.unwrap();
    server
}

pub(crate) async fn guarded(role: Permission) -> TestServer {
    guarded_by(options(), role).await
}

pub(crate) async fn log_in(server: &TestServer, user: &str) -> Client {
    let options = ConnectOptions::new().with_user(user, format!("{user}'s"));
    Client::connect([server.address()], Some(options)).await.unwrap()
}

/// A status without what a comparison would have to own.
pub(crate) fn status_of<T: std::fmt::Debug>(result: Result<T, etcd_client::Error>) -> (Code, &'static str) {
    let (code, message) = crate::common::status_of(result);
    (code, message.leak())
}

/// A user without a password.
fn no_password() -> Option<UserAddOptions> {
    Some(UserAddOptions::new().with_no_pwd())
}

/// A token of a user, for requests that are made by hand.
async fn token_of(server: &TestServer, user: &str) -> String {
    let mut client = server.client().await.auth_client();
    client.authenticate(user.to_owned(), format!("{user}'s")).await.unwrap().token().to_owned()
}
