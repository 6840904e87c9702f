//! Whom a request is made for.

use std::sync::Arc;

/// A user whom the server knows a request to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name. Nobody by that name need exist any more.
    pub user: Arc<str>,
    /// The auth revision at which the server learned it; never 0, which is etcd's sign for nobody. An older one than the
    /// state's is refused.
    pub auth_revision: u64,
}

/// How a store's requests are checked.
#[derive(Clone, Debug, Default)]
pub(crate) enum Access {
    /// Not at all: an embedding program's, and the server's own tasks.
    #[default]
    Trusted,
    /// As what this caller may do, or somebody of no name.
    Client(Option<Caller>),
}
