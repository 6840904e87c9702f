use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// Connections that may wait to be accepted.
pub(super) const BACKLOG: u32 = 1024;

/// Listens on `host`; an empty one is every address. Of a name's addresses the first is taken, IPv4 before IPv6 as etcd does.
pub(super) async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    let host = if host.is_empty() { "::" } else { host };
    let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    let address = *address.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without this a restart would have to wait until the kernel has forgotten the old connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
