//! Changes of users and roles: the auth revision, every error, and the order of errors.

use storage_core::Revision;
use storage_core::auth::{AuthChange, AuthError, Permission, ROOT};

use super::*;

#[tokio::test]
async fn a_fresh_store_is_open_to_all_at_auth_revision_1() {
    let store = open().await;
    let auth = store.auth();
    assert!(!auth.is_enabled() && !store.auth_enabled());
    assert_eq!((auth.revision(), auth.users().count(), auth.roles().count()), (1, 0, 0));
    assert_eq!(store.for_client(None).check_admin(), Ok(()));
}

#[tokio::test]
async fn authentication_needs_a_root_with_the_role_root_and_is_turned_on_without_a_revision() {
    let store = open().await;
    assert_eq!(change(&store, AuthChange::Enable).await, Err(AuthError::RootUserNotFound));
    assert_eq!(change(&store, user_add(ROOT)).await, Ok(2));
    assert_eq!(change(&store, AuthChange::Enable).await, Err(AuthError::RootRoleNotGranted));
    assert_eq!(change(&store, user_grant(ROOT, ROOT)).await, Ok(3), "the role root need not exist");
    assert_eq!(change(&store, AuthChange::Enable).await, Ok(3));
    assert!(store.auth_enabled());
    assert_eq!(change(&store, AuthChange::Enable).await, Ok(3), "again is no error");
    assert_eq!(change(&store, AuthChange::Disable).await, Ok(4));
    assert!(!store.auth_enabled());
    assert_eq!(change(&store, AuthChange::Disable).await, Ok(4), "again is no error and no change");
}

#[tokio::test]
async fn changes_take_positions_and_no_revisions() {
    let store = open().await;
    let before = store.position();
    all(&store, [user_add("a"), role_add("r"), user_grant("a", "r")]).await;
    assert_eq!(store.change_auth(user_grant("a", "r")).await, Ok(Revision(1)), "granted before: ignored");
    assert_eq!(change(&store, user_grant("a", "r")).await, Ok(4), "no auth revision either");
    assert_eq!(store.position().0, before.0 + 3);
    assert_eq!(store.revision(), Revision(1));
}

#[tokio::test]
async fn users_are_added_changed_and_deleted_once() {
    let store = open().await;
    assert_eq!(change(&store, user_add("")).await, Err(AuthError::UserEmpty));
    assert_eq!(change(&store, user_add("a")).await, Ok(2));
    assert_eq!(change(&store, user_add("a")).await, Err(AuthError::UserExists));
    let new_password =
        |name: &str| AuthChange::UserChangePassword { name: name.into(), password: PasswordHash::new("other") };
    assert_eq!(change(&store, new_password("b")).await, Err(AuthError::UserNotFound));
    assert_eq!(change(&store, new_password("a")).await, Ok(3));
    let hash = |store: &Store, name| store.auth().user(name).expect("a user").password_hash().cloned();
    assert_eq!(hash(&store, "a"), Some(PasswordHash::new("other")));
    let certified = AuthChange::UserAdd { name: "c".into(), password: None };
    all(&store, [certified, new_password("c")]).await;
    assert_eq!(hash(&store, "c"), None, "a user without a password never gets one");
    assert_eq!(store.auth().revision(), 5);
    assert_eq!(change(&store, user_delete("b")).await, Err(AuthError::UserNotFound));
    assert_eq!(change(&store, user_delete("a")).await, Ok(6));
    assert_eq!(store.auth().users().map(|(name, _)| &**name).collect::<Vec<_>>(), ["c"]);
}

