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

#[tokio::test]
async fn what_goes_to_a_backend_is_measured() {
    let limits = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: product}\n\
                  spec: {host: product, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}}\n\
                  ---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: failing}\n\
                  spec: {hosts: [failing], http: [{route: [{destination: {host: failing}}], retries: \
                  {attempts: 2, retryOn: '503'}}]}\n";
    let (asked, waits) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let held = (Arc::clone(&asked), Arc::clone(&waits));
    let upstream = Upstream::serving(move |_| {
        let (asked, waits) = held.clone();
        async move {
            asked.notify_one();
            waits.notified().await;
            Ok(http::Response::new(Body::empty()))
        }
    })
    .await;
    let failing = Upstream::serving(async |_| {
        let mut response = http::Response::new(Body::empty());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        Ok(response)
    })
    .await;
    let [product, failing] = [("product", upstream.address), ("failing", failing.address)]
        .map(|(name, address)| service(name, "http", address));
    let documents = Documents::of(&[&product, &failing, limits]);
    let recording = Recorder::default().into();
    let (mesh, address) = member(Config { recording, ..with_admin(&documents) }).await;
    let measured = |text: String, name: &str, service: &str| {
        value(&text, &format!("{name}{{backend=\"outbound|80||{service}.default.svc.cluster.local\"}}"))
    };

    let (client, other) = (mesh.client(), mesh.client());
    let under_way = tokio::spawn(async move { client.get("http://product/").await });
    soon(asked.notified()).await;
    let (_, now) = get(address, "/metrics").await;
    for (name, count) in [("mesh_open_connections", Some(1.0)), ("mesh_active_requests", Some(1.0))] {
        assert_eq!(measured(now.clone(), name, "product"), count, "{name}\n{now}");
    }
    // Said from the moment on at which somebody waited while it was measured.
    assert_eq!(
        measured(now, "mesh_pending_requests", "product").unwrap_or_default().to_bits(),
        0.0_f64.to_bits()
    );
    // There is room for one, and a second one is refused.
    assert_eq!(soon(other.get("http://product/")).await.expect("an answer").status(), 503);
    waits.notify_one();
    let answer = soon(under_way).await.expect("a task").expect("an answer");
    drop(soon(text(answer)).await);
    assert_eq!(soon(mesh.client().get("http://failing/")).await.expect("an answer").status(), 503);
    let (_, after) = get(address, "/metrics").await;
    for (name, service, count) in [
        ("mesh_active_requests", "product", Some(0.0)),
        ("mesh_overflows_total", "product", Some(1.0)),
        ("mesh_retries_total", "product", Some(0.0)),
        ("mesh_retries_total", "failing", Some(2.0)),
        ("mesh_overflows_total", "failing", Some(0.0)),
    ] {
        assert_eq!(measured(after.clone(), name, service), count, "{name} {service}\n{after}");
    }
}

#[tokio::test]
async fn the_age_of_keys_is_measured() {
    let issuer = Upstream::serving(async |_| {
        let key = "{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}";
        Ok(http::Response::new(Body::from(key)))
    })
    .await;
    let tokens = format!(
        "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {{name: tokens}}\n\
         spec: {{jwtRules: [{{issuer: me, jwksUri: 'http://{}/keys?key=x'}}]}}\n",
        issuer.address
    );
    let documents = Documents::of(&[&tokens]);
    let recording = Recorder::default().into();
    let (mesh, admin) = member(Config { recording, ..with_admin(&documents) }).await;
    let series = format!("mesh_jwks_age_seconds{{address=\"http://{}/keys\"}}", issuer.address);
    assert_eq!(value(&get(admin, "/metrics").await.1, &series), None);
    let (listener, address) = tests::upstream::listener().await;
    tests::mesh::serve(
        &mesh,
        listener,
        tower::service_fn(async |_| Ok::<_, mesh_tower::BoxError>(http::Response::new(Body::empty()))),
    );
    // Of an issuer that is known, and by no key of its.
    let token = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJtZSJ9.AAAA";
    let ask = request(address, Method::GET, "/").header("authorization", token);
    assert_eq!(send(address, ask.body(Body::empty()).expect("a request")).await.status(), 401);
    let (_, now) = get(admin, "/metrics").await;
    let age = value(&now, &series).expect("an age");
    assert!((0.0..60.0).contains(&age), "{now}");
}
