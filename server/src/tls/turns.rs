use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::thread::available_parallelism;

use futures_util::poll;
use tokio::sync::Semaphore;

/// Lets as many handshakes compute at a time as there are cores. However many clients come at once, what else the server does
/// waits for a few signatures, and not for all of theirs. A handshake that waits for its client has no turn to lose.
#[derive(Debug)]
pub(super) struct Turns(Semaphore);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)))
    }

    /// Runs `handshake`, each step of it in a turn.
    pub(super) async fn take<F: Future>(&self, handshake: F) -> F::Output {
        let mut handshake = pin!(handshake);
        loop {
            let turn = self.0.acquire().await.expect("the semaphore is never closed");
            if let Poll::Ready(output) = poll!(handshake.as_mut()) {
                return output;
            }
            drop(turn);
            woken().await;
        }
    }
}

/// Done when the task is woken, by whatever it was polled for last.
async fn woken() {
    let mut is_polled = false;
    poll_fn(|_| if std::mem::replace(&mut is_polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn those_that_wait_for_their_clients_leave_their_turns_to_others() {
        let turns = Arc::new(Turns(Semaphore::new(1)));
        let (tell, told) = oneshot::channel();
        let silent = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take(told).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(turns.take(async { "done" }).await, "done");
        tell.send("heard").expect("it still waits");
        assert_eq!(silent.await.expect("no panic"), Ok("heard"));
    }
}
