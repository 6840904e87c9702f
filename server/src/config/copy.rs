use std::fmt;

use clap::Args;

use super::{Connections, Place, Storage};

/// Copies a store into another storage: from SQLite to PostgreSQL, say, or back
///
/// Everything comes along: keys with their history and revisions, leases with their deadlines, users, roles, alarms, members, and
/// the cluster's id. No server may write to the source meanwhile; it is only read. No server starts on a copy that was cut off; the same
/// command again goes on with it. At the end the copy is read and compared with the source.
#[derive(Clone, Args)]
pub(crate) struct CopyFlags {
    /// Where the store is: sqlite:///path (in a data directory the file is auroch.db), sled:///path, or postgres://user@host/database
    #[arg(long, value_name = "DSN")]
    from: String,
    /// Where it is to be: the same forms. The place must be empty, and is made if it is missing
    #[arg(long, value_name = "DSN")]
    to: String,
    /// Removes what an earlier copy or restore that was cut off left at the destination, and begins anew. A store that
    /// is there is never removed
    #[arg(long)]
    pub(crate) start_over: bool,
}

impl CopyFlags {
    pub(crate) fn from(&self) -> Storage {
        Storage { place: Place::Dsn(self.from.clone()), fsync: true, connections: Connections::default() }
    }

    pub(crate) fn to(&self) -> Storage {
        Storage { place: Place::Dsn(self.to.clone()), fsync: true, connections: Connections::default() }
    }
}

/// Without passwords.
impl fmt::Debug for CopyFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyFlags")
            .field("from", &self.from().place)
            .field("to", &self.to().place)
            .finish_non_exhaustive()
    }
}
