//! What shows who somebody is: tokens of both kinds, and certificates.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::{AuthenticateRequest, PutRequest, RangeRequest};
use rcgen::KeyPair;
use serde_json::json;
use tempfile::TempDir;
use tonic::Code::Unknown;
use tonic::{Request, Status};

use super::*;
use crate::common::certs::{CLIENT, Certs, Subject};
use crate::common::tls::{channel, serve};
use crate::common::web::ask;

const OLD: (Code, &str) = (Code::InvalidArgument, "etcdserver: revision of auth store is old");

/// Reads the key "a" with a token in this header.
async fn read(server: &TestServer, header: &'static str, token: &str) -> Result<(), (Code, String)> {
    let mut request = Request::new(RangeRequest { key: "a".into(), ..Default::default() });
    request.metadata_mut().insert(header, token.parse().unwrap());
    let answer = KvClient::new(server.channel().await).range(request).await;
    answer.map(drop).map_err(|status| (status.code(), status.message().to_owned()))
}

fn refused((code, message): (Code, &str)) -> Result<(), (Code, String)> {
    Err((code, message.to_owned()))
}

/// The private and the public key of a kind that is made quickly.
fn key_files() -> (TempDir, String, String) {
    let folder = TempDir::new().unwrap();
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let [private, public] = ["private", "public"].map(|name| folder.path().join(name));
    std::fs::write(&private, pair.serialize_pem()).unwrap();
    std::fs::write(&public, pair.public_key_pem()).unwrap();
    let [private, public] = [private, public].map(|path| path.display().to_string());
    (folder, private, public)
}

fn with_jwt(spec: &str) -> ServerOptions {
    let mut options = options();
    options.auth.token = spec.parse().unwrap();
    options
}

