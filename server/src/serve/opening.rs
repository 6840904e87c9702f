use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long a connection may take to say what it is. One that says nothing would be held forever: no protocol that has
/// limits of its own is known yet.
#[derive(Debug)]
pub(super) struct Opening(Pin<Box<Sleep>>);

impl Opening {
    pub(super) fn new(limit: Duration) -> Self {
        Self(Box::pin(sleep(limit)))
    }

    /// # Errors
    /// When the time is over. Otherwise the task is woken then.
    pub(super) fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.0.as_mut().poll(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::TimedOut, "the client did not say what it speaks")),
        }
    }
}
