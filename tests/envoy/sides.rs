//! The two sides: one world, served by the mesh and by Envoy.

use crate::{
    envoy::Envoy,
    generate::Target,
    istiod::{Door, LABELS, doors, listener_name},
    outcome::Outcome,
    world::{PORTS, World},
};
use http::Request;
use hyper::client::conn::http1::SendRequest;
use mesh_core::{
    document::{Fault, Severity},
    model::{Labels, UnknownHosts},
    watch::Status,
};
use mesh_tower::{Body, BoxError, Mesh, mesh::Config};
use std::{collections::BTreeMap, net::SocketAddr};
use tests::{
    documents::Documents,
    mesh::{config, gateway_config, run_gateway},
    soon, wire,
};
use tokio::{net::TcpStream, task::JoinHandle};

/// One world on both sides.
pub(crate) struct Sides {
    client: Mesh,
    gateways: BTreeMap<Door, Wire>,
    envoy: BTreeMap<Door, Wire>,
    running: JoinHandle<Result<(), BoxError>>,
    _documents: Documents,
}

/// A way to a server, over one connection as long as it lasts.
struct Wire {
    address: SocketAddr,
    sender: Option<SendRequest<Body>>,
}

impl Sides {
    /// Joins the mesh of a world that Envoy serves already.
    pub(crate) async fn open(world: &World, envoy: &Envoy) -> Self {
        let documents = Documents::of(&[&world.documents()]);
        let labels = Labels::from(LABELS.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let unknown_hosts = if world.refuses_unknown { UnknownHosts::Refuse } else { UnknownHosts::Pass };
        // Telling peers is a filter of Istio's own, which this Envoy does not have.
        let config =
            Config { labels: labels.clone(), unknown_hosts, tells_peers: false, ..config(&documents) };
        let client = Mesh::start(config).await.expect("documents that are there");
        assert_accepted(&client.status().borrow());
        let config = Config { labels, tells_peers: false, ..gateway_config(&documents, &PORTS) };
        let gateway = Mesh::start(config).await.expect("documents that are there");
        let (addresses, running) = run_gateway(&gateway).await;
        let gateways = PORTS.into_iter().map(Door::Gateway).zip(addresses.into_iter().map(Wire::to));
        let at = |door: Door| (door.clone(), Wire::to(envoy.address(&listener_name(world.number, &door))));
        Self {
            client,
            gateways: gateways.collect(),
            envoy: doors().map(at).collect(),
            running,
            _documents: documents,
        }
    }

    /// What the mesh does with a request.
    pub(crate) async fn ask_mesh(&mut self, target: &Target) -> Outcome {
        match self.gateways.get_mut(&target.door) {
            Some(wire) => wire.send(target).await,
            None => {
                let mut request = Request::new(Body::empty());
                *request.method_mut() = target.method.clone();
                *request.uri_mut() =
                    format!("http://{}{}", target.authority, target.path).parse().expect("a URL");
                for (name, value) in target.headers.iter().cloned() {
                    request.headers_mut().append(name, value);
                }
                Outcome::of(soon(self.client.client().request(request)).await.expect("an answer")).await
            }
        }
    }

    /// What Envoy does with a request.
    pub(crate) async fn ask_envoy(&mut self, target: &Target) -> Outcome {
        self.envoy.get_mut(&target.door).expect("a door").send(target).await
    }
}

/// What is wrong between documents is meant; each of them alone must be right.
pub(crate) fn assert_accepted(status: &Status) {
    let is_refused = |fault: &&Fault| fault.severity == Severity::Error && fault.code.is_none();
    let refused: Vec<String> = status.faults.iter().filter(is_refused).map(ToString::to_string).collect();
    assert!(refused.is_empty(), "the mesh refuses documents: {refused:#?}");
}

impl Drop for Sides {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Wire {
    fn to(address: SocketAddr) -> Self {
        Self { address, sender: None }
    }

    async fn send(&mut self, target: &Target) -> Outcome {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = target.method.clone();
        *request.uri_mut() = target.path.parse().expect("a path");
        for (name, value) in target.all_headers() {
            request.headers_mut().append(name, value);
        }
        let mut sender = match self.sender.take() {
            Some(sender) if sender.is_ready() => sender,
            _ => wire::http1(TcpStream::connect(self.address).await.expect("an open port")).await,
        };
        let outcome = Outcome::of(soon(sender.send_request(request)).await.expect("an answer")).await;
        self.sender = Some(sender);
        outcome
    }
}
