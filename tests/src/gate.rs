//! A gateway before one service.

use crate::{
    documents::{Documents, routes, service},
    mesh::{gateway_config, run_gateway},
    tls::Authority,
};
use http::{HeaderMap, Request, Response};
use mesh_tower::{Body, BoxError, Mesh, mesh::Config};
use std::{future::Future, net::SocketAddr, path::Path};
use tempfile::TempDir;

/// A gateway before the service `upstream`.
pub struct Gate {
    /// The gateway's workload.
    pub mesh: Mesh,
    /// Its documents; the gateways are in `doors.yaml`.
    pub documents: Documents,
    /// Its folder of secrets.
    pub secrets: TempDir,
    /// The authority of its certificates.
    pub authority: Authority,
    /// Where its ports are open, in their order.
    pub addresses: Vec<SocketAddr>,
}

impl Gate {
    /// Opens the ports of gateways called `door`; `certify` makes their certificates.
    pub async fn open(
        upstream: SocketAddr,
        ports: &[u16],
        doors: &str,
        certify: impl FnOnce(&Authority, &Path),
    ) -> Self {
        let to_upstream = "[{route: [{destination: {host: upstream}}]}]";
        let route = routes("'*'", to_upstream).replace("{hosts:", "{gateways: [door], hosts:");
        let documents = Documents::of(&[
            &service("upstream", "http", upstream),
            &route.replace("metadata: {name: '*'}", "metadata: {name: all}"),
        ]);
        documents.write("doors.yaml", doors);
        let (authority, secrets) = (Authority::default(), tempfile::tempdir().expect("a folder"));
        certify(&authority, secrets.path());
        let folder = Some(secrets.path().to_owned());
        let config = Config { secrets: folder, ..gateway_config(&documents, ports) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        let (addresses, _) = run_gateway(&mesh).await;
        Self { mesh, documents, secrets, authority, addresses }
    }
}

/// A Gateway called `door` with these servers, each in YAML's flow style.
#[must_use]
pub fn door(servers: &[&str]) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: Gateway\n\
         metadata: {{name: door}}\n\
         spec: {{selector: {{istio: ingressgateway}}, servers: [{}]}}\n",
        servers.join(", ")
    )
}

/// A server of a port that serves all hosts in plain HTTP.
#[must_use]
pub fn plain(port: u16) -> String {
    format!("{{port: {{number: {port}, name: http-{port}, protocol: HTTP}}, hosts: ['*']}}")
}

/// A server of port 443 for some hosts, with these settings of TLS.
#[must_use]
pub fn secure(name: &str, hosts: &str, tls: &str) -> String {
    format!(
        "{{port: {{number: 443, name: {name}, protocol: HTTPS}}, hosts: [{hosts}], tls: {{mode: SIMPLE, {tls}}}}}"
    )
}

/// Answers with the headers of the request, and its line in `x-line`.
pub fn mirror<B>(
    request: Request<B>,
) -> impl Future<Output = Result<Response<Body>, BoxError>> + Send + use<B> {
    let line = format!("{} {}", request.method(), request.uri());
    let text: String = seen(request.headers()).collect();
    let response = Response::builder().header("x-line", line).body(text.into());
    std::future::ready(response.map_err(Into::into))
}

fn seen(headers: &HeaderMap) -> impl Iterator<Item = String> + '_ {
    let value = |value: &http::HeaderValue| value.to_str().expect("a value of text").to_owned();
    headers.iter().map(move |(name, text)| format!("{name}: {}\n", value(text)))
}
