//! A server that the harness has not started, with keys of others.

use std::net::SocketAddr;

use proto::etcdserverpb::StatusRequest;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;

use crate::client::{Connection, Kv};
use crate::error::HarnessError;
use crate::shape;

const PAGE: i64 = 500;

/// Where `endpoint` is; only the first address of a name is used.
///
/// # Errors
/// If it is no `http://` URL, or its name has no address.
pub async fn resolve(endpoint: &str) -> Result<SocketAddr, HarnessError> {
    let host = endpoint.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let host = host.ok_or_else(|| HarnessError::unexpected(format!("{endpoint} does not begin with http://")))?;
    let mut addresses = tokio::net::lookup_host(host).await?;
    addresses.next().ok_or_else(|| HarnessError::unexpected(format!("{host} has no address")))
}

/// The version that it says it is of.
///
/// # Errors
/// If it cannot be reached.
pub async fn version(address: SocketAddr) -> Result<String, HarnessError> {
    let connection = Connection::open(address).await?;
    let origin = connection.origin();
    let status = MaintenanceClient::with_origin(connection, origin).status(StatusRequest {}).await?;
    Ok(format!("says it is {}", status.into_inner().version))
}

/// Deletes the keys of a measurement, and no others. One by one, because not everybody deletes ranges.
///
/// # Errors
/// If a request fails.
pub async fn clear(addresses: &[SocketAddr]) -> Result<(), HarnessError> {
    let mut kv = Connection::open(addresses[0]).await?.kv();
    while clear_page(&mut kv).await? {}
    Ok(())
}

async fn clear_page(kv: &mut Kv) -> Result<bool, HarnessError> {
    let mut request = shape::list();
    (request.key, request.range_end, request.limit) = (shape::ROOT.into(), shape::ROOT_END.into(), PAGE);
    let page = kv.range(request).await?.into_inner();
    for found in page.kvs {
        // One that has been changed in between comes again.
        kv.txn(shape::delete(found.key, found.mod_revision)).await?;
    }
    Ok(page.more)
}
