//! Who comes in at a workload's door.

use http::{Request, Response, StatusCode};
use mesh_tower::{Arrival, Body, BoxError, Untouched};
use std::net::SocketAddr;
use tests::{
    documents::Documents,
    mesh::join,
    peers::{Client, Root, VERSIONS, id},
    soon,
    upstream::listener,
    wire::{self, text},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::service_fn;

/// What an application's own TLS says first in these tests, instead of speaking TLS.
const OWN: &[u8; 3] = b"own";

async fn answer(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let arrival = request.extensions().get::<Arrival>().ok_or("no arrival")?;
    let id = arrival.identity().map_or("nobody", |identity| identity.id.as_str());
    Ok(Response::new(id.to_owned().into()))
}

/// A workload without any document about it, whose application takes TLS of its own.
async fn permissive() -> (SocketAddr, Root, Documents) {
    let documents = Documents::new();
    let (mesh, root) = (join(&documents).await, Root::default());
    mesh.identity().replace(root.credentials("product"));
    let (listener, address) = listener().await;
    let pass = |mut stream: Untouched, _: Arrival| async move { stream.write_all(OWN).await };
    tokio::spawn(mesh.serve_and_pass(listener, service_fn(answer), pass));
    (address, root, documents)
}

#[tokio::test]
async fn line_22_a_permissive_port_answers_plain_text_and_the_meshs_tls_and_passes_other_tls_on() {
    let (address, root, _documents) = permissive().await;
    let request = || Request::get("/").header("host", "product").body(Body::empty()).expect("a request");

    let plain = TcpStream::connect(address).await.expect("an open port");
    let response = soon(wire::http1(plain).await.send_request(request())).await.expect("an answer");
    assert_eq!((response.status(), &*soon(text(response)).await), (StatusCode::OK, "nobody"));

    let client = root.member("review").client(&["istio-http/1.1", "istio", "http/1.1"], VERSIONS);
    let secured = soon(client.connect(address, "product")).await.expect("a handshake");
    let response = soon(wire::http1(secured).await.send_request(request())).await.expect("an answer");
    assert_eq!((response.status(), &*soon(text(response)).await), (StatusCode::OK, &*id("review")));

    let other = Client::stranger(&["h2"]);
    let shaking = tokio::spawn(async move { other.connect(address, "product").await });
    // What the application says is no TLS, and the client complains about exactly that.
    let error = soon(shaking).await.expect("a client").expect_err("no handshake");
    assert!(error.to_string().contains("corrupt"), "{error}");
    let mut raw = TcpStream::connect(address).await.expect("an open port");
    raw.write_all(&hello()).await.expect("an open connection");
    let mut said = [0; 3];
    soon(raw.read_exact(&mut said)).await.expect("what the application says");
    assert_eq!(&said, OWN);
}

/// The first message of a client of TLS 1.2 that offers one cipher and nothing else.
fn hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    // Signature schemes, which rustls does not do without.
    body.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let mut message = vec![1, 0, 0, u8::try_from(body.len()).expect("a short message")];
    message.extend(body);
    let mut record = vec![0x16, 3, 1, 0, u8::try_from(message.len()).expect("a short message")];
    record.extend(message);
    record
}
