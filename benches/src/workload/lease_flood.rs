//! The leases of many nodes, which in Kubernetes are objects: small updates, all over the one connection that a kube-apiserver
//! has for them.

use std::sync::Arc;

use super::{Done, update::Update};
use crate::error::HarnessError;
use crate::meter::Meter;
use crate::objects::Objects;
use crate::session::Session;

/// The size of a node's lease.
pub(super) const NODE_LEASE_BYTES: usize = 600;
const FLOOD: &str = "flood";

pub(super) async fn run(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let leases = Objects::new(FLOOD, plan.flooding_nodes, NODE_LEASE_BYTES);
    leases.create_all(session).await?;
    let narrow = session.over_one_connection();
    meter.begin()?;
    let done = narrow.drive(plan.workers, plan.flooding_updates, Update::of(session, &leases)).await?;
    Ok(Done::of(done.latencies))
}
