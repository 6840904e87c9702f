//! Spans of calls for a collector of traces, by OpenTelemetry's protocol. What a call is about, its keys and values, is in
//! none of them.

#[cfg(not(feature = "otlp"))]
mod none;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "otlp")]
mod parent;

#[cfg(not(feature = "otlp"))]
pub(crate) use self::none::Span;
#[cfg(not(feature = "otlp"))]
pub use self::none::Traces;
#[cfg(feature = "otlp")]
pub(crate) use self::otlp::Span;
#[cfg(feature = "otlp")]
pub use self::otlp::Traces;

/// The unit of [`TraceOptions::sampled_per_million`].
pub const MILLION: u32 = 1_000_000;

/// Where traces go, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// Host and port of a collector that speaks OTLP over gRPC, without TLS.
    pub address: String,
    /// The name that all servers of a kind share.
    pub service_name: String,
    /// The name of this one.
    pub instance_id: Option<String>,
    /// How many of a million calls are traced whose clients do not say whether to: up to [`MILLION`].
    pub sampled_per_million: u32,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            address: "localhost:4317".to_owned(),
            service_name: "auroch".to_owned(),
            instance_id: None,
            sampled_per_million: 0,
        }
    }
}

/// Why no traces can be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// There is no such address.
    #[error("cannot send traces to {address}: {reason}; name a host and a port with --distributed-tracing-address")]
    Address {
        /// What was named.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The program cannot send any.
    #[error(
        "traces need the program's feature otlp, without which it was built; leave out --enable-distributed-tracing"
    )]
    NotBuilt,
}
