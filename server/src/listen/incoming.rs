use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::io::Io;
use super::socket::Socket;
use crate::tls::{Secured, Tls};

/// A connection that was accepted. With TLS it is not yet known who it is.
pub(crate) struct Incoming {
    pub(super) socket: Socket,
    pub(super) remote: Remote,
    pub(super) tls: Option<Tls>,
}

/// A connection that can be served.
pub(crate) struct Opened {
    pub(crate) io: Io,
    /// The name of the user that the client's certificate is for, where certificates name users.
    pub(crate) common_name: Option<Arc<str>>,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Remote {
    Tcp(SocketAddr),
    Unix,
}

impl Incoming {
    /// Shakes hands, if there is TLS. May take long, so it is not for the task that accepts. What fails is logged.
    pub(crate) async fn open(self) -> Option<Opened> {
        let Some(tls) = self.tls else { return Some(Opened { io: Io::Plain(self.socket), common_name: None }) };
        // Boxed, lest each connection carry the room for a handshake all its life.
        let Secured { stream, common_name } = Box::pin(tls.secure(self.socket, self.remote)).await?;
        Some(Opened { io: Io::Tls(Box::new(stream)), common_name })
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}
