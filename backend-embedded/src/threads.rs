//! Threads for blocking work.

use std::thread::{Builder, JoinHandle};

/// A named thread.
///
/// # Errors
/// If the system gives none.
pub fn on_thread(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(body)
}

/// Waits for a thread to end.
pub fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().map(str::to_owned);
    if thread.join().is_err() {
        tracing::error!(name, "a thread of the store panicked");
    }
}
