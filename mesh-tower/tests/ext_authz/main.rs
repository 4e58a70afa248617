//! Another service is asked whether a request may pass.

mod answers;
mod bodies;
mod failures;
mod grpc;
mod http;

use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use mesh_core::{
    dialect::Setting,
    document::Fault,
    source::Batch,
    table::Viewpoint,
    watch::{Handle, Ledger, channel},
};
use mesh_tower::{Body, BoxError, Caller, ext_authz::ExtAuthzLayer, respond::RespondLayer};
use std::{
    future::Future,
    sync::{Arc, Mutex},
};
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: authz}
spec: {ports: [{name: http, port: 80}, {name: grpc, port: 81}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |-
    extensionProviders:
    - {name: door, ";

/// The table of a workload whose MeshConfig has this provider, in YAML's flow style, by the name of `door`, and which is
/// asked about every request.
fn table(provider: &str) -> Handle {
    asking(provider, &["door"])
}

/// The same, whose policies name these.
fn asking(provider: &str, names: &[&str]) -> Handle {
    let policy = |(number, name): (usize, &&str)| {
        format!(
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: ask-{number}}}\n\
             spec: {{action: CUSTOM, provider: {{name: {name}}}, rules: [{{}}]}}\n"
        )
    };
    let policies: String = names.iter().enumerate().map(policy).collect();
    let text = format!("{SERVICE}{provider}}}\n{policies}");
    let batch = Batch::of("shop.yaml".into(), text.as_bytes(), "shop");
    let (model, status) = Ledger::new(Setting::default()).take(&[Arc::new(batch)]);
    assert!(!status.faults.iter().any(Fault::is_refusal), "{text}: {:?}", status.faults);
    let (mut publisher, handle) = channel(Viewpoint { namespace: "shop".into(), ..Viewpoint::default() });
    publisher.publish(&model);
    handle
}

fn over_http(more: &str) -> Handle {
    table(&format!("envoyExtAuthzHttp: {{service: authz.shop.svc.cluster.local, port: 80{more}}}"))
}

fn by_grpc(more: &str) -> Handle {
    table(&format!("envoyExtAuthzGrpc: {{service: authz.shop.svc.cluster.local, port: 81{more}}}"))
}

/// A message whose body is here.
type Whole<T> = (T, Bytes);

/// The heads and bodies of what somebody was sent.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Whole<::http::request::Parts>>>>);

impl Seen {
    async fn note(&self, request: Request<Body>) {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        self.0.lock().expect("no panic").push((head, body));
    }

    /// The only one that was seen.
    fn only(&self) -> Whole<::http::request::Parts> {
        let mut seen = self.0.lock().expect("no panic");
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    fn is_empty(&self) -> bool {
        self.0.lock().expect("no panic").is_empty()
    }
}

/// A guarded service, the service that guards it, and what both have seen.
struct Guarded {
    service: BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>,
    /// What the authorization service was asked.
    asked: Seen,
    /// What the guarded service got.
    passed: Seen,
}

impl Guarded {
    /// Whoever is asked answers so.
    fn by<F>(handle: Handle, answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        let (asked, passed) = (Seen::default(), Seen::default());
        let door = {
            let asked = asked.clone();
            service_fn(move |request: Request<Body>| {
                let (asked, answer) = (asked.clone(), answer());
                async move {
                    asked.note(request).await;
                    answer.await
                }
            })
        };
        let app = {
            let passed = passed.clone();
            service_fn(move |request: Request<Body>| {
                let passed = passed.clone();
                async move {
                    passed.note(request).await;
                    let response = Response::builder().header("x-app", "1").body(Body::from("the app"));
                    Ok::<_, BoxError>(response.expect("an answer"))
                }
            })
        };
        let layer = ExtAuthzLayer::inbound(handle.clone()).with_caller(Caller::new(handle, door));
        let service = ServiceBuilder::new().layer(RespondLayer::new()).layer(layer).service(app);
        Self { service: BoxCloneSyncService::new(service), asked, passed }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.service.clone().oneshot(request).await.expect("an answer")
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "product").body(Body::empty()).expect("a request")
}

/// An answer of HTTP.
fn answering(
    build: impl Fn(::http::response::Builder) -> ::http::response::Builder + Clone + Send + Sync + 'static,
    body: &'static str,
) -> impl Fn() -> std::future::Ready<Result<Response<Body>, BoxError>> + Clone + Send + Sync + 'static {
    move || std::future::ready(Ok(build(Response::builder()).body(Body::from(body)).expect("an answer")))
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

/// A header that came.
fn header<'a>(headers: &'a ::http::HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().expect("text")
}
