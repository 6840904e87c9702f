use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget as WireTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{Compare as WireCompare, RequestOp, TxnRequest as WireTxn};
use storage_core::{Compare, CompareTarget, LeaseId, Op, Relation, Revision, StoreError, TxnRequest};

use super::{delete_range, key_range, put, range};

/// A transaction, with those inside it. Their depth is limited by the decoder.
pub(crate) fn txn(request: WireTxn) -> Result<TxnRequest, StoreError> {
    Ok(TxnRequest {
        compares: request.compare.into_iter().filter_map(|c| compare(c).transpose()).collect::<Result<_, _>>()?,
        success: request.success.into_iter().map(op).collect::<Result<_, _>>()?,
        failure: request.failure.into_iter().map(op).collect::<Result<_, _>>()?,
    })
}

fn op(op: RequestOp) -> Result<Op, StoreError> {
    Ok(match op.request {
        Some(Request::RequestRange(request)) => Op::Range(range(&request)?),
        Some(Request::RequestPut(request)) => Op::Put(put(&request)?),
        Some(Request::RequestDeleteRange(request)) => Op::DeleteRange(delete_range(&request)?),
        Some(Request::RequestTxn(request)) => Op::Txn(txn(request)?),
        None => return Err(StoreError::KeyNotFound),
    })
}

/// A condition, or `None` for a relation that does not exist: etcd takes it to hold always.
fn compare(compare: WireCompare) -> Result<Option<Compare>, StoreError> {
    let keys = key_range(&compare.key, &compare.range_end)?;
    let relation = match CompareResult::try_from(compare.result) {
        Ok(CompareResult::Equal) => Relation::Equal,
        Ok(CompareResult::Greater) => Relation::Greater,
        Ok(CompareResult::Less) => Relation::Less,
        Ok(CompareResult::NotEqual) => Relation::NotEqual,
        Err(_) => return Ok(None),
    };
    let target = match WireTarget::try_from(compare.target) {
        Ok(target) => target_with_operand(target, compare.target_union),
        // etcd compares nothing, and so finds both equal.
        Err(_) if relation == Relation::Equal => return Ok(None),
        Err(_) => {
            return Ok(Some(Compare { keys, relation: Relation::Less, target: CompareTarget::Version(i64::MIN) }));
        }
    };
    Ok(Some(Compare { keys, relation, target }))
}

/// The target with its operand, which is zero or empty where the request's operand is of another kind, as in etcd.
fn target_with_operand(target: WireTarget, operand: Option<TargetUnion>) -> CompareTarget {
    match (target, operand) {
        (WireTarget::Version, Some(TargetUnion::Version(version))) => CompareTarget::Version(version),
        (WireTarget::Version, _) => CompareTarget::Version(0),
        (WireTarget::Create, Some(TargetUnion::CreateRevision(revision))) => CompareTarget::Create(Revision(revision)),
        (WireTarget::Create, _) => CompareTarget::Create(Revision(0)),
        (WireTarget::Mod, Some(TargetUnion::ModRevision(revision))) => CompareTarget::Mod(Revision(revision)),
        (WireTarget::Mod, _) => CompareTarget::Mod(Revision(0)),
        (WireTarget::Value, Some(TargetUnion::Value(value))) => CompareTarget::Value(value),
        (WireTarget::Value, _) => CompareTarget::Value(Bytes::new()),
        (WireTarget::Lease, Some(TargetUnion::Lease(lease))) => CompareTarget::Lease(LeaseId(lease)),
        (WireTarget::Lease, _) => CompareTarget::Lease(LeaseId::NONE),
    }
}
