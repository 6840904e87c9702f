use storage_core::StoreError;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::status;

/// An error as these services tell it: etcd's reach the engine through a client of their own, which keeps texts and loses codes.
pub(in crate::service) fn forwarded(error: StoreError) -> Status {
    match error {
        StoreError::Stopped => status::stopped(),
        error => Status::unknown(status::of(error).message()),
    }
}

/// Runs a call in a task of its own, to its end: it may hold a place in a queue, and has to leave it when its client leaves
/// or the server drains. The token that the call is given says so.
pub(in crate::service) async fn to_its_end<T, F>(
    drain: &CancellationToken,
    call: impl FnOnce(CancellationToken) -> F,
) -> Result<T, Status>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Status>> + Send + 'static,
{
    let left = drain.child_token();
    let _client = left.clone().drop_guard();
    tokio::spawn(call(left)).await.map_err(|error| Status::internal(error.to_string()))?
}