#[tokio::test]
async fn roles_are_granted_to_users_and_taken_back() {
    let store = open().await;
    assert_eq!(
        change(&store, user_grant("a", "r")).await,
        Err(AuthError::UserNotFound),
        "the user is looked for first"
    );
    all(&store, [user_add("a")]).await;
    assert_eq!(change(&store, user_grant("a", "r")).await, Err(AuthError::RoleNotFound));
    all(&store, [role_add("z"), role_add("r"), user_grant("a", "z"), user_grant("a", "r")]).await;
    let roles = |store: &Store| store.auth().user("a").expect("a user").roles().join(" ");
    assert_eq!(roles(&store), "r z", "sorted");
    assert_eq!(change(&store, user_revoke("b", "r")).await, Err(AuthError::UserNotFound));
    assert_eq!(change(&store, user_revoke("a", "x")).await, Err(AuthError::RoleNotGranted));
    assert_eq!(change(&store, user_revoke("a", "r")).await, Ok(7));
    assert_eq!(roles(&store), "z");
    assert_eq!(change(&store, role_delete("z")).await, Ok(8), "one revision, whoever had it");
    assert_eq!(roles(&store), "");
}

#[tokio::test]
async fn roles_are_added_and_deleted_once() {
    let store = open().await;
    assert_eq!(change(&store, role_add("")).await, Err(AuthError::RoleEmpty));
    assert_eq!(change(&store, role_add("r")).await, Ok(2));
    assert_eq!(change(&store, role_add("r")).await, Err(AuthError::RoleExists));
    assert_eq!(change(&store, role_delete("x")).await, Err(AuthError::RoleNotFound));
    assert_eq!(change(&store, role_delete("r")).await, Ok(3));
}

#[tokio::test]
async fn permissions_are_granted_changed_and_revoked() {
    let store = open().await;
    let none = AuthChange::RoleGrantPermission { role: "r".into(), permission: None };
    assert_eq!(change(&store, none).await, Err(AuthError::PermissionNotGiven));
    assert_eq!(change(&store, role_grant("r", Read, "", "")).await, Err(AuthError::InvalidManagement));
    assert_eq!(change(&store, role_grant("r", Read, "b", "b")).await, Err(AuthError::InvalidManagement));
    assert_eq!(change(&store, role_grant("r", Read, "a", "b")).await, Err(AuthError::RoleNotFound), "last");
    all(&store, [role_add("r"), role_grant("r", Read, "a", "b")]).await;
    assert_eq!(change(&store, role_grant("r", Read, "a", "b")).await, Ok(4), "a revision even if it is the same");
    assert_eq!(change(&store, role_grant("r", Write, "a", "b")).await, Ok(5));
    let permissions = |store: &Store| store.auth().role("r").expect("a role").permissions().to_vec();
    assert_eq!(permissions(&store), [Permission { kind: Write, keys: keys("a", "b") }]);
    assert_eq!(change(&store, role_revoke("x", "a", "b")).await, Err(AuthError::RoleNotFound));
    assert_eq!(change(&store, role_revoke("r", "a", "c")).await, Err(AuthError::PermissionNotGranted));
    assert_eq!(change(&store, role_revoke("r", "a", "b")).await, Ok(6));
    assert_eq!(permissions(&store), []);
}

#[tokio::test]
async fn root_cannot_be_taken_away_while_authentication_is_on() {
    let store = open().await;
    let attacks = || [user_delete(ROOT), user_revoke(ROOT, ROOT), role_delete(ROOT)];
    enable(&store).await;
    for attack in attacks() {
        assert_eq!(change(&store, attack).await, Err(AuthError::InvalidManagement));
    }
    all(&store, [role_add(ROOT), AuthChange::Disable, user_revoke(ROOT, ROOT), user_delete(ROOT), role_delete(ROOT)])
        .await;
}

#[tokio::test]
async fn a_change_that_is_too_large_is_refused() {
    let store = open().await;
    let name = "n".repeat(storage_core::DEFAULT_MAX_REQUEST_BYTES + 1);
    assert_eq!(store.change_auth(user_add(&name)).await, Err(StoreError::TooLarge));
}

#[tokio::test]
async fn a_change_is_announced_once_it_is_durable() {
    let store = open().await;
    let mut changes = store.auth_changes();
    assert!(!changes.has_changed().expect("the store is there"));
    store.change_auth(user_add("a")).await.expect("added");
    assert!(changes.has_changed().expect("the store is there"));
    assert_eq!(changes.borrow_and_update().revision(), 2);
    assert_eq!(change(&store, user_add("a")).await, Err(AuthError::UserExists));
    assert!(!changes.has_changed().expect("the store is there"), "nothing changed");
}
