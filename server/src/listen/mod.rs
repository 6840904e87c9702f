//! Where clients connect: TCP and unix sockets, with TLS or without, named by URLs.

mod incoming;
mod io;
mod socket;
mod tcp;
mod unix;
mod url;

use std::fmt;
use std::io as std_io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, UnixListener};

use self::incoming::Remote;
pub(crate) use self::incoming::{Incoming, Opened};
pub(crate) use self::io::Io;
use self::socket::Socket;
use self::unix::SocketFile;
pub use self::url::{ListenUrl, ListenUrlError};
use crate::tls::Tls;

/// etcd's. It finds out that a client has vanished which speaks HTTP/1, where nobody pings, and waits for a watch's next event.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new().with_time(Duration::from_secs(30));

/// A bound listener. Dropping it closes it, and removes the file of a unix socket.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
    tls: Option<Tls>,
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
    /// The URL asks for TLS, and there is no certificate. etcd's words.
    #[error("TLS key/cert (--cert-file, --key-file) must be provided for client url {0} with HTTPS scheme")]
    NoCertificate(ListenUrl),
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
    /// Listens on `url`, which has no TLS. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the address is taken, cannot be resolved, or may not be used. Nothing is left behind then.
    pub async fn bind(url: &ListenUrl) -> Result<Self, ListenError> {
        Self::bind_with(url, None).await
    }

    /// Listens on `url`, with `tls` if that asks for it. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// As [`Listener::bind`], and if the URL asks for TLS and there is none.
    pub async fn bind_with(url: &ListenUrl, tls: Option<&Tls>) -> Result<Self, ListenError> {
        let tls =
            if url.is_secure() { Some(tls.ok_or_else(|| ListenError::NoCertificate(url.clone()))?) } else { None };
        let kind = match url {
            ListenUrl::Tcp { host, port, .. } => tcp::bind(host, *port).await.map(Kind::Tcp),
            ListenUrl::Unix { path, .. } => match unix::bind(path).await {
                Err(error) if error.kind() == std_io::ErrorKind::AlreadyExists => {
                    return Err(ListenError::NotASocket(url.clone()));
                }
                bound => bound.map(|(listener, file)| Kind::Unix(listener, file)),
            },
        };
        kind.map(|kind| Self { kind, tls: tls.cloned() }).map_err(|error| ListenError::new(url, error))
    }

    /// Listens on all of `urls`, or on none.
    ///
    /// # Errors
    /// As [`Listener::bind_with`].
    pub async fn bind_all(urls: &[ListenUrl], tls: Option<&Tls>) -> Result<Vec<Self>, ListenError> {
        let mut listeners = Vec::with_capacity(urls.len());
        for url in urls {
            listeners.push(Self::bind_with(url, tls).await?);
        }
        Ok(listeners)
    }

    /// Where it listens: with port 0 asked for, the port that was given.
    #[must_use]
    pub fn url(&self) -> ListenUrl {
        let tls = self.tls.is_some();
        match &self.kind {
            Kind::Tcp(listener) => match listener.local_addr() {
                Ok(address) => ListenUrl::Tcp { host: address.ip().to_string(), port: address.port(), tls },
                Err(_) => ListenUrl::Tcp { host: String::new(), port: 0, tls },
            },
            Kind::Unix(_, file) => ListenUrl::Unix { path: file.path().to_owned(), tls },
        }
    }

    pub(crate) async fn accept(&mut self) -> std_io::Result<Incoming> {
        let (socket, remote) = match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;
                (Socket::Tcp(stream), Remote::Tcp(address))
            }
            Kind::Unix(listener, _) => (Socket::Unix(listener.accept().await?.0), Remote::Unix),
        };
        Ok(Incoming { socket, remote, tls: self.tls.clone() })
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn connections_are_asked_now_and_then_whether_they_are_still_there() {
        let mut listener = Listener::bind(&"http://127.0.0.1:0".parse().unwrap()).await.unwrap();
        let ListenUrl::Tcp { host, port, .. } = listener.url() else { panic!("it is TCP") };
        let _client = TcpStream::connect((host, port)).await.unwrap();
        let Socket::Tcp(stream) = listener.accept().await.unwrap().socket else { panic!("it is TCP") };
        assert!(SockRef::from(&stream).keepalive().unwrap());
    }
}
