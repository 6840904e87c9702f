//! Watches against the model.

use std::sync::Arc;
use std::time::Duration;

use conformance::model::{History, Model, Prev};
use storage_core::watch::{CancelCause, CreateFailure, WatchControl, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{Event, KeyRange, KeyValue, Revision, Store};

use crate::support::all_keys;
use crate::support::describe::Describe;

/// Longer than any event takes; only a lost one is waited for so long.
const LOST: Duration = Duration::from_secs(20);

pub(crate) async fn next(events: &mut WatchEvents) -> Result<WatchMessage, String> {
    let message = tokio::time::timeout(LOST, events.next()).await.map_err(|_| "a watch waits for good".to_owned())?;
    message.ok_or_else(|| "the watch has ended".to_owned())
}

/// A watch of everything, from when the store was opened.
pub(crate) struct LiveWatch {
    events: WatchEvents,
    _control: WatchControl,
    seen: Revision,
}

impl LiveWatch {
    pub(crate) async fn open(store: &Store) -> Self {
        let (control, mut events) = store.watch();
        control.create(&WatchRequest { prev_kv: true, ..WatchRequest::new(all_keys()) });
        match next(&mut events).await {
            Ok(WatchMessage::Created { revision, .. }) => Self { events, _control: control, seen: revision },
            other => panic!("the watch was not created: {other:?}"),
        }
    }

    /// Reads on until it has seen the model's revision.
    pub(crate) async fn follow(&mut self, model: &Model) -> Result<(), String> {
        match self.follow_or_end(model).await? {
            true => Ok(()),
            false => Err("the live watch was canceled".to_owned()),
        }
    }

    /// The same, or until it is canceled because what it wants is compacted. Answers whether it goes on.
    pub(crate) async fn follow_or_end(&mut self, model: &Model) -> Result<bool, String> {
        let mut seen = Vec::new();
        let from = self.seen.next();
        let mut goes_on = true;
        while goes_on && self.seen < model.revision() {
            match next(&mut self.events).await? {
                WatchMessage::Events { events, .. } => {
                    self.seen = events.last().expect("a message of events has some").meta.mod_revision();
                    seen.extend(events);
                }
                WatchMessage::Canceled { cause: CancelCause::Compacted { compact_revision }, .. }
                    if compact_revision <= model.compacted() && self.seen.next() < compact_revision =>
                {
                    goes_on = false;
                }
                other => return Err(format!("the live watch got {other:?}")),
            }
        }
        let mut wanted = model.history(&all_keys(), from);
        wanted.retain(|want| want.kv.meta.mod_revision() <= self.seen);
        compare(&seen, &wanted, true).map_err(|e| format!("live watch: {e}"))?;
        Ok(goes_on)
    }
}

/// A watch of `keys` from `start` sees what the model says, no more and no less.
pub(crate) async fn check_watch(store: &Store, model: &Model, keys: &KeyRange, start: Revision) -> Result<(), String> {
    if start > model.revision().next() || keys.start().is_empty() {
        return Ok(());
    }
    for prev_kv in [true, false] {
        let (control, mut events) = store.watch();
        control.create(&WatchRequest { start_revision: start, prev_kv, ..WatchRequest::new(keys.clone()) });
        match next(&mut events).await? {
            WatchMessage::Created { revision, .. } if revision == model.revision() && !keys.is_empty() => {}
            WatchMessage::CreateFailed { reason: CreateFailure::EmptyRange, .. } if keys.is_empty() => return Ok(()),
            WatchMessage::CreateFailed { reason: CreateFailure::Compacted, .. } if start.0 < 0 => return Ok(()),
            other => return Err(format!("created: {other:?}")),
        }
        if start.0 != 0 && start < model.compacted() {
            let want = model.compacted();
            match next(&mut events).await? {
                WatchMessage::Canceled { cause: CancelCause::Compacted { compact_revision }, .. }
                    if compact_revision == want => {}
                other => return Err(format!("a compacted start revision: {other:?}")),
            }
            continue;
        }
        control.request_progress();
        let seen = until_progress(&mut events, model.revision()).await?;
        let from = if start.0 == 0 { model.revision().next() } else { start };
        compare(&seen, &model.history(keys, from), prev_kv)?;
    }
    Ok(())
}

/// Events until the stream says that it has handed out everything.
async fn until_progress(events: &mut WatchEvents, current: Revision) -> Result<Vec<Arc<Event>>, String> {
    let mut seen = Vec::new();
    loop {
        match next(events).await? {
            WatchMessage::Events { events, .. } => seen.extend(events),
            WatchMessage::Progress { id: None, revision } if revision == current => return Ok(seen),
            other => return Err(format!("instead of events or progress: {other:?}")),
        }
    }
}

fn compare(seen: &[Arc<Event>], wanted: &[History], prev_kv: bool) -> Result<(), String> {
    let mut rest = seen.iter().peekable();
    for want in wanted {
        let Some(event) = rest.next_if(|event| event.meta.id == want.kv.meta.id) else {
            if want.optional {
                continue;
            }
            return Err(format!("missing: {}, next is {}", want.kv.describe(), rest.peek().describe()));
        };
        let got = kv_of(event);
        if got != want.kv {
            return Err(format!("event {}, model {}", got.describe(), want.kv.describe()));
        }
        if prev_kv {
            check_prev(event, &want.prev)?;
        }
    }
    match rest.next() {
        None => Ok(()),
        Some(event) => Err(format!("too much: {}", kv_of(event).describe())),
    }
}

fn check_prev(event: &Event, want: &Prev) -> Result<(), String> {
    let got =
        event.prev_kv().map(|(meta, value)| KeyValue { key: event.key.clone(), meta: *meta, value: value.clone() });
    let right = match want {
        Prev::Known(want) => got == *want,
        Prev::Compacted(want) => got.is_none() || got == *want,
    };
    let of = || kv_of(event).describe();
    if right { Ok(()) } else { Err(format!("the version before {}: {}, model {want:?}", of(), got.describe())) }
}

pub(crate) fn kv_of(event: &Event) -> KeyValue {
    KeyValue { key: event.key.clone(), meta: event.meta, value: event.value.0.clone() }
}

impl Describe for Option<&&Arc<Event>> {
    fn describe(&self) -> String {
        self.map_or_else(|| "nothing".to_owned(), |event| kv_of(event).describe())
    }
}
