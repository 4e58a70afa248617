//! Members of a mesh.

use crate::{
    documents::{Documents, service},
    upstream::listener,
};
use bytes::Bytes;
use http::{Request, Response};
use mesh_core::{model::Labels, table::GatewayRole, watch::Status};
use mesh_tower::{
    Body, BoxError, Mesh,
    mesh::{Config, IdentitySource},
};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tower::Service;

/// What a workload needs to know to join the mesh of these documents. Its certificate, if any, is given to it by hand.
#[must_use]
pub fn config(documents: &Documents) -> Config {
    let identity = IdentitySource::None;
    Config { documents: vec![documents.folder().to_owned()], identity, ..Config::default() }
}

/// A workload of the mesh of these documents.
pub async fn join(documents: &Documents) -> Mesh {
    Mesh::start(config(documents)).await.expect("documents that are there")
}

/// What an ingress gateway needs to know; its ports open on any address of this machine alone.
#[must_use]
pub fn gateway_config(documents: &Documents, ports: &[u16]) -> Config {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Config {
        labels: Labels::from([("istio".to_owned(), "ingressgateway".to_owned())]),
        gateway: GatewayRole::BySelector,
        listen: ports.iter().map(|port| (*port, any_port)).collect::<BTreeMap<_, _>>(),
        ..config(documents)
    }
}

/// Runs a gateway, and gives the addresses of its ports in their order.
pub async fn run_gateway(mesh: &Mesh) -> (Vec<SocketAddr>, JoinHandle<Result<(), BoxError>>) {
    let mut gateway = mesh.gateway();
    let addresses = gateway.open().await.expect("free ports");
    (addresses, tokio::spawn(gateway.run()))
}

/// Serves an application on a listener.
pub fn serve<S, B>(mesh: &Mesh, listener: TcpListener, app: S) -> JoinHandle<Result<(), BoxError>>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    tokio::spawn(mesh.serve(listener, app))
}

/// A mesh that knows one service, `upstream`, and the folder of its documents.
#[derive(Debug)]
pub struct OneService {
    /// The workload that calls it, and may serve it.
    pub mesh: Mesh,
    /// Its documents.
    pub documents: Documents,
}

impl OneService {
    /// The service is at an address, and more is written about it.
    pub async fn at(port_name: &str, address: SocketAddr, more: &[&str]) -> Self {
        let service = service("upstream", port_name, address);
        let documents = Documents::of(&[&[&*service], more].concat());
        Self { mesh: join(&documents).await, documents }
    }

    /// The service is an application that the mesh serves.
    pub async fn serving<S, B>(port_name: &str, app: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (listener, address) = listener().await;
        let one = Self::at(port_name, address, &[]).await;
        serve(&one.mesh, listener, app);
        one
    }
}

/// Waits until the documents stand in a certain way.
pub async fn until(mesh: &Mesh, stands: impl FnMut(&Arc<Status>) -> bool) -> Arc<Status> {
    let mut status = mesh.status();
    let status = status.wait_for(stands).await.expect("a mesh that follows its documents");
    Arc::clone(&status)
}
