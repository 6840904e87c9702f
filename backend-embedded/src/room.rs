//! Limits of a scan.

use storage_core::backend::ScanLimits;
use storage_core::commit::Commit;

/// What a scan has found, and how much more it may.
#[derive(Debug)]
pub struct Room {
    limits: ScanLimits,
    bytes: usize,
    commits: Vec<Commit>,
}

impl Room {
    /// Nothing found yet.
    #[must_use]
    pub fn new(limits: ScanLimits) -> Self {
        Self { limits, bytes: 0, commits: Vec::new() }
    }

    /// Whether the scan ends here. The first commit is always let in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.commits.is_empty() && (self.commits.len() >= self.limits.commits || self.bytes >= self.limits.bytes)
    }

    /// Takes a commit in.
    pub fn push(&mut self, commit: Commit) {
        self.bytes += commit.weight_bytes();
        self.commits.push(commit);
    }

    /// All that was found.
    #[must_use]
    pub fn into_commits(self) -> Vec<Commit> {
        self.commits
    }
}
