//! Making users and roles, and every error of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use etcd_client::{Permission, PermissionType};
use proto::authpb;
use proto::etcdserverpb::auth_client::AuthClient;
use proto::etcdserverpb::{
    AuthRoleGetRequest, AuthRoleGrantPermissionRequest, AuthStatusRequest, AuthUserAddRequest,
    AuthUserChangePasswordRequest, AuthenticateRequest,
};
use tonic::Code::{FailedPrecondition, InvalidArgument, Unknown};

use super::*;

#[tokio::test]
async fn users_are_made_shown_changed_and_removed() {
    let server = open_server().await;
    let mut client = server.client().await;
    let added = client.user_add("bob", "secret", None).await.unwrap();
    assert_eq!(added.header().unwrap().revision(), 1, "users take no revision");
    client.user_add("alice", "secret", None).await.unwrap();
    assert_eq!(client.user_list().await.unwrap().users(), ["alice", "bob"]);
    for role in ["r2", "r1"] {
        client.role_add(role).await.unwrap();
        client.user_grant_role("bob", role).await.unwrap();
    }
    client.user_grant_role("bob", "r1").await.unwrap();
    assert_eq!(client.user_get("bob").await.unwrap().roles(), ["r1", "r2"]);
    client.user_revoke_role("bob", "r1").await.unwrap();
    client.role_delete("r2").await.unwrap();
    assert_eq!(client.user_get("bob").await.unwrap().roles(), [""; 0]);
    client.user_change_password("bob", "other").await.unwrap();
    client.user_delete("bob").await.unwrap();
    assert_eq!(client.user_list().await.unwrap().users(), ["alice"]);
}

#[tokio::test]
async fn roles_are_made_shown_changed_and_removed() {
    let server = open_server().await;
    let mut client = server.client().await;
    client.role_add("r").await.unwrap();
    client.role_add("root").await.unwrap();
    assert_eq!(client.role_list().await.unwrap().roles(), ["r", "root"]);
    for permission in [
        Permission::read("k").with_prefix(),
        Permission::write("a"),
        Permission::read_write("x").with_from_key(),
        Permission::write("k").with_prefix(),
    ] {
        client.role_grant_permission("r", permission).await.unwrap();
    }
    let permissions = client.role_get("r").await.unwrap().permissions();
    let shown: Vec<_> = permissions.iter().map(|p| (p.get_type(), p.key_str().unwrap(), p.range_end())).collect();
    let expected = [
        (PermissionType::Write as i32, "a", &b""[..]),
        (PermissionType::Write as i32, "k", b"l"),
        (PermissionType::Readwrite as i32, "x", b"\0"),
    ];
    assert_eq!(shown, expected);
    client.role_revoke_permission("r", "a", None).await.unwrap();
    assert_eq!(client.role_get("r").await.unwrap().permissions().len(), 2);
    client.role_delete("r").await.unwrap();
    assert_eq!(client.role_list().await.unwrap().roles(), ["root"]);
}

#[tokio::test]
async fn the_role_root_has_everything() {
    let server = open_server().await;
    let mut auth = AuthClient::new(server.channel().await);
    server.client().await.role_add("root").await.unwrap();
    let root = auth.role_get(AuthRoleGetRequest { role: "root".to_owned() }).await.unwrap().into_inner().perm;
    let everything = authpb::Permission { perm_type: 2, key: "".into(), range_end: b"\0"[..].into() };
    assert_eq!(root, [everything]);
}

#[tokio::test]
async fn what_is_there_or_is_not_is_refused() {
    let server = open_server().await;
    let mut client = server.client().await;
    client.user_add("u", "p", None).await.unwrap();
    client.role_add("r").await.unwrap();
    let exists = (FailedPrecondition, "etcdserver: user name already exists");
    assert_eq!(status_of(client.user_add("u", "p", None).await), exists);
    assert_eq!(status_of(client.user_add("", "p", None).await), EMPTY);
    let no_user = (FailedPrecondition, "etcdserver: user name not found");
    assert_eq!(status_of(client.user_get("x").await), no_user);
    assert_eq!(status_of(client.user_delete("x").await), no_user);
    assert_eq!(status_of(client.user_change_password("x", "p").await), no_user);
    assert_eq!(status_of(client.user_grant_role("x", "r").await), no_user);
    assert_eq!(status_of(client.user_revoke_role("x", "r").await), no_user);
    let role_exists = (FailedPrecondition, "etcdserver: role name already exists");
    assert_eq!(status_of(client.role_add("r").await), role_exists);
    assert_eq!(status_of(client.role_add("").await), (InvalidArgument, "etcdserver: role name is empty"));
    let no_role = (FailedPrecondition, "etcdserver: role name not found");
    assert_eq!(status_of(client.role_get("x").await), no_role);
    assert_eq!(status_of(client.role_delete("x").await), no_role);
    assert_eq!(status_of(client.user_grant_role("u", "x").await), no_role);
    assert_eq!(status_of(client.role_grant_permission("x", Permission::read("k")).await), no_role);
    assert_eq!(status_of(client.role_revoke_permission("x", "k", None).await), no_role);
    let not_granted = (FailedPrecondition, "etcdserver: role is not granted to the user");
    assert_eq!(status_of(client.user_revoke_role("u", "r").await), not_granted);
    let not_permitted = (FailedPrecondition, "etcdserver: permission is not granted to the role");
    assert_eq!(status_of(client.role_revoke_permission("r", "k", None).await), not_permitted);
}

