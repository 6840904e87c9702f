//! What is durable, on its way to everybody.

use std::sync::Arc;

use super::batch::{Appending, Entry};
use super::{Writer, tally};
use crate::auth::AuthState;
use crate::event::RevisionEvents;
use crate::response::Alarm;
use crate::types::{Position, Revision};

impl Writer {
    /// A group is durable: the next one goes to the disk at once, and then everybody may know of this one.
    pub(super) async fn landed(&mut self, mut appending: Appending) {
        self.others.undisturbed();
        self.is_cut_off = false;
        self.shared.clear_failure();
        if let Some(last) = appending.group.last() {
            self.durable = last.position;
            self.start_appending().await;
            self.publish(&mut appending);
            self.counters.set_leases(self.machine.leases());
        }
        tally::count(&self.counters, &appending.entries, &appending.group);
        appending.entries.into_iter().for_each(Entry::answer);
    }

    /// In this order: the values can be read, the index shows the keys, and with them what is permitted counts, the watchers see
    /// the events. The answers follow.
    pub(super) fn publish(&mut self, appending: &mut Appending) {
        let mut events = Vec::with_capacity(appending.group.len());
        for (commit, effects) in appending.group.iter().zip(&appending.effects) {
            self.machine.settle(commit);
            for (mutation, event) in commit.mutations.iter().zip(&effects.events) {
                if !mutation.value.is_empty() {
                    self.values.insert(mutation.meta.id, mutation.value.clone());
                }
                if let Some(prev) = &event.prev {
                    self.values.forget(prev.meta.id);
                }
            }
            if !effects.events.is_empty() {
                let revision = commit.revision;
                events.push(RevisionEvents { revision, events: effects.events.as_slice().into() });
            }
        }
        let last = appending.group.last().expect("a group is not empty");
        let compacted = appending.effects.last().expect("every commit has effects").compacted;
        let alarms = appending.effects.iter_mut().rev().find_map(|effects| effects.alarms.take());
        if let Some(cluster) = appending.effects.iter_mut().rev().find_map(|effects| effects.cluster.take()) {
            self.shared.cluster.store(cluster);
        }
        let auth = appending.effects.iter_mut().rev().find_map(|effects| effects.auth.take());
        self.show(events, (last.position, last.revision), compacted, alarms, auth);
    }

    pub(super) fn show(
        &mut self,
        events: Vec<RevisionEvents>,
        (position, revision): (Position, Revision),
        compacted: Revision,
        alarms: Option<Vec<Alarm>>,
        auth: Option<Arc<AuthState>>,
    ) {
        {
            // Under one lock: who sees the new keys finds the new permissions too, when it looks again.
            let mut index = self.index.write();
            index.publish(revision, compacted);
            if let Some(auth) = auth {
                self.shared.auth.publish(auth);
            }
        }
        self.shared.published(position, alarms);
        self.hub.publish(events, revision);
        if *self.compaction.borrow() < compacted {
            self.hub.compacted(compacted);
            self.compaction.send_replace(compacted);
        }
    }
}
