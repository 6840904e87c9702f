//! What only root may do, and what anybody may who is somebody.

use storage_core::{AlarmKind, Revision};

use super::*;
use crate::support::put;

async fn world() -> Store {
    let store = open().await;
    user(&store, "a", &[(ReadWrite, "\0", "\0")]).await;
    store.put(put("a", "x")).await.expect("put");
    store.put(put("a", "y")).await.expect("put");
    enable(&store).await;
    store
}

/// What only root may do, each asked of `store`.
async fn admin(store: &Store) -> Vec<Result<(), StoreError>> {
    let path = std::path::Path::new("/nowhere/to/be/found");
    vec![
        store.check_admin().map_err(StoreError::from),
        store.compact(Revision(2), false).await.map(drop),
        store.hash().await.map(drop),
        store.hash_kv(Revision(0)).await.map(drop),
        store.defragment().await,
        store.backup(path).await,
        store.export().await.map(drop),
        store.raise_alarm(1, AlarmKind::NoSpace).await.map(drop),
        store.disarm_alarm(1, AlarmKind::NoSpace).await.map(drop),
        store.change_auth(role_add("new")).await.map(drop),
        store.change_auth(AuthChange::Enable).await.map(drop),
        store.change_auth(AuthChange::Disable).await.map(drop),
    ]
}

#[tokio::test]
async fn only_root_may_manage_the_store() {
    let store = world().await;
    let refused =
        |answers: Vec<Result<(), StoreError>>, error: StoreError| answers.iter().all(|a| *a == Err(error.clone()));
    assert!(refused(admin(&store.for_client(None)).await, USER_EMPTY));
    assert!(refused(admin(&by(&store, "")).await, USER_EMPTY));
    assert!(refused(admin(&by(&store, "a")).await, DENIED), "all keys are not the role root");
    assert!(refused(admin(&by(&store, "gone")).await, StoreError::Auth(AuthError::UserNotFound)));
    let answers = admin(&by(&store, ROOT)).await;
    assert!(!answers.iter().any(|a| matches!(a, Err(StoreError::Auth(_)))), "{answers:?}");
    assert!(!store.auth_enabled(), "the last one turned it off");
}

#[tokio::test]
async fn alarms_are_shown_to_whoever_is_somebody() {
    let store = world().await;
    assert_eq!(store.for_client(None).alarms().await, Err(USER_EMPTY));
    assert_eq!(store.for_client(None).check_identity(), Err(AuthError::UserEmpty));
    assert_eq!(by(&store, "a").alarms().await, Ok(vec![]));
    assert_eq!(by(&store, "a").check_identity(), Ok(()));
}

#[tokio::test]
async fn users_and_roles_are_shown_to_root_and_to_whom_they_are() {
    let store = world().await;
    all(&store, [user_add("b"), role_add("b")]).await;
    let (nobody, a, root) = (store.for_client(None), by(&store, "a"), by(&store, ROOT));
    assert_eq!(nobody.check_user_get("a"), Err(AuthError::UserEmpty));
    assert_eq!(nobody.check_role_get("a"), Err(AuthError::UserEmpty));
    assert_eq!((a.check_user_get("a"), a.check_role_get("a")), (Ok(()), Ok(())));
    assert_eq!(a.check_user_get("b"), Err(AuthError::PermissionDenied));
    assert_eq!(a.check_role_get("b"), Err(AuthError::PermissionDenied));
    assert_eq!((root.check_user_get("b"), root.check_role_get("b")), (Ok(()), Ok(())));
}

#[tokio::test]
async fn users_and_roles_may_be_changed_under_any_alarm() {
    let store = world().await;
    store.raise_alarm(1, AlarmKind::Corrupt).await.expect("raised");
    store.raise_alarm(1, AlarmKind::NoSpace).await.expect("raised");
    assert_eq!(by(&store, ROOT).change_auth(user_add("b")).await, Ok(Revision(3)));
}

#[tokio::test]
async fn an_alarm_comes_before_a_refusal() {
    let store = world().await;
    let nobody = store.for_client(None);
    store.raise_alarm(1, AlarmKind::NoSpace).await.expect("raised");
    assert_eq!(nobody.put(put("a", "x")).await.map(drop), Err(StoreError::NoSpace));
    store.raise_alarm(1, AlarmKind::Corrupt).await.expect("raised");
    assert_eq!(nobody.put(put("a", "x")).await.map(drop), Err(StoreError::Corrupt));
    assert_eq!(nobody.compact(Revision(2), false).await, Err(USER_EMPTY), "but root is asked for first");
}

#[tokio::test]
async fn who_may_not_write_cannot_raise_the_alarm_of_a_full_store() {
    let options = StoreOptions { quota_bytes: Some(1), ..StoreOptions::default() };
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    enable(&store).await;
    assert_eq!(store.for_client(None).put(put("a", "x")).await.map(drop), Err(USER_EMPTY));
    assert_eq!(store.alarms().await, Ok(vec![]));
    assert_eq!(by(&store, ROOT).put(put("a", "x")).await.map(drop), Err(StoreError::NoSpace));
    assert_eq!(store.alarms().await.map(|alarms| alarms.len()), Ok(1));
}
