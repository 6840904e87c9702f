//! A network between a server and its database that can be cut: then nothing goes through, and nobody is told.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Whole,
    /// Nothing in either direction.
    Cut,
    /// The database hears all, and its answers are lost.
    Deaf,
}

/// A way to the database. Bytes that are held back when it is mended go on, as TCP would send them again.
pub(crate) struct Proxy {
    address: SocketAddr,
    link: watch::Sender<Link>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// From a port on `host` to `port` of this machine.
    pub(crate) async fn start(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (link, state) = watch::channel(Link::Whole);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(join(client, port, state.clone()));
            }
        });
        Self { address, link, task }
    }

    pub(crate) fn dsn(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }

    pub(crate) fn set(&self, link: Link) {
        self.link.send_replace(link);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(client: TcpStream, port: u16, link: watch::Receiver<Link>) {
    let mut link = link;
    // A connection that is made while nothing goes through gets no further.
    if link.wait_for(|link| *link != Link::Cut).await.is_err() {
        return;
    }
    let Ok(database) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), database.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    // Where one side ends, so does the other.
    tokio::select! {
        () = carry(from_client, to_database, link.clone(), |link| link != Link::Cut) => {}
        () = carry(from_database, to_client, link, |link| link == Link::Whole) => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut link: watch::Receiver<Link>,
    open: fn(Link) -> bool,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        // The end of a connection is as little seen as all else.
        if link.wait_for(|link| open(*link)).await.is_err() || read == 0 || to.write_all(&buffer[..read]).await.is_err()
        {
            return;
        }
    }
}

/// How long a cut lasts that nobody's timeout ends.
pub(crate) const SHORT: Duration = Duration::from_secs(1);
/// One that outlasts how long a server waits for an answer.
pub(crate) const LONG: Duration = Duration::from_secs(9);
