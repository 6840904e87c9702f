use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::Tls;
use super::names::common_name;

/// A connection whose client has said who it is, as far as it was asked.
pub(crate) struct Secured<S> {
    pub(crate) stream: TlsStream<S>,
    /// The name of the user that the client's certificate is for, where certificates name users.
    pub(crate) common_name: Option<Arc<str>>,
}

impl Tls {
    /// Shakes hands with the client of `stream`. What goes wrong is logged, and there is nothing to serve then.
    pub(crate) async fn secure<S, R>(&self, stream: S, remote: R) -> Option<Secured<S>>
    where
        R: fmt::Display,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut server_name = String::new();
        let limit = self.shared.reloading.options().handshake_timeout;
        let shaken = timeout(limit, self.shake_hands(stream, &mut server_name)).await;
        let shaken =
            shaken.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")));
        match shaken {
            Ok(stream) => Some(Secured { common_name: self.user(&stream), stream }),
            Err(error) => {
                self.shared.rejections.log(&remote, &server_name, &error);
                None
            }
        }
    }

    /// A client that says nothing has nothing spent on it: files are looked at, and computing begins, once it has said hello.
    async fn shake_hands<S>(&self, stream: S, server_name: &mut String) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let started = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        started.client_hello().server_name().unwrap_or_default().clone_into(server_name);
        let config = self.shared.reloading.current().await;
        self.shared.turns.take(started.into_stream(config)).await
    }

    /// As in etcd a certificate names a user only where every client must authenticate by one.
    fn user<S>(&self, stream: &TlsStream<S>) -> Option<Arc<str>> {
        let (_, connection) = stream.get_ref();
        let certificates = connection.peer_certificates()?;
        let is_user = self.shared.reloading.options().client_cert_auth;
        is_user.then(|| common_name(certificates.first()?)).flatten().map(Arc::from)
    }
}
