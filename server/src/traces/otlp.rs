use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span as SdkSpan};
use tonic::Code;

use super::parent::parent_of;
use super::{MILLION, TraceError, TraceOptions};

/// How long the last spans may take on their way when the server ends.
const FLUSH_GRACE: Duration = Duration::from_secs(1);

/// Sends spans to a collector, in batches from a thread of its own. What does not fit its queue is dropped: calls never wait
/// for the collector.
#[derive(Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Begins to send. To be called within a runtime; whether there is a collector is seen later.
    ///
    /// # Errors
    /// [`TraceError::Address`] if there cannot be such an address.
    pub fn export(options: &TraceOptions) -> Result<Self, TraceError> {
        let exporter =
            SpanExporter::builder().with_tonic().with_endpoint(format!("http://{}", options.address)).build();
        let exporter = exporter
            .map_err(|error| TraceError::Address { address: options.address.clone(), reason: error.to_string() })?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource(options))
            .with_sampler(Sampler::ParentBased(Box::new(sampler(options.sampled_per_million))))
            .build();
        let tracer = provider.tracer("auroch");
        Ok(Self { provider, tracer })
    }

    /// Begins the span of a call of `service`, such as `etcdserverpb.KV`, and its `method`. `None` if it is not to be traced.
    pub(crate) fn begin(&self, service: &'static str, method: &'static str, headers: &HeaderMap) -> Option<Span> {
        let span = self.tracer.span_builder(format!("{service}/{method}")).with_kind(SpanKind::Server);
        let mut span = span.start_with_context(&self.tracer, &parent_of(headers));
        if !span.is_recording() {
            return None;
        }
        span.set_attribute(KeyValue::new("rpc.system", "grpc"));
        span.set_attribute(KeyValue::new("rpc.service", service));
        span.set_attribute(KeyValue::new("rpc.method", method));
        Some(Span(Box::new(span)))
    }

    /// Sends what is left, for a second at most.
    pub async fn shutdown(self) {
        let flushed = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FLUSH_GRACE)).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}

fn resource(options: &TraceOptions) -> Resource {
    let id = options.instance_id.iter().map(|id| KeyValue::new("service.instance.id", id.clone()));
    Resource::builder_empty().with_service_name(options.service_name.clone()).with_attributes(id).build()
}

fn sampler(per_million: u32) -> Sampler {
    match per_million {
        0 => Sampler::AlwaysOff,
        _ => Sampler::TraceIdRatioBased(f64::from(per_million) / f64::from(MILLION)),
    }
}

/// The time of a call.
#[derive(Debug)]
pub(crate) struct Span(Box<SdkSpan>);

impl Span {
    /// The call is answered. The status' message is left out: it may quote what the client sent.
    pub(crate) fn end(mut self, code: Code) {
        self.0.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(code as i32)));
        if is_the_servers(code) {
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

/// Whether a code says that the server is at fault. Source: OpenTelemetry's conventions for gRPC.
fn is_the_servers(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
