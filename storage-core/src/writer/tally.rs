//! Counting what requests came to, once it is certain.

use super::batch::Entry;
use crate::commit::Commit;
use crate::machine::{Request, Response};
use crate::stats::Counters;

/// Counts requests that are about to be answered, and their `commits`, which are durable.
pub(super) fn count(counters: &Counters, entries: &[Entry], commits: &[Commit]) {
    let mut commits = commits.iter();
    for entry in entries {
        let commit = if entry.commits { commits.next() } else { None };
        if let Ok(response) = &entry.answer {
            count_answer(counters, entry, response, commit);
        }
    }
}

fn count_answer(counters: &Counters, entry: &Entry, response: &Response, commit: Option<&Commit>) {
    match (&entry.work.request, response) {
        (Request::Put(_), _) => counters.puts.increment(),
        (Request::DeleteRange(_), _) => counters.deletes.increment(),
        (Request::Txn(request), Response::Txn(response)) => counters.txn(request, response),
        (Request::LeaseGrant { .. }, Response::LeaseGrant(grant)) => {
            counters.granted.increment();
            counters.ttls.observe(grant.ttl.max(0).cast_unsigned());
        }
        (Request::LeaseKeepAlive(_), Response::LeaseKeepAlive(renewal)) if renewal.ttl > 0 => {
            counters.renewed.increment();
        }
        (Request::LeaseRevoke(_), _) => {
            counters.revoked.increment();
            // The writer asks itself for it only when the lease has run out.
            counters.expired.add(u64::from(entry.work.reply.is_none()));
            counters.deletes.add(commit.map_or(0, |commit| commit.mutations.len() as u64));
        }
        _ => {}
    }
    let mutations = commit.into_iter().flat_map(|commit| &commit.mutations);
    let puts = mutations.filter(|mutation| !mutation.meta.is_tombstone());
    counters.put_bytes.add(puts.map(|put| (put.key.len() + put.value.len()) as u64).sum());
}
