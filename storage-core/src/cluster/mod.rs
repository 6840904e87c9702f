//! What etcd's tools manage as a cluster. There is one member, this store's; others can be added and are then listed, but
//! nobody stands behind them, so they never start, and nothing waits for them. The rules are those of etcd 3.7.3
//! (`server/etcdserver/api/membership`, and `server.go` with `--strict-reconfig-check`) for a member that is alone.

mod change;
mod record;
mod state;

pub(crate) use self::change::Cluster;
pub use self::change::{ClusterChange, ClusterError};
pub(crate) use self::record::ClusterRecord;
pub use self::state::{ClusterState, Member};
