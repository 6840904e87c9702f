//! Spans of calls, as a collector gets them.

use std::net::SocketAddr;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::{PutRequest, RangeRequest};
use server::{MILLION, ServerOptions, TraceOptions, Traces};
use storage_core::StoreOptions;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Response, Status};

use crate::common::TestServer;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Keeps what it is sent.
struct Collector(mpsc::Sender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.send(request.into_inner()).await.unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A server that sends its spans to a collector.
struct Traced {
    client: KvClient<Channel>,
    traces: Traces,
    collected: mpsc::Receiver<ExportTraceServiceRequest>,
    _server: TestServer,
}

impl Traced {
    async fn start(sampled_per_million: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (traces, server) = serve(listener.local_addr().unwrap(), sampled_per_million).await;
        let (sender, collected) = mpsc::channel(16);
        let collector = Server::builder().add_service(TraceServiceServer::new(Collector(sender)));
        tokio::spawn(collector.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { client: KvClient::new(server.channel().await), traces, collected, _server: server }
    }

    async fn put(&mut self, traceparent: Option<String>) {
        let put = PutRequest { key: "secret-key".into(), value: "secret-value".into(), ..Default::default() };
        let mut request = Request::new(put);
        if let Some(traceparent) = traceparent {
            request.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
        }
        self.client.put(request).await.unwrap();
    }

    /// All that was sent until the end.
    async fn collected(mut self) -> Vec<ExportTraceServiceRequest> {
        self.traces.shutdown().await;
        let mut collected = Vec::new();
        while let Ok(request) = self.collected.try_recv() {
            collected.push(request);
        }
        collected
    }
}

async fn serve(collector: SocketAddr, sampled_per_million: u32) -> (Traces, TestServer) {
    let options = TraceOptions { address: collector.to_string(), sampled_per_million, ..TraceOptions::default() };
    let traces = Traces::export(&options).unwrap();
    let options = ServerOptions { traces: Some(traces.clone()), ..ServerOptions::default() };
    (traces, TestServer::with(options, StoreOptions::default()).await)
}

fn spans(collected: &[ExportTraceServiceRequest]) -> Vec<&Span> {
    let scopes = collected.iter().flat_map(|request| &request.resource_spans).flat_map(|spans| &spans.scope_spans);
    scopes.flat_map(|scope| &scope.spans).collect()
}

fn code(span: &Span) -> Option<i64> {
    let code = span.attributes.iter().find(|attribute| attribute.key == "rpc.grpc.status_code")?;
    match code.value.as_ref()?.value.as_ref()? {
        Value::IntValue(code) => Some(*code),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_has_a_span_with_its_method_and_code_but_no_key_or_value() {
    let mut traced = Traced::start(MILLION).await;
    traced.put(None).await;
    let range = RangeRequest { key: "secret-key".into(), revision: 99, ..Default::default() };
    traced.client.range(range).await.unwrap_err();

    let collected = traced.collected().await;
    let mut calls: Vec<_> = spans(&collected).into_iter().map(|span| (span.name.as_str(), code(span))).collect();
    calls.sort_unstable();
    let out_of_range = Some(i64::from(Code::OutOfRange as i32));
    assert_eq!(calls, [("etcdserverpb.KV/Put", Some(0)), ("etcdserverpb.KV/Range", out_of_range)]);
    for span in spans(&collected) {
        assert!(span.start_time_unix_nano > 0 && span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    let sent = collected.iter().flat_map(ExportTraceServiceRequest::encode_to_vec).collect::<Vec<u8>>();
    assert!(!sent.windows(6).any(|window| window == b"secret"));
    assert!(sent.windows(12).any(|window| window == b"service.name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_traces_has_its_calls_in_its_own_trace() {
    let mut traced = Traced::start(0).await;
    traced.put(None).await;
    traced.put(Some(format!("00-{TRACE}-{PARENT}-01"))).await;
    traced.put(Some("nonsense".to_owned())).await;

    let collected = traced.collected().await;
    let spans = spans(&collected);
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!((hex(&spans[0].trace_id), hex(&spans[0].parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_say_that_its_call_is_not_traced() {
    let mut traced = Traced::start(MILLION).await;
    traced.put(Some(format!("00-{TRACE}-{PARENT}-00"))).await;
    assert_eq!(traced.collected().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_the_end_do_not_wait_for_a_collector_that_is_not_there() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (traces, server) = serve(nowhere, MILLION).await;
    server.client().await.put("k", "v", None).await.unwrap();
    traces.shutdown().await;
    server.client().await.put("k", "v", None).await.unwrap();
}
