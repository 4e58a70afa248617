//! The application's own spans, made with `tracing-opentelemetry`.

use super::{
    chain::{Chain, Protocol, traced},
    collector::Collector,
};
use opentelemetry::trace::TracerProvider;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use std::sync::{Arc, Mutex};
use tracing::Instrument;
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

/// The application's spans, where it keeps them itself.
#[derive(Clone, Debug, Default)]
struct Own(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Own {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().expect("a test that works").extend(batch);
        Ok(())
    }
}

/// Whatever is done on this thread from now on has its spans there.
fn follow() -> (Own, tracing::subscriber::DefaultGuard) {
    let own = Own::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(own.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("application"));
    // HTTP/2 has spans of its own below that.
    let layer = layer.with_filter(LevelFilter::INFO);
    (own, tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)))
}

/// A chain whose `a` calls `b` within a span of its own.
async fn chain(share: u32) -> (Collector, Chain) {
    let collector = Collector::new().await;
    let documents = traced(collector.address, Protocol::Grpc, share, "");
    let work = |client: mesh_tower::Client, _| {
        async move {
            tokio::task::yield_now().await;
            client.get("http://b/").await
        }
        .instrument(tracing::info_span!("work"))
    };
    (collector, Chain::new(&documents, work).await)
}

#[tokio::test]
async fn a_span_of_the_applications_own_stands_between_that_at_its_door_and_that_of_its_call() {
    let (own, _following) = follow();
    let (collector, chain) = chain(100).await;
    chain.seen(&[]).await;
    let spans = collector.spans(5).await;
    let own = own.0.lock().expect("a test that works").clone();
    let [work] = &*own else { panic!("one span: {own:#?}") };
    assert_eq!(work.name, "work");
    assert_eq!(work.span_context.trace_id().to_string(), spans[2].trace);
    assert_eq!(work.parent_span_id.to_string(), spans[2].id, "what came in caused the work");
    assert_eq!(spans[3].parent, work.span_context.span_id().to_string(), "the work caused the call");
    assert_eq!((spans[2].kind, spans[3].kind), (SpanKind::Server, SpanKind::Client));
}

#[tokio::test]
async fn what_is_not_traced_is_not_traced_by_the_application_either() {
    let (own, _following) = follow();
    let (collector, chain) = chain(0).await;
    chain.seen(&[]).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert!(own.0.lock().expect("a test that works").is_empty());
    assert!(collector.so_far().is_empty());
}
