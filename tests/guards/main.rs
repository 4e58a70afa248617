//! What stands between a service and the requests that come to it, over real sockets.

mod checks;
mod closed;
mod gateways;
mod rate_limits;

use http::{Request, Response};
use hyper::body::Incoming;
use mesh_core::watch::Standing;
use mesh_tower::{Body, BoxError, Mesh};
use std::{future::Future, net::SocketAddr};
use tests::{
    documents::Documents,
    mesh::{join, serve},
    soon,
    upstream::listener,
    wire::http1,
};
use tokio::net::TcpStream;
use tower::service_fn;

/// A service that the mesh guards by some documents, which are all accepted.
struct Guarded {
    address: SocketAddr,
    documents: Documents,
    mesh: Mesh,
}

impl Guarded {
    /// It answers with the headers that it gets, and its body.
    async fn by(documents: &[&str]) -> Self {
        let documents = Documents::of(documents);
        let mesh = join(&documents).await;
        let status = mesh.status().borrow().clone();
        for document in &status.documents {
            assert_eq!(document.standing, Standing::Serving, "{}: {:?}", document.key, status.faults);
        }
        let (listener, address) = listener().await;
        serve(&mesh, listener, service_fn(echo));
        Self { address, documents, mesh }
    }

    /// What a client from outside the mesh gets.
    async fn send(&self, request: http::request::Builder, body: Body) -> Response<Incoming> {
        let mut client = http1(TcpStream::connect(self.address).await.expect("an open port")).await;
        let request = request.header("host", "product").body(body).expect("a request");
        soon(client.send_request(request)).await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Response<Incoming> {
        self.send(Request::get(path), Body::empty()).await
    }
}

fn echo(request: Request<Body>) -> impl Future<Output = Result<Response<Body>, BoxError>> + Send {
    let (head, body) = request.into_parts();
    let mut response = Response::new(body);
    for (name, value) in head.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
        response.headers_mut().append(name, value.clone());
    }
    std::future::ready(Ok(response))
}

/// A header that came.
fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().expect("text")
}
