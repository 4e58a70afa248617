//! TLS as members of the mesh start it, over real sockets.

mod elsewhere;
mod hostile;
mod leaks;
mod mesh;
mod passing;
mod pools;

use http::{Response, StatusCode};
use mesh_tower::{
    Body, Mesh,
    mesh::{Config, IdentitySource},
    respond::Refused,
};
use std::net::SocketAddr;
use tests::{
    documents::{Documents, named},
    mesh::config,
    soon, wire,
    workloads::{Handshaken, Mint},
};

/// Istio's name for the service `upstream`.
const SERVER_NAME: &str = "outbound_.80_._.upstream.default.svc.cluster.local";

/// The service `upstream`, with an instance that takes the mesh's TLS and runs as the account `upstream`.
fn meshed(port_name: &str, address: SocketAddr) -> String {
    let instance =
        instance(port_name, address, "app: upstream, security.istio.io/tlsMode: istio", "upstream");
    format!("{}---\n{instance}", named("upstream", port_name))
}

/// An instance with these labels, in YAML's flow style, and account.
fn instance(port_name: &str, address: SocketAddr, labels: &str, account: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: WorkloadEntry\n\
         metadata: {{name: upstream-{port}}}\n\
         spec: {{address: {ip}, ports: {{{port_name}: {port}}}, labels: {{{labels}}}, serviceAccount: '{account}'}}\n",
        ip = address.ip(),
        port = address.port(),
    )
}

/// A DestinationRule of the service `upstream`, with this `tls`.
fn rule(tls: &str) -> String {
    policy(&format!("{{tls: {tls}}}"))
}

/// A DestinationRule of the service `upstream`, with this policy.
fn policy(policy: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: upstream}}\n\
         spec: {{host: upstream, trafficPolicy: {policy}}}\n"
    )
}

/// A member of the mesh, as the account `caller`.
async fn caller(mint: &Mint, documents: &Documents) -> Mesh {
    let mesh = stranger(documents).await;
    mesh.identity().replace(mint.credentials(&Mint::id("caller")));
    mesh
}

/// Somebody without an identity.
async fn stranger(documents: &Documents) -> Mesh {
    let config = Config { identity: IdentitySource::None, ..config(documents) };
    Mesh::start(config).await.expect("documents that are there")
}

/// Calls the service, and reads the answer.
async fn call(mesh: &Mesh) -> (StatusCode, Handshaken, String) {
    let response = soon(mesh.client().get("http://upstream/")).await.expect("an answer");
    read(response).await
}

async fn read(response: Response<Body>) -> (StatusCode, Handshaken, String) {
    let (status, told) = (response.status(), Handshaken::told(&response));
    (status, told, soon(wire::text(response)).await)
}

/// Calls the service, which must fail as connections do. Says what the log is told.
async fn fails(mesh: &Mesh) -> String {
    let response = soon(mesh.client().get("http://upstream/")).await.expect("an answer");
    refused(response).await
}

async fn refused(response: Response<Body>) -> String {
    let refused = response.extensions().get::<Refused>().cloned().expect("a refusal of the mesh's");
    assert_eq!((response.status(), refused.flag), (StatusCode::SERVICE_UNAVAILABLE, "UF"));
    let body = soon(wire::text(response)).await;
    assert!(body.ends_with("reset reason: remote connection failure"), "{body}");
    refused.details.into_owned()
}