#[tokio::test]
async fn a_permission_needs_keys_and_a_kind() {
    let server = open_server().await;
    let mut auth = AuthClient::new(server.channel().await);
    server.client().await.role_add("r").await.unwrap();
    let mut grant = async |perm: Option<authpb::Permission>| {
        let request = AuthRoleGrantPermissionRequest { name: "r".to_owned(), perm };
        auth.role_grant_permission(request).await.map_err(|status| (status.code(), status.message().to_owned()))
    };
    let keys = |perm_type, key: &'static str, range_end: &'static str| {
        Some(authpb::Permission { perm_type, key: key.into(), range_end: range_end.into() })
    };
    let invalid = (InvalidArgument, "etcdserver: invalid auth management".to_owned());
    let not_given = (InvalidArgument, "etcdserver: permission not given".to_owned());
    assert_eq!(grant(None).await.unwrap_err(), not_given);
    assert_eq!(grant(keys(0, "", "b")).await.unwrap_err(), invalid);
    assert_eq!(grant(keys(0, "b", "a")).await.unwrap_err(), invalid);
    assert_eq!(grant(keys(0, "b", "b")).await.unwrap_err(), invalid);
    assert_eq!(grant(keys(7, "a", "b")).await.unwrap_err(), invalid);
    assert!(grant(keys(0, "a", "b")).await.is_ok());
}

#[tokio::test]
async fn authentication_is_turned_on_by_a_root_that_can_manage_it() {
    let server = open_server().await;
    let mut client = server.client().await;
    let no_root = (FailedPrecondition, "etcdserver: root user does not exist");
    assert_eq!(status_of(client.auth_enable().await), no_root);
    client.user_add("root", "root's", None).await.unwrap();
    let no_role = (FailedPrecondition, "etcdserver: root user does not have root role");
    assert_eq!(status_of(client.auth_enable().await), no_role);
    client.user_grant_role("root", "root").await.unwrap();
    client.auth_enable().await.unwrap();
    let mut root = log_in(&server, "root").await;
    root.auth_enable().await.unwrap();
    let invalid = (InvalidArgument, "etcdserver: invalid auth management");
    assert_eq!(status_of(root.user_delete("root").await), invalid);
    assert_eq!(status_of(root.user_revoke_role("root", "root").await), invalid);
    assert_eq!(status_of(root.role_delete("root").await), invalid);
    root.auth_disable().await.unwrap();
    client.user_delete("root").await.unwrap();
}

#[tokio::test]
async fn the_status_is_everybodys_and_counts_changes() {
    let server = guarded(Permission::read("a")).await;
    let mut auth = AuthClient::new(server.channel().await);
    let status = auth.auth_status(AuthStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.enabled, status.auth_revision, status.header.unwrap().revision), (true, 7, 1));
    let mut root = log_in(&server, "root").await;
    root.auth_enable().await.unwrap();
    root.user_grant_role("alice", "reader").await.unwrap();
    assert_eq!(auth.auth_status(AuthStatusRequest {}).await.unwrap().into_inner().auth_revision, 7);
    root.auth_disable().await.unwrap();
    let status = auth.auth_status(AuthStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.enabled, status.auth_revision), (false, 8));
}

