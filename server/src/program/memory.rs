use std::convert::Infallible;
use std::time::Duration;

/// How often the allocator is asked. It gives back what has been free for a second.
const INTERVAL: Duration = Duration::from_millis(500);

/// Has the allocator give free memory back to the system. By itself it does so only while it is being used: the buffer of
/// a large answer would stay resident for as long as the server is idle after it.
pub(super) async fn give_back() -> Infallible {
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        interval.tick().await;
        collect();
    }
}

#[expect(unsafe_code, reason = "a function in C of the allocator")]
fn collect() {
    // SAFETY: any thread may call it at any time; it touches only the allocator's own state.
    unsafe { libmimalloc_sys::mi_collect(false) }
}
