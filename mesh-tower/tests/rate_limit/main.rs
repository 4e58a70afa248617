//! A service gets no more requests than it takes.

mod global;
mod local;
mod reload;

use http::{Request, Response};
use mesh_core::{
    dialect::Setting,
    document::Fault,
    model::Model,
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, Publisher, channel},
};
use mesh_tower::{Body, BoxError, rate_limit::RateLimitLayer, respond::RespondLayer};
use std::sync::Arc;
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

/// A workload of namespace `shop`, and what publishes its documents.
fn workload() -> (Publisher, Handle) {
    channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() })
}

/// What documents mean, of which nothing is wrong.
fn model(documents: &[&str]) -> Model {
    let batch = Batch::of("shop.yaml".into(), documents.join("---\n").as_bytes(), "shop");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(!status.faults.iter().any(Fault::is_refusal), "{documents:?}: {:?}", status.faults);
    model
}

/// A RateLimit with these rules.
fn limit(rules: &str) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: x}}\nspec: {{rules: [{rules}]}}\n"
    )
}

/// A service behind a layer, whose refusals are answers; it answers with the headers that it was asked with.
fn behind(layer: RateLimitLayer) -> BoxCloneSyncService<Request<Body>, Response<Body>, BoxError> {
    let echo = service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = request.headers().clone();
        Ok::<_, BoxError>(response)
    });
    BoxCloneSyncService::new(ServiceBuilder::new().layer(RespondLayer::new()).layer(layer).service(echo))
}

/// The workload that keeps these rules.
fn keeping(rules: &str) -> BoxCloneSyncService<Request<Body>, Response<Body>, BoxError> {
    let (mut publisher, handle) = workload();
    publisher.publish(&model(&[&limit(rules)]));
    behind(RateLimitLayer::inbound(handle))
}

async fn status(
    service: &BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>,
    request: http::request::Builder,
) -> u16 {
    answer(service, request).await.status().as_u16()
}

async fn answer(
    service: &BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>,
    request: http::request::Builder,
) -> Response<Body> {
    let request = request.body(Body::empty()).expect("a request");
    service.clone().oneshot(request).await.expect("an answer")
}

/// A header that came.
fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().expect("text")
}
