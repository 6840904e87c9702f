use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::connection::Connections;
use crate::listen::Listener;

/// Pause after a failure that will not go away by itself at once, such as too many open files.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Accepts connections until `drain`. Then the listener is closed, and the file of a unix socket removed.
pub(super) async fn accept(mut listener: Listener, connections: Connections, drain: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = drain.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(incoming) => connections.serve(incoming),
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%listener, %error, "cannot accept connections");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
