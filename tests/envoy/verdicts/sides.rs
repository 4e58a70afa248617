//! The two sides of a world, and what becomes of a request on each.

use super::{
    World,
    policies::{ALIAS, LABELS, NAMESPACE},
    requests::{Ask, CALLERS},
};
use crate::{
    issuer::{Issuer, jwks},
    outcome::Outcome,
    sides::assert_accepted,
};
use http::{Request, Response, header::HOST};
use mesh_core::model::Labels;
use mesh_tower::{Body, BoxError, Mesh, mesh::Config};
use serde_json::{Value, json};
use std::{io, net::SocketAddr};
use tests::{
    documents::Documents,
    mesh::{config, serve},
    peers::{Client, Root, VERSIONS, named},
    soon, wire,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tower::service_fn;

const ALPN: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];

/// A workload of the mesh that is kept as a world says.
pub(super) struct Workload {
    pub(super) address: SocketAddr,
    _mesh: Mesh,
    _documents: Documents,
}

impl Workload {
    pub(super) async fn start(world: &World, listener: TcpListener, issuers: &[Issuer], root: &Root) -> Self {
        let mut all = vec![settings(), tokens(issuers)];
        all.extend(world.policies.iter().cloned());
        let texts: Vec<String> = all.iter().map(|document| format!("{document}\n")).collect();
        let documents = Documents::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let (key, value) = LABELS;
        let labels = Labels::from([(key.to_owned(), value.to_owned())]);
        let config = Config { labels, namespace: NAMESPACE.to_owned(), ..config(&documents) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        assert_accepted(&mesh.status().borrow());
        mesh.identity().replace(root.credentials("product"));
        let address = listener.local_addr().expect("a bound listener");
        serve(&mesh, listener, service_fn(answer));
        Self { address, _mesh: mesh, _documents: documents }
    }
}

/// Answers those who pass.
pub(super) async fn answer<B>(_: Request<B>) -> Result<Response<Body>, BoxError> {
    Ok(Response::new("an answer".into()))
}

/// The mesh has two names, and one proxy is believed about who its client is.
fn settings() -> Value {
    let mesh = json!({
        "trustDomainAliases": [ALIAS],
        "defaultConfig": {"gatewayTopology": {"numTrustedProxies": 1}},
    });
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": mesh.to_string()},
    })
}

/// Whose tokens count.
fn tokens(issuers: &[Issuer]) -> Value {
    let rule = |issuer: &Issuer| json!({"issuer": issuer.name, "jwks": jwks([&issuer.jwk])});
    json!({
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": {"name": "tokens", "namespace": NAMESPACE},
        "spec": {"jwtRules": issuers.iter().map(rule).collect::<Vec<_>>()},
    })
}

/// Those who call.
pub(super) struct Callers(Vec<Client>);

impl Callers {
    pub(super) fn of(root: &Root) -> Self {
        Self(CALLERS.map(|id| root.sign(named(&[id])).client(ALPN, VERSIONS)).into())
    }

    /// What becomes of a request at an address.
    pub(super) async fn ask(&self, address: SocketAddr, ask: &Ask) -> Outcome {
        let mut request = Request::builder().method(ask.method).uri(ask.path).header(HOST, ask.host);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let stream = from(ask.from, address).await.expect("an open port");
        let mut sender = match ask.caller {
            None => wire::http1(stream).await,
            Some(caller) => {
                let handshake = self.0[caller].over(stream, ask.server_name);
                wire::http1(soon(handshake).await.expect("one of the mesh")).await
            }
        };
        Outcome::of(soon(sender.send_request(request)).await.expect("an answer")).await
    }
}

/// Connects from one of the addresses of this machine.
async fn from(last: u8, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
    socket.set_nodelay(true)?;
    socket.connect(to).await
}
