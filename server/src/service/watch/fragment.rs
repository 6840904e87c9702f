use std::collections::HashSet;
use std::sync::Arc;

use bytes::BytesMut;
use storage_core::{Event, WatchId};

use crate::encode::{self, WatchHead};

/// Which watches take a large response in pieces, and how it is cut.
pub(super) struct Fragments {
    /// Pieces are smaller than this, except where one event alone is not.
    piece_bytes: usize,
    watches: HashSet<WatchId>,
}

impl Fragments {
    pub(super) fn new(piece_bytes: usize) -> Self {
        Self { piece_bytes, watches: HashSet::new() }
    }

    pub(super) fn add(&mut self, id: WatchId) {
        self.watches.insert(id);
    }

    pub(super) fn remove(&mut self, id: WatchId) {
        self.watches.remove(&id);
    }

    /// Adds the response with `head` and `events` to `out`, in pieces if its watch asked for that and it is large.
    /// All pieces but the last say that they are one.
    pub(super) fn split(&self, mut head: WatchHead, events: &[Arc<Event>], prev_kv: bool, out: &mut BytesMut) {
        if !self.watches.contains(&head.id) || head.len_with(events, prev_kv) < self.piece_bytes {
            encode::put_watch(out, &head, events, prev_kv);
            return;
        }
        let mut rest = events;
        while !rest.is_empty() {
            head.fragment = true;
            let (piece, behind) = rest.split_at(self.fitting(&head, rest, prev_kv));
            head.fragment = !behind.is_empty();
            encode::put_watch(out, &head, piece, prev_kv);
            rest = behind;
        }
    }

    /// How many of `events` fit in a piece, at least one.
    fn fitting(&self, head: &WatchHead, events: &[Arc<Event>], prev_kv: bool) -> usize {
        let mut len = head.len_with(&[], prev_kv);
        let fitting = events.iter().take_while(|event| {
            len += encode::event_len(event, prev_kv);
            len < self.piece_bytes
        });
        fitting.count().max(1)
    }
}
