//! `WatchResponse`: a small head, and events that were encoded once for all who watch them.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use storage_core::{Event, Revision, WatchId};

use super::Header;
use super::fields::{bool_len, int_len, nested_len, put_bool, put_head, put_int};
use super::frame::put_frame;

const WATCH_ID: u8 = 2;
const CREATED: u8 = 3;
const CANCELED: u8 = 4;
const COMPACT_REVISION: u8 = 5;
const CANCEL_REASON: u8 = 6;
const FRAGMENT: u8 = 7;
const EVENTS: u8 = 11;

/// All of a watch response but its events.
#[derive(Clone, Debug)]
pub(crate) struct WatchHead {
    pub(crate) header: Header,
    pub(crate) id: WatchId,
    pub(crate) created: bool,
    pub(crate) canceled: bool,
    pub(crate) compact_revision: Revision,
    pub(crate) cancel_reason: String,
    pub(crate) fragment: bool,
}

impl WatchHead {
    pub(crate) fn new(header: Header, id: WatchId) -> Self {
        Self {
            header,
            id,
            created: false,
            canceled: false,
            compact_revision: Revision(0),
            cancel_reason: String::new(),
            fragment: false,
        }
    }

    fn len(&self) -> usize {
        let reason = if self.cancel_reason.is_empty() { 0 } else { nested_len(self.cancel_reason.len()) };
        self.header.len()
            + int_len(self.id.0)
            + bool_len(self.created)
            + bool_len(self.canceled)
            + int_len(self.compact_revision.0)
            + reason
            + bool_len(self.fragment)
    }

    fn put(&self, out: &mut BytesMut) {
        self.header.put(out);
        put_int(out, WATCH_ID, self.id.0);
        put_bool(out, CREATED, self.created);
        put_bool(out, CANCELED, self.canceled);
        put_int(out, COMPACT_REVISION, self.compact_revision.0);
        if !self.cancel_reason.is_empty() {
            put_head(out, CANCEL_REASON, self.cancel_reason.len());
            out.put_slice(self.cancel_reason.as_bytes());
        }
        put_bool(out, FRAGMENT, self.fragment);
    }

    /// Size of a response with this head and `events`.
    pub(crate) fn len_with(&self, events: &[Arc<Event>], prev_kv: bool) -> usize {
        self.len() + events.iter().map(|event| event_len(event, prev_kv)).sum::<usize>()
    }
}

/// Size of an event as a field of a response.
pub(crate) fn event_len(event: &Event, prev_kv: bool) -> usize {
    nested_len(event.encoded(prev_kv).len())
}

/// Adds a watch response, framed, to `out`.
pub(crate) fn put_watch(out: &mut BytesMut, head: &WatchHead, events: &[Arc<Event>], prev_kv: bool) {
    put_frame(out, head.len_with(events, prev_kv), |out| {
        head.put(out);
        for event in events {
            let encoded = event.encoded(prev_kv);
            put_head(out, EVENTS, encoded.len());
            out.put_slice(encoded);
        }
    });
}
