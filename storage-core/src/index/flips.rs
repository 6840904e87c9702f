//! Which keys came to be or ceased to be lately, so that counts at recent revisions need no walk.

use std::collections::VecDeque;

use crate::key_range::KeyRange;
use crate::types::{Key, Revision};

/// How many are remembered: a count at a recent revision looks through at most so many.
const FLIPS_MAX: usize = 8192;

/// The latest creations and deletions, in order.
#[derive(Debug, Default)]
pub(super) struct Flips {
    recent: VecDeque<Flip>,
    /// At or above this revision nothing has been forgotten.
    complete_since: Revision,
}

#[derive(Debug)]
struct Flip {
    revision: Revision,
    key: Key,
    created: bool,
}

impl Flips {
    pub(super) fn push(&mut self, revision: Revision, key: Key, created: bool) {
        if self.recent.len() == FLIPS_MAX {
            let forgotten = self.recent.pop_front().expect("it is full");
            self.complete_since = forgotten.revision;
        }
        self.recent.push_back(Flip { revision, key, created });
    }

    pub(super) fn rollback(&mut self, revision: Revision) {
        while self.recent.back().is_some_and(|f| f.revision > revision) {
            self.recent.pop_back();
        }
    }

    /// By how much the number of keys in `keys` grew after `revision`, or `None` if that is too long ago.
    pub(super) fn since(&self, revision: Revision, keys: &KeyRange) -> Option<isize> {
        if revision < self.complete_since {
            return None;
        }
        let later = self.recent.iter().rev().take_while(|f| f.revision > revision);
        Some(later.filter(|f| keys.contains(&f.key)).map(|f| if f.created { 1 } else { -1 }).sum())
    }
}
