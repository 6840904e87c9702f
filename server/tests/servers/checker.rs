//! Whether one history explains everything that clients, readers and watchers were told.

use std::collections::{BTreeMap, HashMap};

use crate::history::{Change, Event, Outcome, Read, Version, Write};

type State = BTreeMap<String, Version>;

/// Checks all of it; `seen` and `states` are what the watchers and the last reads of every server show.
pub(crate) fn check(seen: &[Vec<Event>], states: &[(i64, Vec<(String, Version)>)], writes: &[Write], reads: &[Read]) {
    let count = |wanted: fn(&Outcome) -> bool| writes.iter().filter(|write| wanted(&write.outcome)).count();
    let acknowledged = count(|outcome| matches!(outcome, Outcome::Acknowledged(_)));
    let (refused, unknown) = (count(|o| *o == Outcome::Refused), count(|o| *o == Outcome::Unknown));
    eprintln!("{acknowledged} writes acknowledged, {refused} refused, {unknown} unknown, {} reads", reads.len());
    assert!(acknowledged > 0 && !reads.is_empty(), "nothing happened");
    for other in &seen[1..] {
        assert!(*other == seen[0], "watchers saw different histories");
    }
    let history = &seen[0];
    dense(history, states[0].0);
    let versions = replay(history, states);
    explained(history, writes);
    reads.iter().for_each(|read| true_then(read, &versions));
    never_back(writes, reads);
}

fn dense(history: &[Event], last: i64) {
    let mut revisions: Vec<_> = history.iter().map(|event| event.revision).collect();
    assert!(revisions.is_sorted(), "events are in order");
    revisions.dedup();
    assert!(revisions.iter().copied().eq(2..=last), "revisions are dense up to {last}");
}

/// Every key's versions by revision; `None` where it is deleted. Each event must follow from those before it.
fn replay(history: &[Event], states: &[(i64, Vec<(String, Version)>)]) -> HashMap<String, Vec<(i64, Option<Version>)>> {
    let mut state = State::new();
    let mut versions = HashMap::<_, Vec<_>>::new();
    for event in history {
        let before = state.get(&event.key);
        assert_eq!(event.prev.as_ref(), before, "{event:?} has another previous value");
        if let Some(put) = &event.put {
            let expected = (before.map_or(event.revision, |b| b.create_revision), before.map_or(1, |b| b.version + 1));
            assert_eq!((put.create_revision, put.version), expected, "{event:?} does not follow from {before:?}");
            state.insert(event.key.clone(), put.clone());
        } else {
            assert!(before.is_some(), "{event:?} deletes nothing");
            state.remove(&event.key);
        }
        versions.entry(event.key.clone()).or_default().push((event.revision, event.put.clone()));
    }
    for (_, shown) in states {
        assert!(shown.iter().map(|(key, version)| (key, version)).eq(&state), "the keys are not what the events say");
    }
    versions
}

/// Each write happened as often as its client was told, and nothing else happened.
fn explained(history: &[Event], writes: &[Write]) {
    let is_workload = |event: &&Event| event.key.starts_with("/own/") || event.key.starts_with("/shared/");
    // A write is known by its value, a deletion by what it deletes: conditions let each happen once.
    let sign = |event: &Event| match &event.put {
        Some(put) => (event.key.clone(), put.value.clone()),
        None => (event.key.clone(), format!("deleted {}", event.prev.as_ref().map_or(0, |prev| prev.mod_revision))),
    };
    let mut happened = HashMap::new();
    for event in history.iter().filter(is_workload) {
        let twice = happened.insert(sign(event), event);
        assert!(twice.is_none(), "applied twice: {event:?} and {twice:?}");
    }
    for write in writes {
        let sign = match &write.change {
            Change::Put(value) => (write.key.clone(), value.clone()),
            Change::Delete => (write.key.clone(), format!("deleted {}", write.expected)),
        };
        match (&write.outcome, happened.get(&sign)) {
            (Outcome::Acknowledged(revision), Some(event)) => {
                assert_eq!(*revision, event.revision, "{write:?} happened as {event:?}");
                held(write, event);
                happened.remove(&sign);
            }
            (Outcome::Acknowledged(_), None) => panic!("lost, or two were told to have done it: {write:?}"),
            (Outcome::Refused, Some(event)) if write.change != Change::Delete => {
                panic!("{write:?} was refused, and is there as {event:?}")
            }
            _ => {}
        }
    }
    for write in writes.iter().filter(|write| write.outcome == Outcome::Unknown) {
        let sign = match &write.change {
            Change::Put(value) => (write.key.clone(), value.clone()),
            Change::Delete => (write.key.clone(), format!("deleted {}", write.expected)),
        };
        if let Some(event) = happened.remove(&sign) {
            held(write, event);
        }
    }
    assert!(happened.is_empty(), "nobody did this, or it was refused: {:?}", happened.values());
}

/// The condition of a write that happened.
fn held(write: &Write, event: &Event) {
    let before = event.prev.as_ref().map_or(0, |prev| prev.mod_revision);
    assert_eq!(before, write.expected, "{write:?} happened as {event:?}");
}

/// A read shows the key as it was at the revision that it names.
fn true_then(read: &Read, versions: &HashMap<String, Vec<(i64, Option<Version>)>>) {
    let of_key = versions.get(&read.key).map_or(&[][..], Vec::as_slice);
    let before = of_key.partition_point(|(revision, _)| *revision <= read.revision);
    let then = before.checked_sub(1).and_then(|last| of_key[last].1.as_ref());
    assert_eq!(read.found.as_ref(), then, "{read:?}");
}

/// What begins after something was answered shows it: by no server do revisions go back.
fn never_back(writes: &[Write], reads: &[Read]) {
    let mut begins = Vec::new();
    let mut ends = Vec::new();
    for write in writes {
        if let Outcome::Acknowledged(revision) = write.outcome {
            // A write's own revision is new.
            begins.push((write.begun, revision - 1, format!("{write:?}")));
            ends.push((write.ended, revision));
        }
    }
    for read in reads {
        begins.push((read.begun, read.revision, format!("{read:?}")));
        ends.push((read.ended, read.revision));
    }
    begins.sort_by_key(|(begun, ..)| *begun);
    ends.sort_by_key(|(ended, _)| *ended);
    let (mut newest, mut ends) = (0, ends.into_iter().peekable());
    for (begun, revision, what) in begins {
        while let Some((_, answered)) = ends.next_if(|(ended, _)| *ended < begun) {
            newest = newest.max(answered);
        }
        assert!(revision >= newest, "stale, since {newest} was answered before: {what}");
    }
}
