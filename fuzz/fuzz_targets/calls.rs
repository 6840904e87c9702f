//! Calls of gRPC and JSON against a server over a store in memory.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// Of time that passes by itself whenever all wait: for what waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(1);

fuzz_target!(|data: &[u8]| {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let _ = runtime.block_on(async { timeout(PATIENCE, server::fuzzing::calls(data)).await });
});
