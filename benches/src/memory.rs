//! Resident memory over time.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::HarnessError;
use crate::proc::{Process, Processes};

const FIRST_INTERVAL: Duration = Duration::from_millis(50);
/// More than a chart can show.
const MOST_POINTS: usize = 1000;

/// The resident memory of a contender's servers at one time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Point {
    /// Since the contender's turn began.
    pub seconds: f64,
    /// All its servers together.
    pub resident_bytes: u64,
}

/// Reads resident memory in the background, ever less often the longer it takes.
#[derive(Debug)]
pub struct Sampler {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<Point>>,
}

impl Sampler {
    /// Begins to read that of `processes`; times are from `begin` on.
    #[must_use]
    pub fn start(processes: Processes, begin: Instant) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(sample(processes, begin, stopped)) }
    }

    /// What was read until now.
    ///
    /// # Errors
    /// If the reading has failed.
    pub async fn stop(self) -> Result<Vec<Point>, HarnessError> {
        // A receiver that is gone has ended with its processes.
        let _ = self.stop.send(());
        self.task.await.map_err(|e| HarnessError::unexpected(e.to_string()))
    }
}

async fn sample(processes: Processes, begin: Instant, mut stopped: oneshot::Receiver<()>) -> Vec<Point> {
    let (mut points, mut interval) = (Vec::new(), FIRST_INTERVAL);
    // A process that is gone has no more memory: that is for others to notice.
    while let Ok(resident_bytes) = processes.sum(Process::resident_bytes) {
        points.push(Point { seconds: begin.elapsed().as_secs_f64(), resident_bytes });
        if points.len() == MOST_POINTS {
            points = points.into_iter().step_by(2).collect();
            interval *= 2;
        }
        if tokio::time::timeout(interval, &mut stopped).await.is_ok() {
            break;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_turn_keeps_a_bounded_number_of_points() {
        let sampler = Sampler::start(Processes::new([Process::this()]), Instant::now());
        tokio::time::sleep(FIRST_INTERVAL * 5000).await;
        let points = sampler.stop().await.unwrap();
        assert!((MOST_POINTS / 2..MOST_POINTS).contains(&points.len()), "{}", points.len());
        assert!(points.iter().all(|point| point.resident_bytes > 0));
    }
}
