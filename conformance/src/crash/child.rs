//! The process that is killed: appends and compacts until then, and says on its standard output what was acknowledged.

use std::fmt;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage_core::backend::{AppendOutcome, CompactStep};
use storage_core::{Backend, Revision};

use super::story::{Story, dies};
use crate::process::say;

/// One line of its output. Lines that are none of these are the test harness's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The log was opened and ends here.
    Opened(u64),
    /// An append up to here was acknowledged.
    Acknowledged(u64),
    /// A compaction through this revision begins.
    Compacts(u64),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(number) => write!(f, "opened {number}"),
            Self::Acknowledged(number) => write!(f, "acknowledged {number}"),
            Self::Compacts(number) => write!(f, "compacts {number}"),
        }
    }
}

impl Line {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (word, number) = line.split_once(' ')?;
        let number = number.parse().ok()?;
        match word {
            "opened" => Some(Self::Opened(number)),
            "acknowledged" => Some(Self::Acknowledged(number)),
            "compacts" => Some(Self::Compacts(number)),
            _ => None,
        }
    }
}

/// Never returns: it is killed.
pub(super) async fn run(backend: &impl Backend, seed: u64, round: u64) -> ! {
    let mut story = Story::new(seed);
    story.tell_to(backend.end().await.expect("an end"));
    say(Line::Opened(story.position().0));
    let mut random = StdRng::seed_from_u64(seed.wrapping_add(round));
    let mut compacted = Revision::FIRST;
    loop {
        append(backend, &mut story, random.random_range(1..=64)).await;
        if random.random_ratio(1, 4) {
            compacted = compact(backend, &story, compacted).await;
        }
        if random.random_ratio(1, 100) {
            backend.defragment().await.expect("it defragments");
        }
    }
}

async fn append(backend: &impl Backend, story: &mut Story, commits: usize) {
    let expected = story.position();
    let before = story.commits.len();
    story.tell_to(storage_core::Position(expected.0 + commits as u64));
    let outcome = backend.append(expected, story.commits[before..].into()).await.expect("it appends");
    assert_eq!(outcome, AppendOutcome::Appended);
    say(Line::Acknowledged(story.position().0));
}

/// One step, from where the last one ended.
async fn compact(backend: &impl Backend, story: &Story, compacted: Revision) -> Revision {
    let through = Revision(story.revision().0.min(compacted.0 + 200));
    say(Line::Compacts(through.0.cast_unsigned()));
    let range = compacted..through;
    let commits = story.commits.iter().filter(|c| range.contains(&c.revision) && dies(c.revision));
    let dead = commits.flat_map(|c| c.mutations.iter().map(|m| m.meta.id)).collect();
    backend.compact(CompactStep { through, dead }).await.expect("it compacts");
    through
}
