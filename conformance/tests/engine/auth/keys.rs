//! Who may read and write which keys.

use storage_core::{
    Compare, CompareTarget, DeleteRangeRequest, LeaseId, Op, PutLease, RangeRequest, Relation, TxnRequest,
};

use super::*;
use crate::support::{put, range};

async fn world() -> Store {
    let store = open().await;
    user(&store, "reader", &[(Read, "a", "c"), (Read, "c", "e")]).await;
    user(&store, "writer", &[(Write, "a", "c"), (Write, "k", "")]).await;
    user(&store, "both", &[(ReadWrite, "a", "\0")]).await;
    enable(&store).await;
    store
}

fn delete(start: &str, end: &str, prev_kv: bool) -> DeleteRangeRequest {
    DeleteRangeRequest { keys: keys(start, end), prev_kv }
}

fn compare(start: &str, end: &str) -> Compare {
    let target = CompareTarget::Version(0);
    Compare { keys: keys(start, end), relation: Relation::Equal, target }
}

fn success(ops: impl IntoIterator<Item = Op>) -> TxnRequest {
    TxnRequest { success: ops.into_iter().collect(), ..TxnRequest::default() }
}

fn failure(ops: impl IntoIterator<Item = Op>) -> TxnRequest {
    TxnRequest { failure: ops.into_iter().collect(), ..TxnRequest::default() }
}

fn outcome<T>(answer: Result<T, StoreError>) -> Result<(), StoreError> {
    answer.map(drop)
}

async fn read(store: &Store, start: &str, end: &str) -> Result<(), StoreError> {
    outcome(store.range(range(start, end)).await)
}

#[tokio::test]
async fn without_a_user_nothing_is_allowed_and_without_authentication_everything() {
    let store = world().await;
    let nobody = store.for_client(None);
    assert_eq!(read(&nobody, "a", "").await, Err(USER_EMPTY));
    assert_eq!(nobody.range_stream(range("a", ""), 100).map(drop), Err(USER_EMPTY));
    assert_eq!(outcome(nobody.put(put("a", "x")).await), Err(USER_EMPTY));
    assert_eq!(outcome(nobody.delete_range(delete("a", "", false)).await), Err(USER_EMPTY));
    assert_eq!(outcome(nobody.txn(success([Op::Put(put("a", "x"))])).await), Err(USER_EMPTY));
    assert_eq!(outcome(nobody.txn(success([Op::Range(range("a", ""))])).await), Err(USER_EMPTY));
    assert_eq!(nobody.check_read(&keys("a", "")), Err(AuthError::UserEmpty));
    assert_eq!(outcome(nobody.txn(TxnRequest::default()).await), Ok(()), "it touches no key: as in etcd");
    assert_eq!(read(&store, "a", "").await, Ok(()), "the server's own store is not checked");

    all(&store, [AuthChange::Disable]).await;
    assert_eq!(outcome(nobody.put(put("a", "x")).await), Ok(()));
    assert_eq!(read(&nobody, "a", "").await, Ok(()));
}

#[tokio::test]
async fn a_shape_error_comes_before_a_refusal() {
    let nobody = world().await.for_client(None);
    assert_eq!(read(&nobody, "", "").await, Err(StoreError::EmptyKey));
    assert_eq!(outcome(nobody.put(put("", "x")).await), Err(StoreError::EmptyKey));
}

#[tokio::test]
async fn a_range_is_read_if_the_union_of_the_permissions_covers_it() {
    let reader = by(&world().await, "reader");
    for (start, end) in [("a", ""), ("d", ""), ("a", "e"), ("b", "d")] {
        assert_eq!(read(&reader, start, end).await, Ok(()), "[{start}, {end})");
        assert_eq!(reader.range_stream(range(start, end), 100).map(drop), Ok(()));
        assert_eq!(reader.check_read(&keys(start, end)), Ok(()));
    }
    for (start, end) in [("e", ""), ("a", "f"), ("a", "\0"), ("A", "b"), ("\0", "\0")] {
        assert_eq!(read(&reader, start, end).await, Err(DENIED), "[{start}, {end})");
        assert_eq!(reader.range_stream(range(start, end), 100).map(drop), Err(DENIED));
        assert_eq!(reader.check_read(&keys(start, end)), Err(AuthError::PermissionDenied));
    }
    assert_eq!(reader.check_read(&keys("", "\0")), Err(AuthError::PermissionDenied));
    assert_eq!(outcome(reader.put(put("a", "x")).await), Err(DENIED), "reading is not writing");
}

