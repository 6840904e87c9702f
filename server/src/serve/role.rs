use crate::listen::Listener;

/// What is served on a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// gRPC, and all that is plain HTTP, on one port.
    #[default]
    Clients,
    /// gRPC alone, where HTTP has listeners of its own.
    Grpc,
    /// Plain HTTP alone: the JSON gateway and the pages.
    Http,
    /// The pages that probes and scrapers ask, and nothing that shows or changes a key.
    Monitoring,
}

impl Role {
    pub(super) fn serves_grpc(self) -> bool {
        matches!(self, Self::Clients | Self::Grpc)
    }
}

/// A listener and what is served on it.
#[derive(Debug)]
pub struct Endpoint {
    /// Where.
    pub listener: Listener,
    /// What.
    pub role: Role,
}

impl From<Listener> for Endpoint {
    /// Everything is served on it.
    fn from(listener: Listener) -> Self {
        Self { listener, role: Role::default() }
    }
}
