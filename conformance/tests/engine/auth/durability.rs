//! Users and roles are as durable as keys.

use storage_core::auth::AuthState;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::commit::Commit;
use storage_core::{Backend, CommitId, Position, Revision};

use super::*;
use crate::support::{put, range};

/// All that can be seen of users and roles.
fn describe(store: &Store) -> String {
    let auth = store.auth();
    let users: Vec<_> =
        auth.users().map(|(n, u)| (n.clone(), u.password_hash().is_some(), u.roles().to_vec())).collect();
    let permission = |p: &Permission| format!("{:?} {:?} {:?}", p.kind, p.keys.start().to_vec(), p.keys.end_bytes());
    let roles: Vec<_> =
        auth.roles().map(|(n, r)| (n.clone(), r.permissions().iter().map(permission).collect::<Vec<_>>())).collect();
    format!("{} {} {users:?} {roles:?}", auth.is_enabled(), auth.revision())
}

#[tokio::test]
async fn users_roles_and_whether_they_count_survive_a_restart() {
    let memory = Arc::new(MemoryBackend::new());
    let open = || async {
        memory.reopen();
        Store::open(Arc::clone(&memory) as _, StoreOptions::default()).await.expect("it opens")
    };
    let store = open().await;
    user(&store, "a", &[(Read, "a", "b"), (ReadWrite, "c", "\0"), (Write, "b", "")]).await;
    user(&store, "gone", &[]).await;
    all(&store, [AuthChange::UserAdd { name: "certified".into(), password: None }, role_add("empty")]).await;
    enable(&store).await;
    all(&store, [user_delete("gone"), role_delete("gone")]).await;
    let before = describe(&store);
    store.close().await.expect("it closes");

    let store = open().await;
    assert_eq!(describe(&store), before);
    assert_eq!(store.auth().user("a").and_then(|u| u.password_hash().cloned()), Some(PasswordHash::new("hash")));
    assert!(store.auth_enabled(), "from the first moment");
    assert_eq!(store.for_client(None).put(put("a", "x")).await.map(drop), Err(USER_EMPTY));
    assert_eq!(by(&store, "a").put(put("b", "x")).await.map(drop), Ok(()));
    all(&store, [AuthChange::Disable]).await;
    store.close().await.expect("it closes");

    assert!(!open().await.auth_enabled());
}

async fn faulty() -> (Arc<FaultBackend>, Store) {
    let faults = Arc::new(FaultBackend::new(Arc::new(MemoryBackend::new())));
    let store = Store::open(Arc::clone(&faults) as _, StoreOptions::default()).await.expect("it opens");
    (faults, store)
}

#[tokio::test]
async fn a_change_that_the_storage_refuses_did_not_happen() {
    let (faults, store) = faulty().await;
    user(&store, "a", &[(ReadWrite, "a", "b")]).await;
    enable(&store).await;
    let before = describe(&store);
    let mut changes = store.auth_changes();
    for refused in [user_delete("a"), role_revoke("a", "a", "b"), role_delete("a"), user_add("b"), AuthChange::Disable]
    {
        faults.script([Fault::Refused]);
        let answer = store.change_auth(refused).await;
        assert!(matches!(answer, Err(StoreError::Refused(_))), "{answer:?}");
        assert_eq!(describe(&store), before);
        assert_eq!(by(&store, "a").put(put("a", "x")).await.map(drop), Ok(()), "the evaluated state is as before too");
        assert_eq!(by(&store, "a").range(range("a", "")).await.map(drop), Ok(()));
    }
    assert!(!changes.has_changed().expect("the store is there"), "nobody heard of it");
    all(&store, [user_add("b")]).await;
    assert_eq!(changes.borrow_and_update().users().count(), 3);
}

#[tokio::test]
async fn a_change_of_unknown_outcome_is_made_once() {
    let (faults, store) = faulty().await;
    faults.script([Fault::HappenedUnknown, Fault::Lost]);
    assert_eq!(change(&store, user_add("a")).await, Ok(2));
    assert_eq!(change(&store, user_add("b")).await, Ok(3));
}

#[tokio::test]
async fn after_the_storage_failed_users_and_roles_count_as_they_were() {
    let (faults, store) = faulty().await;
    user(&store, "a", &[(Read, "a", "b")]).await;
    enable(&store).await;
    let before = describe(&store);
    faults.script([Fault::Poison]);
    assert!(store.change_auth(AuthChange::Disable).await.is_err());
    assert!(store.change_auth(user_delete("a")).await.is_err());
    assert_eq!(describe(&store), before);
    assert_eq!(by(&store, "a").range(range("a", "")).await.map(drop), Ok(()));
    assert_eq!(store.for_client(None).range(range("a", "")).await.map(drop), Err(USER_EMPTY));
}

#[tokio::test]
async fn a_store_made_of_another_s_users_and_roles_has_them() {
    let store = open().await;
    user(&store, "a", &[(Read, "a", "b"), (ReadWrite, "c", "\0")]).await;
    enable(&store).await;
    let old = store.auth();
    let users = old.users().map(|(name, user)| (name.clone(), user.clone()));
    let roles = old.roles().map(|(name, role)| (name.clone(), role.clone()));
    let copy = AuthState::new(old.is_enabled(), old.revision(), users, roles);

    let backend = Arc::new(MemoryBackend::new());
    let commit = Commit {
        position: Position(1),
        revision: Revision(1),
        id: CommitId(1),
        mutations: Vec::new(),
        controls: copy.controls(),
    };
    backend.append(Position(0), Arc::from([commit])).await.expect("appended");
    let made = Store::open(backend, StoreOptions::default()).await.expect("it opens");
    assert_eq!(describe(&made), describe(&store));
}

#[tokio::test]
async fn a_store_learns_of_changes_that_another_one_on_the_same_log_made() {
    let memory = Arc::new(MemoryBackend::new());
    let open = || async { Store::open(Arc::clone(&memory) as _, StoreOptions::default()).await.expect("it opens") };
    let (one, two) = (open().await, open().await);
    user(&one, "a", &[(ReadWrite, "a", "")]).await;
    enable(&one).await;
    let mut changes = two.auth_changes();
    // What it believed when it was asked does not matter: the change was first.
    assert_eq!(two.for_client(None).put(put("a", "x")).await.map(drop), Err(USER_EMPTY));
    assert!(changes.has_changed().expect("the store is there"));
    assert_eq!(describe(&two), describe(&one));
    changes.mark_unchanged();
    one.put(put("a", "x")).await.expect("put");
    two.put(put("a", "y")).await.expect("put");
    assert!(!changes.has_changed().expect("the store is there"), "other commits change no users");
}
