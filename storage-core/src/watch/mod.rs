//! Watching: from published commits to the streams of any number of watchers.
//!
//! One `WatchHub` keeps the recent events in a ring that all watchers share. A watcher is *synced*, with a short list of the
//! revisions in the ring that it has yet to be handed, or *behind*, with a cursor: the first revision that it has not been
//! looked through for. One that is behind reads the ring from its cursor or, when the ring no longer reaches back that
//! far, the backend, and is synced again once its cursor has passed the last revision. All of it happens under one
//! short lock, so nothing can slip between the two, and none of it happens unless the stream's reader asks for the
//! next message: a reader that stops costs a few bytes and nobody's time.

mod batch;
mod catch_up;
mod control;
mod events;
mod hub;
mod interval;
mod lifecycle;
mod matcher;
mod message;
mod ring;
mod slab;
mod state;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod watcher;

pub(crate) use self::catch_up::Predecessors;
pub use self::control::WatchControl;
pub use self::events::WatchEvents;
pub(crate) use self::hub::WatchHub;
pub use self::message::{CancelCause, CreateFailure, WatchMessage, WatchRequest, WatchStats};
