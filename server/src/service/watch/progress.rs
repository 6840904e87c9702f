use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Says when it is time to tell idle watches of progress. Rests until the first watch asks for it.
pub(super) struct ProgressTicker {
    period: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl ProgressTicker {
    /// Ticks every `interval` and up to a tenth longer, so that streams that began together do not tick together.
    pub(super) fn new(interval: Duration) -> Self {
        Self { period: interval.mul_f64(1.0 + rand::random::<f64>() / 10.0), sleep: None }
    }

    pub(super) fn start(&mut self) {
        let period = self.period;
        self.sleep.get_or_insert_with(|| Box::pin(sleep(period)));
    }

    /// Waits for the next tick, for ever before [`ProgressTicker::start`]. Dropped before it is done, it loses nothing.
    pub(super) async fn tick(&mut self) {
        let Some(sleep) = &mut self.sleep else { return pending().await };
        sleep.as_mut().await;
        let next = Instant::now() + self.period;
        sleep.as_mut().reset(next);
    }
}
