//! What the engine counts, for whoever monitors it: [`Store::stats`](crate::Store::stats).
//!
//! Counting is a relaxed addition, looking is a copy: neither waits for the other, and a look may catch a histogram between
//! two additions. Nothing here knows how a monitoring system wants its numbers.

mod counter;
mod counters;
mod histogram;
mod kind;
mod snapshot;

pub use self::counter::Counter;
pub(crate) use self::counters::Counters;
pub use self::histogram::{Histogram, HistogramSnapshot};
pub use self::snapshot::{
    AppendStats, BackendStats, CompactionStats, EvaluationStats, IndexStats, LeaseStats, OperationStats, StoreStats,
    ValueStats,
};