#[tokio::test]
async fn a_simple_token_has_etcds_form_and_is_taken_in_both_headers() {
    let server = guarded(Permission::read("a")).await;
    let token = token_of(&server, "alice").await;
    let (text, index) = token.split_once('.').unwrap();
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
    assert!(index.parse::<u64>().is_ok());
    for (header, token) in [("token", token.clone()), ("authorization", format!("Bearer {token}"))] {
        assert_eq!(read(&server, header, &token).await, Ok(()));
    }
    assert_eq!(read(&server, "token", "nonsense").await, refused(INVALID_TOKEN));
    assert_eq!(read(&server, "authorization", "Basic cm9vdDpyb290").await, refused(INVALID_TOKEN));
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_by_every_service() {
    let server = guarded(Permission::read("a")).await;
    let channel = server.channel().await;
    let bad = |mut request: Request<()>| {
        request.metadata_mut().insert("token", "nonsense".parse().unwrap());
        Ok::<_, Status>(request)
    };
    use proto::etcdserverpb as pb;
    let mut auth = pb::auth_client::AuthClient::with_interceptor(channel.clone(), bad);
    let mut lease = pb::lease_client::LeaseClient::with_interceptor(channel.clone(), bad);
    let mut cluster = pb::cluster_client::ClusterClient::with_interceptor(channel.clone(), bad);
    let mut maintenance = pb::maintenance_client::MaintenanceClient::with_interceptor(channel.clone(), bad);
    let mut lock = proto::v3lockpb::lock_client::LockClient::with_interceptor(channel, bad);
    let statuses = [
        auth.user_list(pb::AuthUserListRequest {}).await.unwrap_err(),
        auth.auth_status(pb::AuthStatusRequest {}).await.unwrap_err(),
        lease.lease_grant(pb::LeaseGrantRequest::default()).await.unwrap_err(),
        cluster.member_list(pb::MemberListRequest::default()).await.unwrap_err(),
        maintenance.status(pb::StatusRequest {}).await.unwrap_err(),
        lock.lock(proto::v3lockpb::LockRequest::default()).await.unwrap_err(),
    ];
    for status in statuses {
        assert_eq!((status.code(), status.message()), INVALID_TOKEN);
    }
}

#[tokio::test]
async fn a_wrong_password_and_no_such_user_are_the_same() {
    let server = guarded(Permission::read("a")).await;
    let mut auth = server.client().await.auth_client();
    let mut wrong =
        async |name: &str, password: &str| status_of(auth.authenticate(name.to_owned(), password.to_owned()).await);
    assert_eq!(wrong("alice", "root's").await, FAILED);
    assert_eq!(wrong("mallory", "alice's").await, FAILED);
    let server = open_server().await;
    let off = server.client().await.auth_client().authenticate("alice".to_owned(), "x".to_owned()).await;
    assert_eq!(status_of(off), (Code::FailedPrecondition, "etcdserver: authentication is not enabled"));
}

#[tokio::test]
async fn a_jwt_says_who_and_since_when() {
    let (_folder, private, public) = key_files();
    let options = with_jwt(&format!("jwt,sign-method=EdDSA,pub-key={public},priv-key={private},ttl=1h"));
    let server = guarded_by(options, Permission::read("a")).await;
    let token = token_of(&server, "alice").await;
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(read(&server, "token", &token).await, Ok(()));
    let mut root = log_in(&server, "root").await;
    root.role_add("another").await.unwrap();
    assert_eq!(read(&server, "token", &token).await, refused(OLD), "as in etcd, any change makes it old");
    assert_eq!(read(&server, "token", &token_of(&server, "alice").await).await, Ok(()));
}

#[tokio::test]
async fn a_jwt_of_somebody_else_is_taken_until_it_expires() {
    let (_folder, private, public) = key_files();
    let server = guarded_by(with_jwt(&format!("jwt,sign-method=EdDSA,pub-key={public}")), Permission::read("a")).await;
    let key = EncodingKey::from_ed_pem(&std::fs::read(private).unwrap()).unwrap();
    let token = |user: &str, revision: u64, lives: i64| {
        let claims = json!({"username": user, "revision": revision, "exp": now() + lives});
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap()
    };
    assert_eq!(read(&server, "token", &token("alice", 7, 60)).await, Ok(()));
    assert_eq!(read(&server, "token", &token("alice", 7, -1)).await, refused(INVALID_TOKEN));
    assert_eq!(read(&server, "token", &token("alice", 6, 60)).await, refused(OLD));
    assert_eq!(read(&server, "token", &token("mallory", 7, 60)).await, refused(DENIED));
    let mut auth = proto::etcdserverpb::auth_client::AuthClient::new(server.channel().await);
    let request = AuthenticateRequest { name: "alice".to_owned(), password: "alice's".to_owned() };
    let status = auth.authenticate(request).await.unwrap_err();
    let verify_only = (Unknown, "auth: token signing attempted with verify-only key");
    assert_eq!((status.code(), status.message()), verify_only);
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().cast_signed()
}

#[tokio::test]
async fn the_json_gateway_takes_tokens() {
    let server = guarded(Permission::read("a")).await;
    let json = r#"{"name":"alice","password":"alice's"}"#;
    let answer = ask(&server, "POST", "/v3/auth/authenticate", "", json).await.json();
    let token = answer["token"].as_str().unwrap().to_owned();
    let range = async |headers: &str| ask(&server, "POST", "/v3/kv/range", headers, r#"{"key":"YQ=="}"#).await.status;
    assert_eq!(range(&format!("Authorization: {token}\r\n")).await, 200);
    assert_eq!(range(&format!("Authorization: Bearer {token}\r\n")).await, 200);
    assert_eq!(range("Authorization: nonsense\r\n").await, 401);
    assert_eq!(range("").await, 400);
}

#[tokio::test]
async fn the_name_in_a_certificate_is_a_user() {
    let certs = Certs::new();
    let server = serve(certs.mutual()).await;
    let connect = async |common_name: &'static str| {
        let identity = certs.authority.issue(Subject { common_name, ..CLIENT });
        channel(&server.url, &certs.authority.client(Some(&identity))).await.unwrap()
    };
    let store = &server.store;
    let user = |name: &str| storage_core::auth::AuthChange::UserAdd { name: name.into(), password: None };
    for change in [user("root"), user("alice")] {
        store.change_auth(change).await.unwrap();
    }
    let root = storage_core::auth::AuthChange::UserGrantRole { user: "root".into(), role: "root".into() };
    store.change_auth(root).await.unwrap();
    store.change_auth(storage_core::auth::AuthChange::Enable).await.unwrap();
    let put = async |common_name: &'static str| {
        let put = PutRequest { key: "a".into(), ..Default::default() };
        let answer = KvClient::new(connect(common_name).await).put(put).await;
        answer.map(drop).map_err(|status| (status.code(), status.message().to_owned()))
    };
    assert_eq!(put("root").await, Ok(()));
    assert_eq!(put("alice").await, refused(DENIED));
    assert_eq!(put("mallory").await, refused(DENIED));
}
