//! What `/metrics` says.

use crate::{get, member, request, send, with_admin};
use http::{Method, StatusCode, header};
use mesh_tower::{
    Body,
    mesh::Config,
    recorder::{Format, Recorder},
    telemetry::Recording,
};
use std::sync::Arc;
use tests::{
    documents::{Documents, service},
    soon,
    upstream::Upstream,
    wire::text,
    workloads::Mint,
};

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn the_mesh_measures_itself() {
    let outliers = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: failing}\n\
                    spec: {host: failing, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, baseEjectionTime: 300s, maxEjectionPercent: 100}}}\n";
    let failing = Upstream::serving(async |_| {
        let mut response = http::Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Ok(response)
    })
    .await;
    let documents = Documents::of(&[&service("failing", "http", failing.address), outliers]);
    documents.write(
        "wrong.yaml",
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {mistake: 1}\n",
    );
    let recorder = Recorder::default();
    let (mesh, address) = member(Config { recording: recorder.into(), ..with_admin(&documents) }).await;
    mesh.identity().replace(Mint::default().credentials(&Mint::id("a")));
    let (_, before) = get(address, "/metrics").await;
    assert_eq!(value(&before, "mesh_table_generation"), Some(1.0), "{before}");
    assert_eq!(value(&before, "mesh_documents_refused"), Some(1.0));
    let end = value(&before, "mesh_certificate_expiry_timestamp_seconds").expect("an end");
    assert!(end > 1.7e9, "{end}");
    assert!(
        before.contains("# HELP mesh_table_generation ")
            && before.contains("# TYPE mesh_table_generation gauge")
    );

    assert_eq!(soon(mesh.client().get("http://failing/")).await.expect("an answer").status(), 500);
    let (_, after) = get(address, "/stats/prometheus").await;
    let ejected = "mesh_ejected_endpoints{backend=\"outbound|80||failing.default.svc.cluster.local\"}";
    assert_eq!(value(&after, ejected), Some(1.0), "{after}");
    let published = "mesh_table_published_timestamp_seconds";
    soon(async {
        while value(&get(address, "/metrics").await.1, published).is_none_or(|time| time < 1.7e9) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn requests_are_measured_and_rendered_as_asked() {
    let upstream = Upstream::serving(async |_| Ok(http::Response::new(Body::empty()))).await;
    let documents = Documents::of(&[&service("product", "http", upstream.address)]);
    let recorder = Recorder::default();
    let (mesh, address) = member(Config { recording: recorder.into(), ..with_admin(&documents) }).await;
    let reply = soon(mesh.client().get("http://product/")).await.expect("an answer");
    drop(soon(text(reply)).await);
    let open =
        request(address, Method::GET, "/metrics").header(header::ACCEPT, "application/openmetrics-text");
    let response = send(address, open.body(Body::empty()).expect("a request")).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], Format::OpenMetrics.content_type());
    let open = soon(text(response)).await;
    assert!(
        open.contains("# TYPE istio_requests counter\nistio_requests_total{") && open.ends_with("# EOF\n"),
        "{open}"
    );
}

#[tokio::test]
async fn where_somebody_else_measures_it_is_said() {
    let recording = Recording::to(Arc::new(metrics_util::debugging::DebuggingRecorder::new()));
    let (_mesh, address) = member(Config { recording, ..with_admin(&Documents::new()) }).await;
    let (status, why) = get(address, "/metrics").await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(why.contains("Recorder::install"), "{why}");
}

#[tokio::test]
async fn without_any_recorder_one_is_installed() {
    let (_mesh, address) = member(with_admin(&Documents::new())).await;
    assert!(Recorder::installed().is_some());
    let (status, text) = get(address, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(value(&text, "mesh_table_generation").is_some(), "{text}");
}
