use std::time::Duration;

use http::Request;
use storage_core::auth::{AuthChange, ROOT};
use storage_core::{KeyRange, MemoryBackend, RangeRequest, StoreOptions};
use tonic::Code;

use super::*;

const INVALID: (Code, &str) = (Code::Unauthenticated, "etcdserver: invalid auth token");
const FAILED: (Code, &str) = (Code::InvalidArgument, "etcdserver: authentication failed, invalid user ID or password");

fn options() -> AuthOptions {
    AuthOptions { bcrypt_cost: 4, ..AuthOptions::default() }
}

async fn fresh() -> Access {
    on(MemoryBackend::new()).await
}

async fn on(backend: MemoryBackend) -> Access {
    let store = Store::open(Arc::new(backend), StoreOptions::default()).await.unwrap();
    Access::new(store, &options())
}

impl Access {
    async fn change(&self, change: AuthChange) {
        self.store.change_auth(change).await.unwrap();
    }

    async fn add_user(&self, name: &str, password: &str) {
        let password = Some(self.hash(password.to_owned().into()).await.unwrap());
        self.change(AuthChange::UserAdd { name: name.into(), password }).await;
    }

    async fn set_password(&self, name: &str, password: &str) {
        let password = self.hash(password.to_owned().into()).await.unwrap();
        self.change(AuthChange::UserChangePassword { name: name.into(), password }).await;
    }

    async fn log_in(&self, name: &str, password: &str) -> Result<String, Status> {
        self.authenticate(name, password.to_owned().into()).await
    }

    /// Who the sender of a request with this header is found to be.
    fn user(&self, header: &str, value: &str) -> Result<Option<String>, Status> {
        let request = Request::builder().header(header, value).body(()).unwrap();
        self.store_for(&request).map(|store| store.caller().map(|caller| caller.user.to_string()))
    }
}

/// With the users root and alice, and authentication on.
async fn enabled() -> Access {
    enabled_on(MemoryBackend::new()).await
}

async fn enabled_on(backend: MemoryBackend) -> Access {
    let access = on(backend).await;
    access.add_user(ROOT, "root's").await;
    access.change(AuthChange::UserGrantRole { user: ROOT.into(), role: ROOT.into() }).await;
    access.add_user("alice", "alice's").await;
    access.change(AuthChange::Enable).await;
    access
}

