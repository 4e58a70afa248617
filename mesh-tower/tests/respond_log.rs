//! The line about a refusal. In a process of its own: what other tests log decides what tracing caches.

use http::{Request, Response};
use mesh_tower::{Body, BoxError, Error, Kind, respond::RespondLayer};
use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

#[tokio::test]
async fn a_refusal_is_logged_once_and_a_response_never() {
    let lines = Arc::new(AtomicU32::new(0));
    let _guard = tracing::subscriber::set_default(Lines(Arc::clone(&lines)));
    let sound = service_fn(|_| ready(Ok::<_, BoxError>(Response::new(Body::empty()))));
    RespondLayer::new().layer(sound).oneshot(Request::<Body>::default()).await.unwrap();
    assert_eq!(lines.load(Ordering::Relaxed), 0);
    let refusing = service_fn(|_| ready(Err::<Response<Body>, _>(Error::new(Kind::NoRoute))));
    RespondLayer::new().layer(refusing).oneshot(Request::<Body>::default()).await.unwrap();
    assert_eq!(lines.load(Ordering::Relaxed), 1);
}

/// Counts what is logged.
struct Lines(Arc<AtomicU32>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mesh_tower")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
