//! Keeps versions in place while someone is reading them.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Readers hold a [`Pin`] from before they look at the index until they have the values. A compaction closes the
/// revisions below it to new readers first, then waits for the older pins, and only then removes anything.
#[derive(Debug)]
pub(crate) struct Pins {
    current: Mutex<(Pin, oneshot::Receiver<()>)>,
}

/// Versions that could be read when it was taken stay readable until it is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    /// Dropped with the last pin of its generation, which is what the compaction waits for.
    _generation: Arc<oneshot::Sender<()>>,
}

impl Default for Pins {
    fn default() -> Self {
        Self { current: Mutex::new(generation()) }
    }
}

fn generation() -> (Pin, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    (Pin { _generation: Arc::new(sender) }, receiver)
}

impl Pins {
    pub(crate) fn pin(&self) -> Pin {
        self.current.lock().0.clone()
    }

    /// Waits until every pin taken before this call is gone.
    pub(crate) async fn drain(&self) {
        let (pin, released) = std::mem::replace(&mut *self.current.lock(), generation());
        drop(pin);
        // The sender is only ever dropped, so this is an error by design.
        let _ = released.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_waits_for_older_pins_and_not_for_newer_ones() {
        let pins = Arc::new(Pins::default());
        let older = pins.pin();
        let drain = tokio::spawn({
            let pins = Arc::clone(&pins);
            async move { pins.drain().await }
        });
        tokio::task::yield_now().await;
        let _newer = pins.pin();
        assert!(!drain.is_finished());
        drop(older);
        drain.await.expect("the task ends");
    }
}