fn shown(status: &Status) -> (Code, &str) {
    (status.code(), status.message())
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn a_token_is_found_in_either_header_with_or_without_bearer() {
    let access = enabled().await;
    let token = access.log_in("alice", "alice's").await.unwrap();
    for (header, value) in [
        ("token", token.clone()),
        ("token", format!("Bearer {token}")),
        ("authorization", token.clone()),
        ("authorization", format!("Bearer {token}")),
    ] {
        assert_eq!(access.user(header, &value).unwrap().as_deref(), Some("alice"), "{header}");
    }
    assert_eq!(access.user("other", &token).unwrap(), None);
    for wrong in ["", "Bearer ", "nonsense", &token[1..], &format!("{token}1"), &token.to_lowercase()] {
        assert_eq!(shown(&access.user("token", wrong).unwrap_err()), INVALID, "{wrong:?}");
    }
}

#[tokio::test]
async fn nobody_has_a_name_while_authentication_is_off() {
    let access = fresh().await;
    assert_eq!(access.user("token", "nonsense").unwrap(), None);
    let (code, message) = refusal(access.log_in("alice", "x").await);
    assert_eq!((code, &*message), (Code::FailedPrecondition, "etcdserver: authentication is not enabled"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    let access = enabled().await;
    for (name, password) in [("alice", "root's"), ("alice", ""), ("mallory", "alice's"), ("", "")] {
        assert_eq!(shown(&access.log_in(name, password).await.unwrap_err()), FAILED, "{name}");
    }
}

#[tokio::test]
async fn a_user_without_a_password_cannot_be_authenticated() {
    let access = enabled().await;
    access.change(AuthChange::UserAdd { name: "bob".into(), password: None }).await;
    let (code, message) = refusal(access.log_in("bob", "").await);
    let expected = "auth: authentication failed, password was given for no password user";
    assert_eq!((code, &*message), (Code::Unknown, expected));
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_and_its_tokens_at_once() {
    let access = enabled().await;
    let token = access.log_in("alice", "alice's").await.unwrap();
    let other = access.log_in(ROOT, "root's").await.unwrap();
    access.set_password("alice", "new").await;
    assert_eq!(shown(&access.user("token", &token).unwrap_err()), INVALID);
    assert_eq!(shown(&access.log_in("alice", "alice's").await.unwrap_err()), FAILED);
    assert!(access.log_in("alice", "new").await.is_ok());
    assert_eq!(access.user("token", &other).unwrap().as_deref(), Some(ROOT), "the others' stay");
}

#[tokio::test]
async fn a_deleted_user_s_tokens_end_even_if_it_comes_back() {
    let access = enabled().await;
    let token = access.log_in("alice", "alice's").await.unwrap();
    access.change(AuthChange::UserDelete { name: "alice".into() }).await;
    assert_eq!(shown(&access.user("token", &token).unwrap_err()), INVALID);
    access.add_user("alice", "alice's").await;
    assert_eq!(shown(&access.user("token", &token).unwrap_err()), INVALID);
}

#[tokio::test]
async fn turning_authentication_off_ends_all_tokens() {
    let access = enabled().await;
    let token = access.log_in("alice", "alice's").await.unwrap();
    access.change(AuthChange::Disable).await;
    access.change(AuthChange::Enable).await;
    assert_eq!(shown(&access.user("token", &token).unwrap_err()), INVALID);
    let token = access.log_in("alice", "alice's").await.unwrap();
    assert!(access.user("token", &token).is_ok());
}

#[tokio::test]
async fn a_simple_token_carries_the_auth_revision_of_now() {
    let access = enabled().await;
    let token = access.log_in("alice", "alice's").await.unwrap();
    access.change(AuthChange::RoleAdd { name: "r".into() }).await;
    let request = Request::builder().header("token", token).body(()).unwrap();
    let store = access.store_for(&request).unwrap();
    assert_eq!(store.caller().unwrap().auth_revision, access.store.auth().revision());
}

#[tokio::test(start_paused = true)]
async fn a_simple_token_expires() {
    let access = enabled().await;
    let token = access.log_in("alice", "alice's").await.unwrap();
    tokio::time::advance(options().simple_token_ttl - Duration::from_secs(1)).await;
    assert!(access.user("token", &token).is_ok());
    tokio::time::advance(options().simple_token_ttl).await;
    assert_eq!(shown(&access.user("token", &token).unwrap_err()), INVALID);
}

#[tokio::test]
async fn the_name_in_a_certificate_is_the_user_s_where_there_is_no_token() {
    let access = enabled().await;
    let token = access.log_in(ROOT, "root's").await.unwrap();
    let user = |name: &str, headers: &[(&str, &str)]| {
        let mut request = Request::new(());
        for (header, value) in headers {
            let header: http::HeaderName = header.parse().unwrap();
            request.headers_mut().insert(header, value.parse().unwrap());
        }
        note_common_name(&mut request, &name.into());
        access.store_for(&request).map(|store| store.caller().map(|caller| caller.user.to_string()))
    };
    assert_eq!(user("alice", &[]).unwrap().as_deref(), Some("alice"));
    assert_eq!(user("alice", &[("token", &token)]).unwrap().as_deref(), Some(ROOT));
    assert_eq!(shown(&user("alice", &[("token", "nonsense")]).unwrap_err()), INVALID);
    assert_eq!(user("", &[]).unwrap(), None);
    assert_eq!(user("gateway", &[("grpcgateway-accept", "*/*")]).unwrap(), None, "it is the gateway's name");
}

#[tokio::test]
async fn a_stream_s_client_is_looked_at_again_for_each_request() {
    let access = Arc::new(enabled().await);
    let token = access.log_in("alice", "alice's").await.unwrap();
    let client = Client::new(&access, &Request::builder().header("token", token).body(()).unwrap());
    assert_eq!(&*client.store().unwrap().caller().unwrap().user, "alice");
    access.change(AuthChange::UserDelete { name: "alice".into() }).await;
    assert_eq!(shown(&client.store().unwrap_err()), INVALID);
}

/// As it may be at another server that has not heard of it.
#[tokio::test]
async fn who_sends_a_request_is_recognised_where_authentication_is_turned_on_before_it_is_evaluated() {
    let access = Arc::new(enabled_on(MemoryBackend::shared()).await);
    access.change(AuthChange::Disable).await;
    let sender = |name: &str, token: Option<&str>| {
        let mut request = Request::new(());
        note_common_name(&mut request, &name.into());
        if let Some(token) = token {
            request.headers_mut().insert("token", token.parse().unwrap());
        }
        access.sender(&request).unwrap()
    };
    let [root, nonsense, nobody] = [sender(ROOT, None), sender("", Some("nonsense")), sender("", None)];
    access.change(AuthChange::Enable).await;
    let ask = async |sender: &Sender| {
        let range = RangeRequest::new(KeyRange::new(b"k", b""));
        sender.ask(range, |store, range| async move { store.range(range).await }).await.map(drop)
    };
    assert!(ask(&root).await.is_ok());
    assert_eq!(shown(&ask(&nonsense).await.unwrap_err()), INVALID);
    assert_eq!(shown(&ask(&nobody).await.unwrap_err()), (Code::InvalidArgument, "etcdserver: user name is empty"));
}
