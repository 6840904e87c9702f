//! Leases: who has which keys, and when each is due.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::control::{FROM_NEXT_START, Record};
use crate::types::{Key, LeaseId};

/// All leases, with deadlines by the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Lessor {
    leases: HashMap<LeaseId, Lease>,
    due: BTreeSet<(Duration, LeaseId)>,
    /// Leases whose deadline on the disk is older than the one here.
    renewed: BTreeSet<LeaseId>,
}

/// One lease.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) ttl: i64,
    pub(crate) deadline: Duration,
    /// The deadline that its record holds.
    pub(crate) recorded: Duration,
    pub(crate) keys: BTreeSet<Key>,
}

impl Lessor {
    pub(crate) fn get(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.get(&id)
    }

    pub(crate) fn contains(&self, id: LeaseId) -> bool {
        self.leases.contains_key(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.leases.len()
    }

    /// Leases by deadline, the next first.
    pub(crate) fn by_deadline(&self) -> impl Iterator<Item = LeaseId> {
        self.due.iter().map(|(_, id)| *id)
    }

    /// All keys that are attached to leases.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.leases.values().flat_map(|lease| &lease.keys)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (LeaseId, &Lease)> {
        self.leases.iter().map(|(id, lease)| (*id, lease))
    }

    pub(crate) fn insert(&mut self, id: LeaseId, lease: Lease) {
        self.due.insert((lease.deadline, id));
        if let Some(replaced) = self.leases.insert(id, lease) {
            self.due.remove(&(replaced.deadline, id));
            let lease = self.leases.get_mut(&id).expect("it was just inserted");
            self.due.insert((lease.deadline, id));
            lease.keys.extend(replaced.keys);
        }
    }

    pub(crate) fn remove(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.leases.remove(&id)?;
        self.due.remove(&(lease.deadline, id));
        self.renewed.remove(&id);
        Some(lease)
    }

    /// Moves a lease's deadline, to be written down at the next checkpoint.
    pub(crate) fn renew(&mut self, id: LeaseId, deadline: Duration) {
        let Some(lease) = self.leases.get_mut(&id) else { return };
        self.due.remove(&(lease.deadline, id));
        lease.deadline = deadline;
        self.due.insert((deadline, id));
        self.renewed.insert(id);
    }

    pub(crate) fn attach(&mut self, id: LeaseId, key: Key) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.insert(key);
        }
    }

    pub(crate) fn detach(&mut self, id: LeaseId, key: &Key) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.remove(key);
        }
    }

    /// When the next lease is due.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.due.first().map(|(deadline, _)| *deadline)
    }

    /// The lease that is due at `now`, if any.
    pub(crate) fn next_expired(&self, now: Duration) -> Option<LeaseId> {
        self.due.first().filter(|(deadline, _)| *deadline <= now).map(|(_, id)| *id)
    }

    /// Whether a checkpoint has anything to write.
    pub(crate) fn has_renewed(&self) -> bool {
        !self.renewed.is_empty()
    }

    /// Up to `limit` renewed leases.
    pub(crate) fn renewed(&self, limit: usize) -> Vec<LeaseId> {
        self.renewed.iter().copied().take(limit).collect()
    }

    /// Takes note that the record of `id` holds `deadline`. Answers what it held.
    pub(crate) fn record(&mut self, id: LeaseId, deadline: Duration) -> Option<Duration> {
        let lease = self.leases.get_mut(&id)?;
        if lease.deadline > deadline {
            self.renewed.insert(id);
        } else {
            self.renewed.remove(&id);
        }
        Some(std::mem::replace(&mut lease.recorded, deadline))
    }
}

/// Two readings of two clocks at one moment, for turning deadlines of one into the other. The second may be read from afar, and is somewhere
/// between two times: whichever is taken, no lease ends early by it, since its client may hold something for as long.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) monotonic: Duration,
    pub(crate) unix: RangeInclusive<Duration>,
}

