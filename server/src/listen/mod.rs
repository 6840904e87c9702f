//! Where clients connect: TCP and unix sockets, named by URLs.

mod io;
mod tcp;
mod unix;
mod url;

use std::fmt;
use std::io as std_io;

use tokio::net::{TcpListener, UnixListener};

pub(crate) use self::io::Io;
use self::unix::SocketFile;
pub use self::url::{ListenUrl, ListenUrlError};

/// A bound listener. Dropping it closes it, and removes the file of a unix socket.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// Why a URL cannot be listened on, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Someone else listens there.
    #[error("{0} is in use: stop the server that listens there, or choose another --listen-client-urls")]
    InUse(ListenUrl),
    /// There is a file that is not a socket.
    #[error("{0} exists and is not a socket: remove it, or choose another --listen-client-urls")]
    NotASocket(ListenUrl),
    /// Anything else.
    #[error("cannot listen on {url}: {source}")]
    Io {
        /// Where.
        url: ListenUrl,
        /// Why.
        source: std_io::Error,
    },
}

impl ListenError {
    fn new(url: &ListenUrl, source: std_io::Error) -> Self {
        let url = url.clone();
        if source.kind() == std_io::ErrorKind::AddrInUse { Self::InUse(url) } else { Self::Io { url, source } }
    }
}

impl Listener {
    /// Listens on `url`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the address is taken, cannot be resolved, or may not be used. Nothing is left behind then.
    pub async fn bind(url: &ListenUrl) -> Result<Self, ListenError> {
        let kind = match url {
            ListenUrl::Tcp { host, port } => tcp::bind(host, *port).await.map(Kind::Tcp),
            ListenUrl::Unix(path) => match unix::bind(path).await {
                Err(error) if error.kind() == std_io::ErrorKind::AlreadyExists => {
                    return Err(ListenError::NotASocket(url.clone()));
                }
                bound => bound.map(|(listener, file)| Kind::Unix(listener, file)),
            },
        };
        kind.map(|kind| Self { kind }).map_err(|error| ListenError::new(url, error))
    }

    /// Listens on all of `urls`, or on none.
    ///
    /// # Errors
    /// As [`Listener::bind`].
    pub async fn bind_all(urls: &[ListenUrl]) -> Result<Vec<Self>, ListenError> {
        let mut listeners = Vec::with_capacity(urls.len());
        for url in urls {
            listeners.push(Self::bind(url).await?);
        }
        Ok(listeners)
    }

    /// Where it listens: with port 0 asked for, the port that was given.
    #[must_use]
    pub fn url(&self) -> ListenUrl {
        match &self.kind {
            Kind::Tcp(listener) => match listener.local_addr() {
                Ok(address) => ListenUrl::Tcp { host: address.ip().to_string(), port: address.port() },
                Err(_) => ListenUrl::Tcp { host: String::new(), port: 0 },
            },
            Kind::Unix(_, file) => ListenUrl::Unix(file.path().to_owned()),
        }
    }

    pub(crate) async fn accept(&mut self) -> std_io::Result<Io> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Io::Tcp(stream))
            }
            Kind::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Io::Unix(stream)),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url().fmt(f)
    }
}
