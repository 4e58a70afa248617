//! Requests as they end, and metrics by name.

use crate::{get, member, request, send, with_admin};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use mesh_tower::{Body, mesh::Config, recorder::Recorder};
use serde_json::Value;
use tests::{
    documents::{Documents, service},
    soon,
    upstream::Upstream,
    wire::text,
};

#[tokio::test]
async fn requests_are_told_as_they_end_to_whoever_reads() {
    let upstream = Upstream::serving(async |_| Ok(http::Response::new(Body::empty()))).await;
    let documents = Documents::of(&[&service("product", "http", upstream.address)]);
    let recorder = Recorder::default();
    let (mesh, address) = member(Config { recording: recorder.into(), ..with_admin(&documents) }).await;
    let call = async |path: &str| {
        let reply = soon(mesh.client().get(&format!("http://product{path}"))).await.expect("an answer");
        drop(soon(text(reply)).await);
    };
    call("/before").await;
    let asked = request(address, Method::GET, "/requests").body(Body::empty()).expect("a request");
    let response = send(address, asked).await;
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let mut body = response.into_body();
    // The first line is empty: from then on nothing is missed.
    let first = soon(body.frame()).await.expect("a frame").expect("a good frame");
    assert_eq!(first.into_data().expect("bytes"), "\n");
    call("/1?token=secret").await;
    let told = soon(body.frame()).await.expect("a frame").expect("a good frame").into_data().expect("bytes");
    let told = String::from_utf8(told.to_vec()).expect("text");
    assert_eq!(told.lines().count(), 1, "{told}");
    let request: Value = serde_json::from_str(told.trim()).expect("JSON");
    assert_eq!(
        (&request["path"], &request["method"], &request["status"]),
        (&"/1".into(), &"GET".into(), &200.into())
    );
    assert_eq!((&request["tries"], &request["flags"]), (&1.into(), &"-".into()));
    assert_eq!(request["endpoint"], upstream.address.to_string());
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn metrics_are_rendered_by_name() {
    let recorder = Recorder::default();
    let (_mesh, address) =
        member(Config { recording: recorder.into(), ..with_admin(&Documents::new()) }).await;
    let (status, text) = get(address, "/metrics?name[]=mesh_table_generation&name[]=nobody").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        text.contains("\nmesh_table_generation 1\n") && !text.contains("mesh_documents_refused"),
        "{text}"
    );
    assert!(get(address, "/metrics").await.1.contains("mesh_documents_refused"));
    assert_eq!(get(address, "/metrics?names=a").await.0, StatusCode::BAD_REQUEST);
}
