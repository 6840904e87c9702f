use crate::backend::Bounds;
use crate::types::Revision;

/// Who wants to know how far a copy is.
pub trait CopyObserver: Send {
    /// Something else begins.
    fn step(&mut self, step: CopyStep);

    /// So many more bytes of the step are done with.
    fn advance(&mut self, bytes: u64);
}

/// A part of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyStep {
    /// Both storages are looked at: their keys, not their values.
    Looking,
    /// All of the source is read, and what the destination does not have is written there.
    Copying {
        /// Where the source ends.
        bounds: Bounds,
        /// Versions in it.
        versions: u64,
        /// Their keys and values.
        bytes: u64,
        /// The revision up to which an earlier copy came.
        resumed_at: Option<Revision>,
    },
    /// All of the destination is read and compared.
    Verifying {
        /// Its keys and values.
        bytes: u64,
    },
    /// The source was compacted meanwhile, so its state of now is copied. What is already there stays.
    Again,
}

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyOutcome {
    /// The revision of both.
    pub revision: Revision,
    /// The lowest revision that can be read; -1 if it was never compacted.
    pub compact_revision: Revision,
    /// Keys at that revision.
    pub keys: usize,
    /// Leases.
    pub leases: usize,
    /// Whether the source has been written to since. None of that is in the copy.
    pub is_behind: bool,
}
