//! The same at the door of the mesh.

use super::{
    checks::{HTTP, asking, door},
    header,
};
use http::{Request, Response};
use mesh_tower::{Body, Mesh};
use std::future::ready;
use tests::{
    documents::{Documents, routes, service},
    gate,
    mesh::{gateway_config, run_gateway},
    soon,
    upstream::Upstream,
    wire::http1,
};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_gateway_asks_and_counts_before_it_forwards() {
    let door = door().await;
    let product = Upstream::serving(|_| ready(Ok(Response::new(Body::from("a chair"))))).await;
    let rules = "[{route: [{destination: {host: product}}]}]";
    let route = routes("shop.example.com", rules).replace("{hosts:", "{gateways: [door], hosts:");
    let limit = "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {name: x}\n\
                 spec: {selector: {matchLabels: {istio: ingressgateway}}, rules: [{match: [{uri: {prefix: /limited}}], \
                 local: {maxTokens: 1, fillInterval: 3600s}, headers: true}]}\n";
    let documents = Documents::of(&[
        &service("product", "http", product.address),
        &service("door", "http", door.address),
        &asking(HTTP),
        limit,
        &route,
        &gate::door(&[&gate::plain(80)]),
    ]);
    let mesh = Mesh::start(gateway_config(&documents, &[80])).await.expect("documents that are there");
    let (addresses, _) = run_gateway(&mesh).await;
    for (path, word, status) in [
        ("/guarded", "wrong", 401),
        ("/guarded", "sesame", 200),
        ("/limited", "wrong", 200),
        ("/limited", "wrong", 429),
        ("/open", "wrong", 200),
    ] {
        let mut client = http1(TcpStream::connect(addresses[0]).await.expect("an open port")).await;
        let request = Request::get(path).header("host", "shop.example.com").header("authorization", word);
        let request = request.body(Body::empty()).expect("a request");
        let answer = soon(client.send_request(request)).await.expect("an answer");
        assert_eq!(answer.status(), status, "{path} {word}");
        if path == "/limited" {
            assert_eq!(header(answer.headers(), "x-ratelimit-remaining"), "0");
        }
    }
}
