//! A stream's side for messages.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::{JoinError, JoinHandle};

use super::catch_up::Scanned;
use super::hub::WatchHub;
use super::message::{CancelCause, WatchMessage};
use super::step::Step;
use super::stream::StreamRef;
use super::watcher::WatcherRef;
use crate::backend::BackendError;

/// What a stream of watches has to say, made when it is asked for. Dropping it ends all watches of the stream.
#[derive(Debug)]
pub struct WatchEvents {
    hub: Arc<WatchHub>,
    stream: StreamRef,
    wake: Arc<Notify>,
    /// The backend is being read for this watcher. A task, so that it ends and lets others read though nobody asks.
    scan: Option<Reading<(), Scanned>>,
    /// Events that wait for previous values; they come before all else.
    held: Option<Reading<WatchMessage, ()>>,
}

/// Something being read for a watcher.
#[derive(Debug)]
struct Reading<T, R> {
    watcher: WatcherRef,
    what: T,
    task: JoinHandle<Result<R, BackendError>>,
}

impl WatchEvents {
    pub(super) fn new(hub: Arc<WatchHub>, stream: StreamRef, wake: Arc<Notify>) -> Self {
        Self { hub, stream, wake, scan: None, held: None }
    }

    /// The next message; `None` once the store is closed. If the future is dropped before it is done, nothing is lost.
    pub async fn next(&mut self) -> Option<WatchMessage> {
        loop {
            if self.held.is_some() {
                match self.release().await {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            let step = match &mut self.scan {
                Some(scan) if scan.task.is_finished() => {
                    let outcome = (&mut scan.task).await;
                    self.scanned(outcome)
                }
                _ => self.step(),
            };
            let step = if matches!(step, Step::Idle) { self.idle().await } else { step };
            match step {
                Step::Message(message) => return Some(message),
                Step::Events(watcher, message) => {
                    if let Some(message) = self.complete(watcher, message) {
                        return Some(message);
                    }
                }
                Step::Scan(watcher, scan) => {
                    let history = Arc::clone(&self.hub.history);
                    let task = tokio::spawn(async move { history.scan(scan).await });
                    self.scan = Some(Reading { watcher, what: (), task });
                }
                Step::Again => tokio::task::yield_now().await,
                Step::Idle => {}
                Step::Closed => return None,
            }
        }
    }

    fn step(&self) -> Step {
        let scanning = self.scan.is_some();
        self.hub.with(|state| state.step(self.stream, scanning))
    }

    /// Sleeps until the hub has something or the backend was read.
    async fn idle(&mut self) -> Step {
        let Some(scan) = &mut self.scan else {
            self.wake.notified().await;
            return Step::Idle;
        };
        let outcome = tokio::select! {
            () = self.wake.notified() => return Step::Idle,
            outcome = &mut scan.task => outcome,
        };
        self.scanned(outcome)
    }

    fn scanned(&mut self, outcome: Result<Result<Scanned, BackendError>, JoinError>) -> Step {
        let scan = self.scan.take().expect("its task has just ended");
        self.hub.with(|state| state.scanned(scan.watcher, flat(outcome)))
    }

    /// Waits for the previous values of the events held, and lets them go; without the values the watch has to end. What a watch
    /// that has ended would have got is nobody's: it may not be allowed any more.
    async fn release(&mut self) -> Option<WatchMessage> {
        let outcome = (&mut self.held.as_mut()?.task).await;
        let held = self.held.take()?;
        match flat(outcome) {
            Ok(()) => self.hub.with(|state| state.watchers.get(held.watcher).is_some()).then_some(held.what),
            Err(cause) => {
                self.hub.with(|state| state.end(held.watcher, CancelCause::StorageFailed(cause)));
                None
            }
        }
    }

    /// The message if it has what it needs; otherwise it is held, and what it lacks is being read.
    fn complete(&mut self, watcher: WatcherRef, message: WatchMessage) -> Option<WatchMessage> {
        let WatchMessage::Events { prev_kv: true, events, .. } = &message else { return Some(message) };
        if !events.iter().any(|event| event.lacks_prev_value()) {
            return Some(message);
        }
        let (history, events) = (Arc::clone(&self.hub.history), events.clone());
        let task = tokio::spawn(async move { history.fetch_previous(&events).await });
        self.held = Some(Reading { watcher, what: message, task });
        None
    }
}

impl Drop for WatchEvents {
    fn drop(&mut self) {
        if let Some(scan) = &self.scan {
            scan.task.abort();
        }
        if let Some(held) = &self.held {
            held.task.abort();
        }
        while self.hub.with(|state| state.remove_stream(self.stream)) {}
    }
}

fn flat<R>(outcome: Result<Result<R, BackendError>, JoinError>) -> Result<R, String> {
    match outcome {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("reading was broken off".to_owned()),
    }
}
