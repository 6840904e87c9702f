//! Auroch's storage engine: etcd's semantics as one deterministic state machine over a durable commit log.
//!
//! A program embeds it through [`Store`], over any [`Backend`]. `DESIGN.md` beside this crate says how it works.

mod access;
pub mod auth;
pub mod backend;
mod calls;
pub mod cluster;
pub mod commit;
mod compactor;
mod contents;
mod copy;
mod environment;
mod error;
mod event;
mod export;
mod filling;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hash;
mod index;
mod key_range;
mod machine;
mod opening;
mod options;
mod pins;
mod range_stream;
mod read;
mod read_index;
mod request;
mod response;
mod restore;
mod shared;
pub mod stats;
mod store;
mod types;
mod values;
pub mod watch;
pub mod wire;
mod writer;

pub use backend::{Backend, BackendError, BackendInfo, Durability, MemoryBackend, Size};
pub use copy::{CopyError, CopyObserver, CopyOutcome, CopyStep, StoreCopy};
pub use environment::{Environment, SystemEnvironment};
pub use error::StoreError;
pub use event::{Event, EventValue, PrevKv, RevisionEvents};
pub use export::{Export, ExportState, ExportedLease};
pub use key_range::{KeyRange, RangeEnd};
pub use machine::Identity;
pub use options::{
    DEFAULT_MAX_REQUEST_BYTES, DEFAULT_MAX_TXN_OPS, DEFAULT_MIN_LEASE_TTL, DEFAULT_QUOTA_BYTES, StoreOptions,
};
pub use range_stream::{RangeChunk, RangeStream, StreamEnd};
pub use request::{
    AlarmKind, Compare, CompareTarget, DeleteRangeRequest, Op, PutLease, PutRequest, PutValue, RangeRequest, Relation,
    RevisionFilter, Sort, SortOrder, SortTarget, TxnRequest,
};
pub use response::{
    Alarm, DeleteRangeResponse, HashKvResponse, KeyValue, LeaseGrantResponse, LeaseKeepAliveResponse,
    LeaseTimeToLiveResponse, OpResponse, PutResponse, RangeResponse, TxnResponse,
};
pub use restore::{Restore, RestoreError, RestoredLease, RestoredState};
pub use store::{OpenError, Store, StoreStatus};
pub use types::{CommitId, Key, LeaseId, Position, Revision, Sub, VersionId, VersionMeta, WatchId};
