//! A gateway, and two services behind it.

use http::{Request, Response};
use mesh_core::model::Labels;
use mesh_tower::{Body, BoxError, Client, Mesh, mesh::Config};
use std::{future::Future, net::SocketAddr};
use tests::{
    documents::{Documents, routes, service},
    gate::{door, mirror, plain},
    mesh::{config, gateway_config, run_gateway, serve},
    soon,
    upstream::listener,
    wire,
};
use tokio::net::TcpStream;
use tower::service_fn;

/// How collectors are spoken to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

/// A gateway; `a`, which does what a function says; and `b`, which answers with the headers that it got.
pub(crate) struct Chain {
    pub(crate) door: SocketAddr,
    _documents: Documents,
    pub(crate) members: Vec<Mesh>,
}

/// Spans go to a collector; this share of traces, in hundredths, is kept, and more is said of them.
pub(crate) fn traced(collector: SocketAddr, protocol: Protocol, share: u32, more: &str) -> String {
    let (port_name, http) = match protocol {
        Protocol::Grpc => ("grpc", ""),
        Protocol::Http => ("http", ", http: {path: /v1/traces, timeout: 5s}"),
    };
    format!(
        "{}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data:\n  mesh: |\n    extensionProviders:\n    - name: collector\n      opentelemetry: {{service: \
         collector.default.svc.cluster.local, port: 80{http}}}\n---\n\
         apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {{name: traces, namespace: istio-system}}\n\
         spec: {{tracing: [{{providers: [{{name: collector}}], randomSamplingPercentage: {share}{more}}}]}}\n",
        service("collector", port_name, collector)
    )
}

impl Chain {
    /// A chain whose `a` calls `b`.
    pub(crate) async fn plain(documents: &str) -> Self {
        Self::new(documents, |client, _| async move { client.get("http://b/part/2?of=3").await }).await
    }

    pub(crate) async fn new<F, A>(documents: &str, a: F) -> Self
    where
        F: Fn(Client, Request<Body>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        let ((first, at_a), (second, at_b)) = (listener().await, listener().await);
        let to_a = routes("'*'", "[{match: [{uri: {prefix: /whole}}], route: [{destination: {host: a}}]}]");
        let to_a = to_a.replace("{hosts:", "{gateways: [door], hosts:").replace("name: '*'", "name: all");
        let documents = Documents::of(&[
            &service("a", "http", at_a),
            &service("b", "http", at_b),
            &to_a,
            &door(&[&plain(80)]),
            documents,
        ]);
        let gateway = Config { service: "gate".into(), ..gateway_config(&documents, &[80]) };
        let gateway = Mesh::start(gateway).await.expect("documents that are there");
        let (addresses, _) = run_gateway(&gateway).await;
        let a_mesh = join(&documents, "a").await;
        let client = a_mesh.client();
        serve(&a_mesh, first, service_fn(move |request| a(client.clone(), request)));
        let b_mesh = join(&documents, "b").await;
        serve(&b_mesh, second, service_fn(mirror));
        Self { door: addresses[0], _documents: documents, members: vec![gateway, a_mesh, b_mesh] }
    }

    /// Asks at the gateway: the status, and the headers that reached `b`.
    pub(crate) async fn ask(&self, headers: &[(&str, &str)]) -> (u16, String) {
        let stream = TcpStream::connect(self.door).await.expect("an open port");
        let mut client = wire::http1(stream).await;
        let mut request =
            Request::get("/whole/1?x=y").header("host", "shop.example").header("user-agent", "test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = soon(client.send_request(request)).await.expect("an answer");
        (response.status().as_u16(), soon(wire::text(response)).await)
    }

    /// The headers that reached `b`.
    pub(crate) async fn seen(&self, headers: &[(&str, &str)]) -> String {
        let (status, seen) = self.ask(headers).await;
        assert_eq!(status, 200, "{seen}");
        seen
    }
}

async fn join(documents: &Documents, name: &str) -> Mesh {
    let labels = [("app", name), ("version", "v1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config { service: name.into(), labels: Labels::from(labels), ..config(documents) };
    Mesh::start(config).await.expect("documents that are there")
}

/// The values of a header that was seen.
pub(crate) fn values<'a>(seen: &'a str, name: &str) -> Vec<&'a str> {
    let lines = seen.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(own, _)| *own == name).map(|(_, value)| value).collect()
}
