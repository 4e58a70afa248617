//! A collector of OTLP, over gRPC and HTTP.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use mesh_tower::{Body, BoxError};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::any_value::Value,
    trace::v1::{ResourceSpans, Span as Received, span::SpanKind, status::StatusCode},
};
use prost::Message;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{soon, upstream::Upstream};

/// A span as the collector has it.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Whose it is.
    pub(crate) service: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty of the first of a trace.
    pub(crate) parent: String,
    pub(crate) kind: SpanKind,
    pub(crate) name: String,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) is_error: bool,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A collector. Dropping it closes it.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    _server: Upstream,
}

impl Collector {
    pub(crate) async fn new() -> Self {
        let spans: Arc<Mutex<Vec<Span>>> = Arc::default();
        let kept = Arc::clone(&spans);
        let server = Upstream::serving(move |request| take(Arc::clone(&kept), request)).await;
        Self { address: server.address, spans, _server: server }
    }

    /// What has come so far.
    pub(crate) fn so_far(&self) -> Vec<Span> {
        self.spans.lock().expect("a collector that works").clone()
    }

    /// So many spans, in the order in which they began, once they have come; and no more than these.
    pub(crate) async fn spans(&self, count: usize) -> Vec<Span> {
        let mut spans = soon(async {
            loop {
                let spans = self.so_far();
                if spans.len() >= count {
                    return spans;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        assert_eq!(spans.len(), count, "{spans:#?}");
        spans.sort_by_key(|span| span.began);
        spans
    }
}

async fn take(spans: Arc<Mutex<Vec<Span>>>, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let is_grpc = head.headers.get("content-type").is_some_and(|kind| kind == "application/grpc");
    let path =
        if is_grpc { "/opentelemetry.proto.collector.trace.v1.TraceService/Export" } else { "/v1/traces" };
    assert_eq!(head.uri.path(), path);
    // Before a message of gRPC are five bytes.
    let message = if is_grpc { body.slice(5..) } else { body };
    let message = ExportTraceServiceRequest::decode(message)?;
    spans.lock().expect("a collector that works").extend(message.resource_spans.into_iter().flat_map(read));
    Ok(if is_grpc { grpc_answer() } else { Response::new(Body::empty()) })
}

fn grpc_answer() -> Response<Body> {
    let message = ExportTraceServiceResponse::default().encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let frame = [&[0][..], &length, &message].concat();
    let trailers =
        HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static("0"))]);
    let body = Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(trailers))));
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(Body::new(body)).expect("an answer")
}

fn read(of: ResourceSpans) -> Vec<Span> {
    let resource = of.resource.expect("somebody whose spans they are");
    let service = tags(resource.attributes)["service.name"].clone();
    let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans.map(|span| span_of(&service, span)).collect()
}

fn span_of(service: &str, span: Received) -> Span {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Span {
        service: service.to_owned(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        kind: span.kind(),
        began: span.start_time_unix_nano,
        ended: span.end_time_unix_nano,
        is_error: span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error),
        name: span.name,
        tags: tags(span.attributes),
    }
}

fn tags(attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        other => panic!("a text: {other:?}"),
    };
    attributes.into_iter().map(|tag| (tag.key, text(tag.value.and_then(|value| value.value)))).collect()
}
