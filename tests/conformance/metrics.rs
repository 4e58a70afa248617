//! Istio's standard metrics, at both ends of requests between members of a mesh.

use axum::{Router, extract::MatchedPath, routing::get};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mesh_core::model::Labels;
use mesh_tower::{
    Body, BoxError, Mesh,
    mesh::{Config, IdentitySource},
    recorder::{Format, Recorder},
    telemetry::{OperationLayer, Recording},
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use std::{collections::BTreeMap, future::pending, sync::Arc, time::Duration};
use tests::{
    documents::{Documents, service},
    exposition::{Sample, until},
    mesh::{config, serve},
    soon,
    upstream::listener,
    wire::text,
    workloads::Mint,
};
use tower::service_fn;

/// Labels and what they mean.
type Labelled = BTreeMap<String, String>;

/// A member of the mesh, and what it measures.
pub(super) struct Member {
    pub(super) mesh: Mesh,
    measured: Snapshotter,
}

impl Member {
    async fn join(documents: &Documents, mint: &Mint, name: &str) -> Self {
        let recorder = DebuggingRecorder::new();
        let measured = recorder.snapshotter();
        let labels =
            Labels::from([("app", name), ("version", "v1")].map(|(key, value)| (key.into(), value.into())));
        let recording = Recording::to(Arc::new(recorder));
        let identity = IdentitySource::None;
        let config = Config { service: name.into(), labels, recording, identity, ..config(documents) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        mesh.identity().replace(mint.credentials(&Mint::id(name)));
        Self { mesh, measured }
    }

    /// All samples once a request was counted, by metric; the recorder forgets them then. Waits until it is, since the end of
    /// an answer is seen at one end before the other.
    pub(super) async fn samples(&self) -> Vec<(String, Labelled, DebugValue)> {
        soon(async {
            loop {
                let mut samples = Vec::new();
                for (key, _, _, value) in self.measured.snapshot().into_vec() {
                    let labels = key.key().labels();
                    let labels =
                        labels.map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
                    samples.push((key.key().name().to_owned(), labels, value));
                }
                let is_one = |(name, _, value): &(String, Labelled, DebugValue)| {
                    name == "istio_requests_total" && *value == DebugValue::Counter(1)
                };
                if samples.iter().any(is_one) {
                    return samples;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }

    /// The labels of the one request that was counted.
    async fn request(&self) -> Labelled {
        let mut counted = self.samples().await;
        counted.retain(|(name, _, value)| name == "istio_requests_total" && *value != DebugValue::Counter(0));
        let [(_, labels, DebugValue::Counter(1))] = &*counted else { panic!("one request: {counted:?}") };
        labels.clone()
    }
}

/// A caller, and `product`, which it calls over mutual TLS.
pub(super) struct Pair {
    pub(super) caller: Member,
    pub(super) product: Member,
    _documents: Documents,
}

impl Pair {
    async fn new() -> Self {
        Self::speaking("http").await
    }

    /// `product` speaks what this name of its port says.
    async fn speaking(port_name: &str) -> Self {
        Self::with(port_name, &[]).await
    }

    /// The same, and more is written.
    pub(super) async fn with(port_name: &str, more: &[&str]) -> Self {
        let (listener, address) = listener().await;
        let demand = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default}\n\
                      spec: {mtls: {mode: STRICT}}\n";
        let secured = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: product}\n\
                       spec: {host: product, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}\n";
        let documents =
            Documents::of(&[&[&*service("product", port_name, address), demand, secured], more].concat());
        let mint = Mint::default();
        let caller = Member::join(&documents, &mint, "caller").await;
        let product = Member::join(&documents, &mint, "product").await;
        serve(&product.mesh, listener, service_fn(answer));
        Self { caller, product, _documents: documents }
    }

    async fn get(&self, url: &str) -> Response<Body> {
        soon(self.caller.mesh.client().get(url)).await.expect("an answer")
    }
}

/// Tells which headers of a peer's came; for a gRPC call, two messages and a code.
async fn answer(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    if request.uri().path() == "/never" {
        return pending().await;
    }
    if request.uri().path() == "/shop.Product/Get" {
        request.into_body().collect().await?;
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("5"));
        let message = |text: &'static [u8]| Ok::<_, BoxError>(Frame::data(Bytes::from_static(text)));
        let frames = [message(b"\0\0\0\0\x01a\0\0\0"), message(b"\0\x02bc"), Ok(Frame::trailers(trailers))];
        let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        return Ok(Response::builder().header("content-type", "application/grpc").body(body)?);
    }
    let names = request.headers().keys().filter(|name| name.as_str().starts_with("x-envoy-peer"));
    let names: Vec<_> = names.map(ToString::to_string).collect();
    Ok(Response::new(names.join(" ").into()))
}

/// What Istio says of a request that `caller` sent to `product`, where one end says something else than the other: first
/// what the caller says.
fn expected(differences: &[(&str, &str)]) -> Labelled {
    let common = [
        ("source_workload", "caller-v1"),
        ("source_canonical_service", "caller"),
        ("source_canonical_revision", "v1"),
        ("source_workload_namespace", "default"),
        ("source_principal", "spiffe://cluster.local/ns/default/sa/caller"),
        ("source_app", "caller"),
        ("source_version", "v1"),
        ("source_cluster", "Kubernetes"),
        ("destination_workload", "product-v1"),
        ("destination_workload_namespace", "default"),
        ("destination_principal", "spiffe://cluster.local/ns/default/sa/product"),
        ("destination_app", "product"),
        ("destination_version", "v1"),
        ("destination_service", "product.default.svc.cluster.local"),
        ("destination_canonical_service", "product"),
        ("destination_canonical_revision", "v1"),
        ("destination_service_name", "product"),
        ("destination_service_namespace", "default"),
        ("destination_cluster", "Kubernetes"),
        ("request_protocol", "http"),
        ("response_code", "200"),
        ("grpc_response_status", ""),
        ("response_flags", "-"),
    ];
    let all = common.iter().chain(differences);
    all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Statement 18: one request is one at each end, with the labels of both; and no application sees how they know.
#[tokio::test]
async fn a_request_is_counted_at_both_ends_with_the_names_of_both() {
    let pair = Pair::new().await;
    let response = pair.get("http://product/x").await;
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("x-envoy-peer")));
    assert_eq!(text(response).await, "");
    let at_source = [("reporter", "source"), ("connection_security_policy", "unknown")];
    assert_eq!(pair.caller.request().await, expected(&at_source));
    let at_destination = [("reporter", "destination"), ("connection_security_policy", "mutual_tls")];
    assert_eq!(pair.product.request().await, expected(&at_destination));
}

/// Statement 18: so are its time and its size.
#[tokio::test]
async fn a_request_has_a_time_and_a_size() {
    let pair = Pair::new().await;
    text(pair.get("http://product/x").await).await;
    let samples = pair.caller.samples().await;
    for name in ["istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes"] {
        let values: Vec<_> = samples.iter().filter(|(metric, ..)| metric == name).collect();
        let [(_, labels, DebugValue::Histogram(values))] = &*values else { panic!("{name}: {values:?}") };
        assert_eq!(labels["reporter"], "source");
        assert!(values.len() == 1 && *values[0] > 0.0, "{name}: {values:?}");
    }
}

#[tokio::test]
async fn what_the_mesh_answers_itself_says_why() {
    let pair = Pair::new().await;
    let refused = text(pair.get("http://product:81/x").await).await;
    let labels = pair.caller.request().await;
    // Nobody serves that port, so the request goes where its address says, and nobody has that name.
    assert_eq!((&*labels["response_code"], &*labels["response_flags"]), ("503", "DF"), "{refused}");
    assert_eq!(labels["destination_service_name"], "PassthroughCluster");
    assert_eq!(labels["destination_service"], "product:81");
    assert_eq!(labels["destination_workload"], "unknown");
}

#[tokio::test]
async fn a_caller_that_goes_away_gets_no_answer() {
    let pair = Pair::new().await;
    let client = pair.caller.mesh.client();
    let waiting = client.get("http://product/never");
    tokio::time::timeout(Duration::from_millis(200), waiting).await.expect_err("nobody answers");
    for end in [&pair.caller, &pair.product] {
        let labels = end.request().await;
        assert_eq!((&*labels["response_code"], &*labels["response_flags"]), ("0", "DC"));
    }
}

#[tokio::test]
async fn a_call_of_grpc_has_a_code_of_its_own_and_messages() {
    let pair = Pair::speaking("grpc").await;
    let request = Request::post("http://product/shop.Product/Get").header("content-type", "application/grpc");
    let request = request.body(Body::from(Bytes::from_static(b"\0\0\0\0\x03abc"))).expect("a request");
    let response = soon(pair.caller.mesh.client().request(request)).await.expect("an answer");
    response.into_body().collect().await.expect("a whole answer");
    for end in [&pair.caller, &pair.product] {
        let samples = end.samples().await;
        let sample = |name| samples.iter().find(|(metric, ..)| metric == name).expect("a sample");
        let (_, labels, _) = sample("istio_requests_total");
        assert_eq!((&*labels["request_protocol"], &*labels["grpc_response_status"]), ("grpc", "5"));
        let counts =
            ["istio_request_messages_total", "istio_response_messages_total"].map(|name| &sample(name).2);
        assert_eq!(counts, [&DebugValue::Counter(1), &DebugValue::Counter(2)]);
    }
}

#[tokio::test]
async fn a_request_of_a_sampled_trace_is_an_exemplar_at_both_ends() {
    let recorders = [Recorder::default(), Recorder::default()];
    let (listener, address) = listener().await;
    let documents = Documents::of(&[&service("product", "http", address)]);
    let mut members = Vec::new();
    for (name, recorder) in ["caller", "product"].into_iter().zip(&recorders) {
        let config =
            Config { service: name.into(), recording: recorder.clone().into(), ..config(&documents) };
        members.push(Mesh::start(config).await.expect("documents that are there"));
    }
    serve(&members[1], listener, service_fn(answer));
    let ids = ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"];
    for (id, flags) in ids.into_iter().zip(["01", "00"]) {
        let request = Request::get("http://product/x")
            .header("traceparent", format!("00-{id}-00f067aa0ba902b7-{flags}"));
        let request = request.body(Body::empty()).expect("a request");
        text(soon(members[0].client().request(request)).await.expect("an answer")).await;
    }
    for recorder in &recorders {
        until(recorder, "istio_requests_total", |samples| {
            samples.iter().map(|sample| sample.value).sum::<f64>() == 2.0
        })
        .await;
        let rendered = recorder.render(Format::OpenMetrics);
        let exemplars: Vec<_> = rendered.lines().filter(|line| line.contains(" # {")).collect();
        let [exemplar] = &*exemplars else { panic!("one exemplar: {exemplars:#?}") };
        assert!(exemplar.starts_with("istio_request_duration_milliseconds_bucket{"), "{exemplar}");
        assert!(exemplar.contains(&format!("trace_id=\"{}\"", ids[0])), "{exemplar}");
        assert!(!recorder.render(Format::Prometheus).contains(" # {"), "the older format has none");
    }
}

#[tokio::test]
async fn an_operation_is_told_where_that_is_asked_for_and_there_is_an_end_to_them() {
    let (listener, address) = listener().await;
    let documents = Documents::of(&[&service("product", "http", address)]);
    let recorder = Recorder::default();
    let told = Config {
        recording: recorder.clone().into(),
        operations: 2,
        service: "product".into(),
        ..config(&documents)
    };
    let product = Mesh::start(told).await.expect("documents that are there");
    let caller = Mesh::start(config(&documents)).await.expect("documents that are there");
    let pattern = OperationLayer::new(|found| found.get::<MatchedPath>().map(MatchedPath::as_str));
    let app = ["/product/{id}", "/review/{id}", "/more/{id}"];
    let app = app.into_iter().fold(Router::new(), |app, path| app.route(path, get(async || "here")));
    serve(&product, listener, app.route_layer(pattern));
    for path in ["product/1", "product/2", "nowhere/1", "review/1", "more/1"] {
        text(soon(caller.client().get(&format!("http://product/{path}"))).await.expect("an answer")).await;
    }
    let all = |samples: &[Sample]| samples.iter().map(|sample| sample.value).sum::<f64>() == 5.0;
    let samples = until(&recorder, "istio_requests_total", all).await;
    let mut counts: Vec<_> = samples.iter().map(|sample| (sample.label("operation"), sample.value)).collect();
    counts.sort_by(|one, other| one.0.cmp(other.0));
    let expected = [("GET /product/{id}", 2.0), ("GET /review/{id}", 1.0), ("other", 1.0), ("unknown", 1.0)];
    assert_eq!(counts, expected);
}
