//! The suite of a backend: every law of [`Backend`] as checks of one behaviour each.
//!
//! A backend's test file says where logs can be kept and asks for the suite:
//!
//! ```
//! use std::sync::Arc;
//! use storage_core::{Backend, MemoryBackend};
//!
//! #[derive(Default)]
//! struct Memory(Arc<MemoryBackend>);
//!
//! #[async_trait::async_trait]
//! impl conformance::backend_suite::Place for Memory {
//!     async fn open(&self) -> Arc<dyn Backend> {
//!         self.0.reopen();
//!         self.0.clone()
//!     }
//! }
//!
//! conformance::backend_suite!(Memory::default());
//! # fn main() {}
//! ```

#![expect(clippy::unwrap_used, reason = "these are tests that ship as a library")]

mod append;
mod big;
mod close;
mod compact;
mod concurrent;
mod history;
mod load;
mod maintenance;
mod read;
mod restored;
mod scan;
mod values;

use std::sync::Arc;

use async_trait::async_trait;
use storage_core::Backend;

pub use self::append::*;
pub use self::big::*;
pub use self::close::*;
pub use self::compact::*;
pub use self::concurrent::*;
pub use self::history::History;
pub use self::load::*;
pub use self::maintenance::*;
pub use self::restored::*;
pub use self::scan::*;
pub use self::values::*;

/// Where one log is kept. Each check gets a place of its own.
#[async_trait]
pub trait Place: Send + Sync + 'static {
    /// Opens the log: an empty one at the first call, what was left of it at later ones. The suite closes a backend before it
    /// asks for the next.
    async fn open(&self) -> Arc<dyn Backend>;
}

/// Makes a test of every check of the suite. Takes an expression that makes a fresh [`Place`].
#[macro_export]
macro_rules! backend_suite {
    ($place:expr) => {
        $crate::backend_suite! { $place;
            an_empty_log_is_at_position_zero_and_revision_one,
            commits_come_back_as_they_were_appended,
            an_append_moves_bounds_end_and_tip,
            an_append_behind_another_end_is_a_conflict_and_writes_nothing,
            a_commit_without_mutations_takes_a_position_but_no_revision,
            control_records_are_what_the_log_left,
            an_append_whose_caller_went_away_is_whole_or_not_there,
            a_group_of_512_commits_is_one_append,
            a_commit_of_2000_mutations_comes_back_whole,
            a_value_of_eight_megabytes_comes_back,
            many_large_commits_come_back_in_order,
            a_scan_begins_behind_the_position_asked_for,
            a_scan_by_revision_begins_there_or_at_the_first_one_above,
            a_scan_stops_at_its_limit_of_commits,
            a_scan_stops_at_its_limit_of_bytes_without_splitting_a_commit,
            a_scan_returns_one_commit_even_above_its_limits,
            a_scan_at_the_end_is_empty,
            values_come_in_the_order_asked_and_missing_ones_are_none,
            hundreds_of_scattered_values_come_in_one_call,
            no_values_asked_are_no_values_answered,
            a_load_streams_every_version_in_log_order,
            a_load_streams_the_control_records,
            a_load_nobody_listens_to_fails_and_harms_nothing,
            compaction_removes_the_dead_and_nothing_else,
            compaction_of_part_of_a_commit_keeps_its_other_mutations,
            compaction_is_idempotent,
            compaction_keeps_the_end_of_the_log_and_the_control_records,
            compaction_keeps_control_only_commits_above_it,
            a_compacted_log_is_still_scanned_from_any_position,
            a_compacted_log_takes_appends,
            a_reopened_log_is_what_it_was,
            a_reopened_log_takes_appends,
            a_reopened_compacted_log_is_what_it_was,
            a_restored_log_is_scanned_from_any_position_and_revision,
            a_restored_log_keeps_its_revision_and_takes_appends,
            a_restored_log_keeps_its_revision_when_all_of_it_is_compacted,
            closing_twice_is_closing_once,
            a_closed_backend_answers_fatal,
            readers_during_appends_see_whole_commits_in_order,
            the_tip_is_never_ahead_of_what_can_be_read,
            an_acknowledged_value_can_be_read_at_once,
            a_load_during_appends_is_one_picture,
            compaction_during_appends_loses_nothing,
            the_size_in_use_grows_with_the_log_and_is_within_the_allocated,
            defragmenting_during_appends_loses_nothing,
        }
    };
    ($place:expr; $($check:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                $crate::backend_suite::$check(&$place).await;
            }
        )*
    };
}