#[tokio::test]
async fn a_watch_from_no_key_is_one_from_the_first_key() {
    let store = open().await;
    user(&store, "all", &[(Read, "\0", "\0")]).await;
    enable(&store).await;
    assert_eq!(by(&store, "all").check_read(&keys("", "\0")), Ok(()));
}

#[tokio::test]
async fn counting_and_listing_keys_are_reading() {
    let writer = by(&world().await, "writer");
    let count = RangeRequest { count_only: true, ..range("a", "b") };
    let names = RangeRequest { keys_only: true, ..range("a", "b") };
    assert_eq!(outcome(writer.range(count).await), Err(DENIED));
    assert_eq!(outcome(writer.range(names).await), Err(DENIED));
}

#[tokio::test]
async fn writing_needs_its_permission_and_answering_what_was_before_that_of_reading() {
    let store = world().await;
    let (writer, both) = (by(&store, "writer"), by(&store, "both"));
    let with_prev = |key| storage_core::PutRequest { prev_kv: true, ..put(key, "x") };
    assert_eq!(outcome(writer.put(put("b", "x")).await), Ok(()));
    assert_eq!(outcome(writer.put(put("k", "x")).await), Ok(()));
    assert_eq!(outcome(writer.put(put("c", "x")).await), Err(DENIED));
    assert_eq!(outcome(writer.put(with_prev("b")).await), Err(DENIED));
    assert_eq!(outcome(both.put(with_prev("b")).await), Ok(()));
    assert_eq!(outcome(writer.delete_range(delete("a", "c", false)).await), Ok(()));
    assert_eq!(outcome(writer.delete_range(delete("a", "d", false)).await), Err(DENIED));
    assert_eq!(outcome(writer.delete_range(delete("a", "c", true)).await), Err(DENIED));
    assert_eq!(outcome(both.delete_range(delete("a", "\0", true)).await), Ok(()));
}

#[tokio::test]
async fn a_transaction_needs_all_that_either_branch_might_do() {
    let writer = by(&world().await, "writer");
    let nested = |op: Op| Op::Txn(success([Op::Txn(failure([op]))]));
    let allowed = || Op::Put(put("a", "x"));
    assert_eq!(outcome(writer.txn(success([allowed(), nested(Op::Put(put("b", "x")))])).await), Ok(()));
    let denied = [
        Op::Range(range("a", "")),
        Op::Put(put("c", "x")),
        Op::Put(storage_core::PutRequest { prev_kv: true, ..put("b", "x") }),
        Op::DeleteRange(delete("b", "d", false)),
        Op::DeleteRange(delete("b", "", true)),
    ];
    for op in denied {
        let before = writer.revision();
        assert_eq!(outcome(writer.txn(success([allowed(), op.clone()])).await), Err(DENIED), "{op:?}");
        assert_eq!(outcome(writer.txn(failure([op.clone()])).await), Err(DENIED), "it does not run, but might: {op:?}");
        assert_eq!(outcome(writer.txn(success([nested(op.clone())])).await), Err(DENIED), "{op:?}");
        assert_eq!(writer.revision(), before, "nothing of it was applied");
    }
}

#[tokio::test]
async fn comparing_is_reading() {
    let store = world().await;
    let txn = |compare| TxnRequest { compares: vec![compare], ..success([Op::Put(put("a", "x"))]) };
    assert_eq!(outcome(by(&store, "writer").txn(txn(compare("a", ""))).await), Err(DENIED));
    assert_eq!(outcome(by(&store, "both").txn(txn(compare("b", "d"))).await), Ok(()));
    let reading = TxnRequest { compares: vec![compare("e", "")], ..success([Op::Range(range("a", ""))]) };
    assert_eq!(outcome(by(&store, "reader").txn(reading).await), Err(DENIED), "the read-only way too");
    assert_eq!(outcome(by(&store, "reader").txn(success([Op::Range(range("a", ""))])).await), Ok(()));
}

