//! Telling others of commits, but not of each one where many servers append at once.

use std::time::Duration;

use parking_lot::Mutex;
use storage_core::Position;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::append::CHANNEL;
use crate::connect::Pool;
use crate::failure::Result;

/// While servers take turns, one notification in so long a time is enough: each wakes every server, which then reads the log, and those
/// who wait for their turn read it anyway.
const INTERVAL: Duration = Duration::from_millis(5);
/// A commit that nobody was told of, because no other came after it, is told by itself then.
const PATIENCE: Duration = Duration::from_millis(10);

const TELL: &str = "SELECT pg_notify($1, $2::bigint::text)";

/// What others have been told.
#[derive(Debug)]
pub(crate) struct Telling {
    last: Mutex<Told>,
    /// The last commit of this server of which nobody has been told when it was appended.
    untold: watch::Sender<Position>,
}

#[derive(Debug)]
struct Told {
    /// When a notification came last, or was sent.
    at: Option<Instant>,
    through: Position,
}

impl Telling {
    pub(crate) fn new() -> Self {
        let last = Told { at: None, through: Position(0) };
        Self { last: Mutex::new(last), untold: watch::Sender::new(Position(0)) }
    }

    /// Whether an append in a turn should tell of itself; then it has to.
    pub(crate) fn begin(&self) -> bool {
        let (mut last, now) = (self.last.lock(), Instant::now());
        let is_time = last.at.is_none_or(|at| now >= at + INTERVAL);
        if is_time {
            last.at = Some(now);
        }
        is_time
    }

    /// A commit at `position` is there and nobody has been told.
    pub(crate) fn left_untold(&self, position: Position) {
        self.untold.send_replace(position);
    }

    /// Everybody has been told of `position`.
    pub(crate) fn told(&self, position: Position) {
        let mut last = self.last.lock();
        last.at = Some(Instant::now());
        last.through = position.max(last.through);
    }

    /// When others are to be told of `position`, if they have not been.
    fn due(&self, position: Position) -> Option<Instant> {
        let last = self.last.lock();
        (last.through < position).then(|| last.at.map_or_else(Instant::now, |at| at + PATIENCE))
    }

    /// Tells of what was left untold. Never ends by itself.
    pub(crate) async fn run(&self, pool: &Pool) {
        let mut untold = self.untold.subscribe();
        while untold.changed().await.is_ok() {
            if let Err(error) = self.tell(&mut untold, pool).await {
                tracing::debug!(%error, "others are not told of a commit; they poll");
            }
        }
    }

    async fn tell(&self, untold: &mut watch::Receiver<Position>, pool: &Pool) -> Result<()> {
        loop {
            let position = *untold.borrow_and_update();
            match self.due(position) {
                None => return Ok(()),
                Some(due) if due > Instant::now() => sleep_until(due).await,
                Some(_) => {
                    pool.with(|connection| {
                        let tell = sqlx::query(TELL).bind(CHANNEL).bind(position.0.cast_signed());
                        Box::pin(async move { Ok(tell.execute(connection).await?) })
                    })
                    .await?;
                    self.told(position);
                }
            }
        }
    }
}
