//! The admin endpoint of a member of the mesh, over real sockets.

mod guards;
mod life;
mod metrics;
mod pages;
mod patience;
mod requests;
mod secrets;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use mesh_tower::{Body, Mesh, mesh::Config};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use tests::{
    documents::Documents,
    mesh::config,
    soon,
    wire::{http1, text},
};
use tokio::net::TcpStream;

/// What a member needs to know that has an admin endpoint on any port.
fn with_admin(documents: &Documents) -> Config {
    Config { admin: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))), ..config(documents) }
}

/// A member that has an admin endpoint, and where that is.
async fn member(config: Config) -> (Mesh, SocketAddr) {
    let mesh = Mesh::start(config).await.expect("documents, and a free port");
    let address = mesh.admin_address().expect("an admin endpoint");
    (mesh, address)
}

async fn send(address: SocketAddr, request: Request<Body>) -> Response<Incoming> {
    let stream = TcpStream::connect(address).await.expect("an open port");
    soon(http1(stream).await.send_request(request)).await.expect("an answer")
}

fn request(address: SocketAddr, method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", address.to_string())
}

async fn ask(address: SocketAddr, method: Method, path: &str) -> (StatusCode, String) {
    let request = request(address, method, path).body(Body::empty()).expect("a request");
    let response = send(address, request).await;
    (response.status(), soon(text(response)).await)
}

async fn get(address: SocketAddr, path: &str) -> (StatusCode, String) {
    ask(address, Method::GET, path).await
}

async fn get_json(address: SocketAddr, path: &str) -> Value {
    let (status, text) = get(address, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    serde_json::from_str(&text).expect("JSON")
}