impl Moment {
    /// The record that keeps a lease over a restart.
    pub(crate) fn record(&self, id: LeaseId, lease: &Lease) -> Record {
        let remaining = lease.deadline.saturating_sub(self.monotonic);
        let deadline = *self.unix.end() + remaining;
        let deadline_ms = u64::try_from(deadline.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Record::Lease { id, ttl: lease.ttl, deadline_ms }
    }

    /// A lease as it goes on after a restart: what was left of it, plus `grace` for renewals that were not written
    /// down, but never more than its whole time (the clock may have been set back). Where `shared`, another store may renew it from now on
    /// and write that down no sooner than the grace allows, so it is not cut off by that; and as much is left for two clocks read from afar.
    pub(crate) fn restore(&self, ttl: i64, deadline_ms: u64, grace: Duration, shared: bool) -> Lease {
        let whole = Duration::from_secs(ttl.max(0).cast_unsigned());
        if deadline_ms >= FROM_NEXT_START {
            let remaining = Duration::from_millis(deadline_ms - FROM_NEXT_START);
            let deadline = self.monotonic + remaining.min(whole);
            return Lease { ttl, deadline, recorded: Duration::ZERO, keys: BTreeSet::new() };
        }
        let recorded = Duration::from_millis(deadline_ms);
        let longest = if shared { whole + 2 * grace } else { whole };
        let deadline = self.monotonic + (recorded.saturating_sub(*self.unix.start()) + grace).min(longest);
        // The grace is not in the record: the next start adds it again. What others can be sure of is the sooner of the two times.
        let recorded = self.monotonic + recorded.saturating_sub(*self.unix.end());
        Lease { ttl, deadline, recorded, keys: BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(1);

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn restored(ttl: i64, deadline: u64, unix: u64) -> u64 {
        moment(unix).restore(ttl, deadline * 1000, GRACE, false).deadline.as_secs() - 5
    }

    fn moment(unix: u64) -> Moment {
        Moment { monotonic: secs(5), unix: secs(unix)..=secs(unix) }
    }

    #[test]
    fn a_restart_gives_back_what_was_left_and_the_grace() {
        assert_eq!(restored(60, 1030, 1000), 31);
    }

    #[test]
    fn a_restart_never_gives_more_than_the_whole_time() {
        assert_eq!(restored(60, 1060, 1000), 60);
        assert_eq!(restored(60, 1_000_000, 0), 60, "the clock was set back");
    }

    #[test]
    fn a_restored_lease_runs_from_the_next_start_on() {
        let now = moment(1_800_000_000);
        for (remaining, expected) in [(20, 25), (60, 65), (600, 65)] {
            let Record::Lease { ttl, deadline_ms, .. } = Record::lease_from_next_start(LeaseId(1), 60, remaining)
            else {
                unreachable!("it is a lease")
            };
            assert_eq!(now.restore(ttl, deadline_ms, GRACE, false).deadline, secs(expected));
        }
    }

    /// Each of two stores knows the clock that they share a little, the one much better than the other.
    #[test]
    fn a_lease_never_ends_early_however_little_two_stores_know_of_their_clock() {
        let (truth, ttl) = (secs(1_800_000_000), 10);
        let bounds = [(0, 0), (0, 700), (700, 0), (1, 1)].map(|(before, after)| {
            let ms = Duration::from_millis;
            Moment { monotonic: secs(5), unix: truth - ms(before)..=truth + ms(after) }
        });
        for grants in &bounds {
            let deadline = grants.monotonic + secs(10);
            let lease = Lease { ttl, deadline, recorded: deadline, keys: BTreeSet::new() };
            let Record::Lease { deadline_ms, .. } = grants.record(LeaseId(1), &lease) else { panic!("it is a lease") };
            for revokes in &bounds {
                let lease = revokes.restore(ttl, deadline_ms, GRACE, true);
                // Whoever renews it may rest on the record and the grace.
                for renews in &bounds {
                    let renewed = renews.restore(ttl, deadline_ms, GRACE, true).recorded.max(deadline) + GRACE;
                    assert!(lease.deadline >= renewed, "{grants:?} {revokes:?} {renews:?}");
                }
            }
        }
    }

    #[test]
    fn a_lease_that_ran_out_while_the_store_was_closed_gets_the_grace_only() {
        assert_eq!(restored(60, 900, 1000), 1);
    }
}
