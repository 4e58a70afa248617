//! Collectors that documents name: services of the mesh, called as any other.

use super::{TIMEOUT, data};
use crate::{
    Body, BoxError, Caller, grpc,
    telemetry::spans::span::{Batch, Export, SpanExporter},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, header::CONTENT_TYPE};
use mesh_core::model::{HttpExport, OpenTelemetryTraces, TelemetryProvider, TelemetryProviderKind};
use opentelemetry_proto::{
    tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    transform::trace::tonic::group_spans_by_resource_and_scope,
};
use prost::Message;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Brings spans to a service of the mesh.
#[derive(Clone, Debug)]
struct Collector {
    caller: Caller,
    told: Arc<OpenTelemetryTraces>,
}

/// Whoever brings spans to a provider; `None` when it does not speak OTLP, which is told to whoever reads the log.
pub(in crate::telemetry::spans) fn of_provider(
    provider: &TelemetryProvider,
    caller: &Caller,
) -> Option<SpanExporter> {
    match &provider.kind {
        TelemetryProviderKind::OpenTelemetryTraces(told) => {
            let told = Arc::new(OpenTelemetryTraces::clone(told));
            Some(SpanExporter::new(Collector { caller: caller.clone(), told }))
        }
        _ => {
            tracing::warn!(
                provider = %provider.name,
                "nobody gets spans: collectors are spoken to in OTLP alone (name a provider of the kind opentelemetry)"
            );
            None
        }
    }
}

impl Export for Collector {
    fn export(&self, batch: Batch) -> BoxFuture<'static, Result<(), BoxError>> {
        let Self { caller, told } = self.clone();
        Box::pin(async move {
            let resource = (&data::resource(&batch)).into();
            let resource_spans = group_spans_by_resource_and_scope(data::spans(batch), &resource);
            let message = ExportTraceServiceRequest { resource_spans };
            match &told.http {
                Some(http) => over_http(&caller, &told, http, &message).await,
                None => over_grpc(&caller, &told, &message).await,
            }
        })
    }
}

async fn over_grpc(
    caller: &Caller,
    told: &OpenTelemetryTraces,
    message: &ExportTraceServiceRequest,
) -> Result<(), BoxError> {
    let limit = told.timeout.unwrap_or(TIMEOUT);
    let request = grpc::request(&authority(told), METHOD, message, limit)?;
    let call = async { grpc::message(caller.ask(&told.service, request).await?).await };
    let answer: ExportTraceServiceResponse = within(limit, call).await?;
    refused(&answer)
}

async fn over_http(
    caller: &Caller,
    told: &OpenTelemetryTraces,
    http: &HttpExport,
    message: &ExportTraceServiceRequest,
) -> Result<(), BoxError> {
    let uri = format!("http://{}{}", authority(told), http.path);
    let mut request = Request::post(uri).body(Body::from(Bytes::from(message.encode_to_vec())))?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    for (name, value) in &http.headers {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    let status =
        within(http.timeout, async { Ok(caller.ask(&told.service, request).await?.status()) }).await?;
    if status.is_success() { Ok(()) } else { Err(format!("the collector answers {status}").into()) }
}

async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    timeout(limit, call).await.unwrap_or_else(|_| Err("the collector does not answer in time".into()))
}

/// Why a collector did not take all of them, if it says so.
fn refused(answer: &ExportTraceServiceResponse) -> Result<(), BoxError> {
    match &answer.partial_success {
        Some(partial) if partial.rejected_spans > 0 => {
            let (count, why) = (partial.rejected_spans, &partial.error_message);
            Err(format!("the collector refuses {count} spans: {why}").into())
        }
        _ => Ok(()),
    }
}

fn authority(told: &OpenTelemetryTraces) -> String {
    format!("{}:{}", told.service.host, told.service.port)
}
