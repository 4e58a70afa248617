//! Services that call one another.

use http::{Request, Response};
use mesh_tower::{Body, BoxError, Client, Mesh};
use std::{future::Future, net::SocketAddr};
use tests::{
    documents::{Documents, named, subsets, workload},
    mesh::{join, serve},
    soon,
    upstream::listener,
    wire,
};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;

/// One workload of a service: where it will listen.
pub(crate) struct Place {
    pub(crate) service: &'static str,
    pub(crate) version: &'static str,
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// Finds places for workloads, and writes down where they are.
pub(crate) async fn places(documents: &Documents, workloads: &[(&'static str, &'static str)]) -> Vec<Place> {
    let mut places = Vec::new();
    for (service, version) in workloads {
        let (listener, address) = listener().await;
        places.push(Place { service, version, listener, address });
    }
    let mut texts: Vec<String> =
        places.iter().map(|place| workload(place.service, place.version, "http", place.address)).collect();
    let mut services: Vec<_> = places.iter().map(|place| place.service).collect();
    services.dedup();
    for service in services {
        texts.push(named(service, "http"));
        texts.push(subsets(service, &["v1", "v2"]));
    }
    documents.write("services.yaml", &texts.join("---\n"));
    places
}

impl Place {
    /// Joins the mesh and serves requests by a function, which has the workload's client. Every workload follows the
    /// documents by itself, as if each were a process.
    pub(crate) async fn serve<F, A>(self, documents: &Documents, answer: F) -> Mesh
    where
        F: Fn(Client, Request<Body>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        let mesh = join(documents).await;
        let client = mesh.client();
        serve(&mesh, self.listener, service_fn(move |request| answer(client.clone(), request)));
        mesh
    }
}

/// Calls the next service and gives its answer.
pub(crate) async fn pass_on(client: Client, host: &str) -> Result<Response<Body>, BoxError> {
    client.get(&format!("http://{host}/")).await
}

/// Gets the root of a workload as a client from outside the mesh, with these headers: the status, and the text.
pub(crate) async fn get(address: SocketAddr, headers: &[(&str, &str)]) -> (u16, String) {
    let mut client = wire::http1(TcpStream::connect(address).await.expect("an open port")).await;
    let mut request = Request::get("/").header("host", "outside");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response =
        soon(client.send_request(request.body(Body::empty()).expect("a request"))).await.expect("an answer");
    (response.status().as_u16(), soon(wire::text(response)).await)
}
