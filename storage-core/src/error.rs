//! Why a [`Store`](crate::Store) refuses a request.

use crate::auth::AuthError;
use crate::backend::BackendError;
use crate::cluster::ClusterError;
use crate::types::Revision;

/// Why a request was refused. Unless it is [`StoreError::Unknown`], nothing was applied. The texts are for people; a server
/// maps the variants to etcd's codes and strings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A request names no key.
    #[error("key is not provided")]
    EmptyKey,
    /// `ignore_value` or `ignore_lease` on a key that does not exist, or an operation that names none.
    #[error("key not found")]
    KeyNotFound,
    /// A value together with `ignore_value`.
    #[error("value is provided")]
    ValueProvided,
    /// A lease together with `ignore_lease`.
    #[error("lease is provided")]
    LeaseProvided,
    /// A transaction has more operations than allowed.
    #[error("too many operations in txn request")]
    TooManyOps,
    /// A transaction writes one key twice.
    #[error("duplicate key given in txn request")]
    DuplicateKey,
    /// A sort order or target that does not exist.
    #[error("invalid sort option")]
    InvalidSort,
    /// A range stream with an order other than the keys'.
    #[error("RangeStream does not support custom sort orders")]
    StreamSort,
    /// A range stream with bounds of revisions.
    #[error("RangeStream does not support revision filters")]
    StreamFilter,
    /// The request exceeds the limit of its size.
    #[error("request is too large")]
    TooLarge,
    /// The revision asked for is gone.
    #[error("required revision has been compacted")]
    Compacted {
        /// The lowest revision that can be read.
        compact_revision: Revision,
    },
    /// The revision asked for is not reached yet.
    #[error("required revision is a future revision")]
    FutureRevision,
    /// A lease asks for more than 9,000,000,000 seconds.
    #[error("too large lease TTL")]
    LeaseTtlTooLarge,
    /// There is no such lease.
    #[error("requested lease not found")]
    LeaseNotFound,
    /// There is such a lease already.
    #[error("lease already exists")]
    LeaseExists,
    /// The space quota is exhausted.
    #[error("database space exceeded")]
    NoSpace,
    /// The CORRUPT alarm is on.
    #[error("corrupt cluster")]
    Corrupt,
    /// The caller is refused, or a change of users and roles.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A change of the members is refused.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// More requests wait than allowed.
    #[error("too many requests")]
    TooManyRequests,
    /// The store is closing or closed.
    #[error("server stopped")]
    Stopped,
    /// The storage refused the write, which did not happen.
    #[error("storage refused the write: {0}")]
    Refused(String),
    /// The storage failed while it wrote: the request may have happened or not.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// The storage has failed for good, or cannot be read.
    #[error("storage has failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// The error that a request gets when the backend failed to append it.
    pub(crate) fn from_append(error: &BackendError) -> Self {
        match error {
            BackendError::Determinate(cause) => Self::Refused(cause.to_string()),
            BackendError::Indeterminate(cause) => Self::Unknown(cause.to_string()),
            BackendError::Fatal(cause) => Self::Unknown(cause.to_string()),
        }
    }

    /// The error that a read gets when the backend failed to answer it.
    pub(crate) fn from_read(error: &BackendError) -> Self {
        Self::Failed(error.cause().to_string())
    }
}