#[tokio::test]
async fn a_refused_transaction_does_not_make_the_storage_read() {
    let store = world().await;
    by(&store, "both").put(put("m", "secret")).await.expect("put");
    let value = CompareTarget::Value("guess".into());
    let guess = Compare { keys: keys("m", ""), relation: Relation::Equal, target: value };
    let txn = TxnRequest { compares: vec![guess], ..success([Op::Put(put("a", "x"))]) };
    assert_eq!(outcome(by(&store, "writer").txn(txn).await), Err(DENIED));
}

#[tokio::test]
async fn root_and_whoever_has_its_role_may_do_everything() {
    let store = world().await;
    all(&store, [user_add("deputy"), user_grant("deputy", ROOT)]).await;
    for name in [ROOT, "deputy"] {
        let root = by(&store, name);
        assert_eq!(read(&root, "\0", "\0").await, Ok(()));
        assert_eq!(outcome(root.put(put("zz", "x")).await), Ok(()));
        assert_eq!(root.check_admin(), Ok(()));
    }
}

#[tokio::test]
async fn a_user_that_is_gone_may_do_nothing() {
    let store = world().await;
    all(&store, [user_delete("reader")]).await;
    assert_eq!(read(&by(&store, "reader"), "a", "").await, Err(DENIED));
    assert_eq!(outcome(by(&store, "reader").put(put("a", "x")).await), Err(DENIED));
}

#[tokio::test]
async fn a_caller_from_before_a_change_is_refused_until_it_is_known_anew() {
    let store = world().await;
    let (reader, root) = (by(&store, "reader"), by(&store, ROOT));
    all(&store, [user_add("somebody else")]).await;
    assert_eq!(read(&reader, "a", "").await, Err(OLD_REVISION));
    assert_eq!(outcome(reader.put(put("a", "x")).await), Err(OLD_REVISION));
    assert_eq!(outcome(reader.txn(success([Op::Range(range("a", ""))])).await), Err(OLD_REVISION));
    assert_eq!(reader.check_read(&keys("a", "")), Err(AuthError::OldRevision));
    assert_eq!(read(&root, "a", "").await, Err(OLD_REVISION), "root too");
    assert_eq!(root.check_admin(), Ok(()), "but not for what only root may: as in etcd");
    assert_eq!(read(&by(&store, "reader"), "a", "").await, Ok(()));
}

#[tokio::test]
async fn a_role_takes_effect_for_whoever_has_it_and_no_longer_than_that() {
    let store = world().await;
    all(&store, [role_grant("reader", Read, "x", "")]).await;
    assert_eq!(read(&by(&store, "reader"), "x", "").await, Ok(()));
    all(&store, [role_revoke("reader", "c", "e")]).await;
    assert_eq!(read(&by(&store, "reader"), "a", "e").await, Err(DENIED));
    assert_eq!(read(&by(&store, "reader"), "a", "c").await, Ok(()));
    all(&store, [role_delete("reader"), role_add("reader"), role_grant("reader", Read, "a", "c")]).await;
    assert_eq!(read(&by(&store, "reader"), "a", "c").await, Err(DENIED), "another role of the same name");
}

#[tokio::test]
async fn a_put_onto_a_lease_needs_to_write_all_keys_of_it() {
    let store = world().await;
    store.lease_grant(LeaseId(1), 60).await.expect("granted");
    let leased = |key: &str| storage_core::PutRequest { lease: PutLease::Set(LeaseId(1)), ..put(key, "x") };
    let writer = by(&store, "writer");
    assert_eq!(outcome(writer.put(leased("a")).await), Ok(()));
    assert_eq!(outcome(writer.put(leased("b")).await), Ok(()), "the lease has a key, which the user may write");
    store.put(leased("m")).await.expect("put");
    assert_eq!(outcome(writer.put(leased("a")).await), Err(DENIED), "it could not revoke the lease");
    assert_eq!(outcome(writer.txn(success([Op::Put(leased("a"))])).await), Err(DENIED));
    let missing = storage_core::PutRequest { lease: PutLease::Set(LeaseId(9)), ..put("a", "x") };
    assert_eq!(outcome(writer.put(missing).await), Err(StoreError::LeaseNotFound));
}
