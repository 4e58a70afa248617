//! Who comes in at a workload's door, and what the application learns of them.

mod attacks;
mod changes;
mod doors;
mod revoked;
mod strangers;
mod told;

use http::{HeaderMap, Request, Response, StatusCode};
use mesh_tower::{Arrival, Body, BoxError, Mesh};
use std::{io, net::SocketAddr};
use tests::{
    documents::Documents,
    mesh::{join, serve},
    peers::{Client, Root},
    soon,
    upstream::listener,
    wire::{self, text},
};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tower::service_fn;

/// What a client in the mesh offers for HTTP/2, and for HTTP/1.1.
const H2: &[&str] = &["istio-h2", "istio", "h2"];
const H1: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];

/// A workload that serves, `spiffe://cluster.local/ns/shop/sa/product`, and its mesh's authority.
struct Product {
    mesh: Mesh,
    documents: Documents,
    root: Root,
    address: SocketAddr,
}

impl Product {
    /// With this mode for the whole mesh, and what more is written.
    async fn serving(mode: &str, more: &[&str]) -> Self {
        let product = Self::without_identity(mode, more).await;
        product.mesh.identity().replace(product.root.credentials("product"));
        product
    }

    async fn without_identity(mode: &str, more: &[&str]) -> Self {
        let documents = Documents::of(&[&[&*peers(mode)], more].concat());
        let mesh = join(&documents).await;
        let (listener, address) = listener().await;
        serve(&mesh, listener, service_fn(answer));
        Self { mesh, documents, root: Root::default(), address }
    }

    /// Whether a request in plain text is answered.
    async fn takes_plain_text(&self) -> bool {
        let stream = TcpStream::connect(self.address).await.expect("an open port");
        let request = Request::get("/").header("host", "product").body(Body::empty()).expect("a request");
        soon(wire::http1(stream).await.send_request(request)).await.is_ok()
    }

    /// What the application answers a client's request over HTTP/1.1.
    async fn asked(&self, client: &Client) -> io::Result<String> {
        self.asked_with(client, HeaderMap::new()).await
    }

    async fn asked_with(&self, client: &Client, headers: HeaderMap) -> io::Result<String> {
        let stream = soon(client.connect(self.address, "product.shop.svc.cluster.local")).await?;
        let mut request = Request::get("/").header("host", "product").body(Body::empty()).expect("a request");
        request.headers_mut().extend(headers);
        let response = soon(wire::http1(stream).await.send_request(request)).await;
        let response = response.map_err(io::Error::other)?;
        assert_eq!(response.status(), StatusCode::OK);
        Ok(soon(text(response)).await)
    }
}

/// A PeerAuthentication for the whole mesh.
fn peers(mode: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n\
         metadata: {{name: mesh, namespace: istio-system}}\nspec: {{mtls: {{mode: {mode}}}}}\n"
    )
}

/// Says who called, and what the header says of that.
async fn answer(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let arrival = request.extensions().get::<Arrival>().cloned().ok_or("no arrival")?;
    let id = arrival.identity().map_or("nobody", |identity| identity.id.as_str());
    let told: Vec<_> = request.headers().get_all("x-forwarded-client-cert").iter().collect();
    let told: Result<Vec<_>, _> = told.into_iter().map(|value| value.to_str()).collect();
    Ok(Response::new(format!("{id}\n{}", told?.join("\n")).into()))
}

/// Whether a connection is reset, or ends, with no answer at all.
async fn is_closed(stream: &mut TcpStream) -> io::Result<usize> {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await
}