#[tokio::test]
async fn only_root_manages_and_a_user_may_see_itself() {
    let server = guarded(Permission::read("a")).await;
    for (mut client, refusal) in [(log_in(&server, "alice").await, DENIED), (server.client().await, EMPTY)] {
        assert_eq!(status_of(client.auth_disable().await), refusal);
        assert_eq!(status_of(client.auth_enable().await), refusal);
        assert_eq!(status_of(client.user_add("x", "p", None).await), refusal);
        assert_eq!(status_of(client.user_delete("x").await), refusal);
        assert_eq!(status_of(client.user_change_password("alice", "p").await), refusal);
        assert_eq!(status_of(client.user_grant_role("alice", "root").await), refusal);
        assert_eq!(status_of(client.user_revoke_role("alice", "reader").await), refusal);
        assert_eq!(status_of(client.user_list().await), refusal);
        assert_eq!(status_of(client.user_get("root").await), refusal);
        assert_eq!(status_of(client.role_add("x").await), refusal);
        assert_eq!(status_of(client.role_delete("reader").await), refusal);
        assert_eq!(status_of(client.role_list().await), refusal);
        assert_eq!(status_of(client.role_get("root").await), refusal);
        assert_eq!(status_of(client.role_grant_permission("reader", Permission::write("a")).await), refusal);
        assert_eq!(status_of(client.role_revoke_permission("reader", "a", None).await), refusal);
    }
    let mut alice = log_in(&server, "alice").await;
    assert_eq!(alice.user_get("alice").await.unwrap().roles(), ["reader"]);
    assert_eq!(alice.role_get("reader").await.unwrap().permissions().len(), 1);
}

#[tokio::test]
async fn whoever_has_the_role_root_manages() {
    let server = guarded(Permission::read("a")).await;
    log_in(&server, "root").await.user_grant_role("alice", "root").await.unwrap();
    let mut alice = log_in(&server, "alice").await;
    alice.user_add("x", "p", None).await.unwrap();
    alice.put("anything", "v", None).await.unwrap();
}

#[tokio::test]
async fn a_hash_in_a_request_counts_where_no_password_is_given_and_not_for_a_new_user() {
    let server = guarded(Permission::read("a")).await;
    let mut root = log_in(&server, "root").await;
    root.auth_disable().await.unwrap();
    let hash = BASE64_STANDARD.encode(bcrypt::hash("brought", 4).unwrap());
    let mut auth = AuthClient::new(server.channel().await);
    let change = |name: &str, hashed_password: &str| AuthUserChangePasswordRequest {
        name: name.to_owned(),
        password: String::new(),
        hashed_password: hashed_password.to_owned(),
    };
    auth.user_change_password(change("alice", &hash)).await.unwrap();
    let status = auth.user_change_password(change("alice", "not base64!")).await.unwrap_err();
    let no_password = "auth: authentication failed, password was given for no password user";
    assert_eq!((status.code(), status.message()), (Unknown, no_password));
    let add = AuthUserAddRequest {
        name: "bob".to_owned(),
        password: "given".to_owned(),
        options: None,
        hashed_password: hash,
    };
    auth.user_add(add).await.unwrap();
    auth.auth_enable(proto::etcdserverpb::AuthEnableRequest {}).await.unwrap();
    for (name, password, right) in
        [("alice", "brought", true), ("alice", "alice's", false), ("bob", "given", true), ("bob", "brought", false)]
    {
        let request = AuthenticateRequest { name: name.to_owned(), password: password.to_owned() };
        assert_eq!(auth.authenticate(request).await.is_ok(), right, "{name} {password}");
    }
}

#[tokio::test]
async fn a_password_may_be_empty_but_not_too_long() {
    let server = guarded(Permission::read("a")).await;
    let mut root = log_in(&server, "root").await;
    let too_long = (Unknown, "bcrypt: password length exceeds 72 bytes");
    assert_eq!(status_of(root.user_add("bob", "x".repeat(73), None).await), too_long);
    assert_eq!(status_of(root.user_change_password("alice", "x".repeat(73)).await), too_long);
    root.user_add("bob", "", None).await.unwrap();
    let mut auth = AuthClient::new(server.channel().await);
    let request = AuthenticateRequest { name: "bob".to_owned(), password: String::new() };
    assert!(auth.authenticate(request).await.is_ok());
}

#[tokio::test]
async fn a_user_without_a_password_never_gets_one() {
    let server = guarded(Permission::read("a")).await;
    let mut root = log_in(&server, "root").await;
    root.user_add("cert", "", no_password()).await.unwrap();
    root.user_change_password("cert", "p").await.unwrap();
    let no_password = (Unknown, "auth: authentication failed, password was given for no password user");
    let mut auth = root.auth_client();
    assert_eq!(status_of(auth.authenticate("cert".to_owned(), "p".to_owned()).await), no_password);
}
