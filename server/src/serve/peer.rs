use std::sync::Arc;

/// Who is at the other end of a connection, as far as the transport knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
    /// The common name of the certificate that the client has shown, if it has.
    pub(crate) common_name: Option<Arc<str>>,
}
