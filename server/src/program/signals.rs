use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

/// Signals that come this soon after the first are the same wish: `timeout`, and a terminal with a script in between, send two.
const SAME: Duration = Duration::from_secs(1);

/// Done at the first SIGTERM or SIGINT. From a second later on another one ends the process at once.
pub(super) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        tokio::spawn(async move {
            let begun = Instant::now();
            while begun.elapsed() < SAME {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            tracing::warn!("a second signal: stopping at once");
            std::process::exit(1);
        });
    })
}
