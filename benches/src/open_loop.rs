//! Requests at fixed times, whether or not those before have been answered.
//!
//! A closed loop sends less while the server is slow, and so hides how long clients would have waited. Here each request has a
//! time at which it is due, and its latency is from then on, also if it could be sent only later.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{nanosleep, set_current_timer_slack};
use rustix::time::Timespec;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::session::{Operation, Session};
use crate::workload::Done;

/// Requests under way at a time; one that is due beyond them waits, and its latency goes on.
const MOST_UNDER_WAY: usize = 4096;

impl Session {
    /// Sends `requests` requests, `rate` in a second, and answers how long each took from the time that it was due.
    ///
    /// # Errors
    /// The first failure of a request.
    pub async fn drive_at(
        self: &Arc<Self>,
        rate: f64,
        requests: usize,
        operation: impl Operation,
    ) -> Result<Done, HarnessError> {
        let (operation, room) = (Arc::new(operation), Arc::new(Semaphore::new(MOST_UNDER_WAY)));
        let (mut tasks, mut latencies) = (JoinSet::new(), Latencies::default());
        let mut schedule = schedule(rate, requests);
        while let Some((number, due)) = schedule.recv().await {
            let permit = Arc::clone(&room).acquire_owned().await.expect("it is never closed");
            let (operation, mut kv) = (Arc::clone(&operation), self.kv(number));
            tasks.spawn(async move {
                let _permit = permit;
                operation.call(&mut kv, number).await.map(|()| due.elapsed())
            });
            while let Some(answered) = tasks.try_join_next() {
                latencies.push(flatten(answered)?);
            }
        }
        while let Some(answered) = tasks.join_next().await {
            latencies.push(flatten(answered)?);
        }
        Ok(Done::of(latencies))
    }
}

fn flatten(answered: Result<Result<Duration, HarnessError>, tokio::task::JoinError>) -> Result<Duration, HarnessError> {
    answered.map_err(|e| HarnessError::unexpected(e.to_string()))?
}

/// The number of each request when it is due, and that time. They are closer than the millisecond that tokio's timers are true to, so
/// a thread waits for them.
fn schedule(rate: f64, requests: usize) -> mpsc::Receiver<(usize, Instant)> {
    let (sender, receiver) = mpsc::channel(MOST_UNDER_WAY);
    thread::spawn(move || {
        // Unless told, the kernel wakes up to 50 microseconds late.
        let _ = set_current_timer_slack(NonZeroU64::new(1));
        let (begin, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
        for number in 0..requests {
            let due = begin + interval.mul_f64(number as f64);
            await_time(due);
            // One that nobody waits for any more: the load has failed.
            if sender.blocking_send((number, due)).is_err() {
                return;
            }
        }
    });
    receiver
}

fn await_time(due: Instant) {
    loop {
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return;
        }
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        // It may end early, by a signal.
        let _ = nanosleep(&Timespec { tv_sec: seconds, tv_nsec: wait.subsec_nanos().into() });
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::client::Kv;
    use crate::null_server;
    use crate::plan::Plan;

    /// A server that does one thing at a time, and is stuck when the first request comes.
    struct Stuck(tokio::sync::Mutex<bool>);

    const STUCK: Duration = Duration::from_millis(200);

    impl Operation for Stuck {
        async fn call(&self, _kv: &mut Kv, _number: usize) -> Result<(), HarnessError> {
            let mut was_stuck = self.0.lock().await;
            if !std::mem::replace(&mut *was_stuck, true) {
                tokio::time::sleep(STUCK).await;
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn while_a_server_is_stuck_all_that_are_due_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(null_server::serve(listener));
        let session = Session::open(&[address], Plan::quick(1)).await.unwrap();
        // The last of them is due after 100 ms, when the server is stuck for 100 more.
        let done = session.drive_at(1000.0, 100, Stuck(false.into())).await.unwrap();
        assert_eq!(done.operations, 100);
        assert!(done.latencies.quantile_us(0.0) > 90_000.0, "{}", done.latencies.quantile_us(0.0));
    }

    #[tokio::test]
    async fn requests_come_in_order_none_before_its_time() {
        let mut schedule = schedule(2000.0, 20);
        let mut first = None;
        for expected in 0..20 {
            let (number, due) = schedule.recv().await.unwrap();
            assert_eq!(number, expected);
            assert!(Instant::now() >= due);
            assert_eq!(due - *first.get_or_insert(due), Duration::from_micros(500) * number as u32);
        }
        assert!(schedule.recv().await.is_none());
    }
}
