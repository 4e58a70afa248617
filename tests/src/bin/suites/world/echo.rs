//! Upstreams that tell what reached them.

use crate::documents::{list, name, namespace};
use http::{HeaderMap, Request, Response, Version, header::HOST};
use mesh_tower::{Body, BoxError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tests::upstream::Upstream;

/// What reached an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The upstream.
    pub(crate) pod: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// The request's method.
    pub(crate) method: String,
    /// Its host.
    pub(crate) host: String,
    /// Its path and query.
    pub(crate) path: String,
    /// The version of HTTP, as `HTTP/1.1` or `HTTP/2.0`.
    pub(crate) version: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    fn of<B>(pod: &str, namespace: &str, request: &Request<B>) -> Self {
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        // An upstream stands for an application and its door, which takes off what the caller says of itself.
        let own = |name: &str| !name.starts_with("x-envoy-peer-metadata");
        let headers = request.headers().iter().filter(|(name, _)| own(name.as_str()));
        let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
        let version = match request.version() {
            Version::HTTP_2 => "HTTP/2.0",
            _ => "HTTP/1.1",
        };
        Self {
            pod: pod.to_owned(),
            namespace: namespace.to_owned(),
            method: request.method().to_string(),
            host: host.or_else(|| request.headers().get(HOST).map(text)).unwrap_or_default(),
            path: request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            version: version.to_owned(),
            headers: headers.collect(),
        }
    }

    /// The values of a header, joined by commas; `None` when it did not come.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }
}

/// The values of a response's header, joined by commas; `None` when there is none.
pub(crate) fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A Deployment's pods, as one upstream.
#[derive(Debug)]
pub(crate) struct Pod {
    name: String,
    namespace: String,
    labels: Value,
    upstream: Upstream,
}

impl Pod {
    /// Starts one; its name is told with whatever reaches it.
    pub(crate) async fn start(name: &str, namespace: &str, labels: Value) -> Self {
        let told = (name.to_owned(), namespace.to_owned());
        let upstream = Upstream::serving(move |request| echo(told.clone(), request)).await;
        Self { name: name.to_owned(), namespace: namespace.to_owned(), labels, upstream }
    }

    /// The document that tells the mesh where it is: at the same port for every port of the services of its namespace.
    pub(crate) fn entry(&self, services: &[Value]) -> Value {
        let address = self.upstream.address;
        let nearby = services.iter().filter(|service| namespace(service) == self.namespace);
        let ports = nearby.flat_map(|service| list(&service["spec"], "ports"));
        let ports = ports.filter_map(|port| Some((port["name"].as_str()?.to_owned(), address.port().into())));
        let ports: Map<String, Value> = ports.collect();
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "WorkloadEntry",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"address": address.ip().to_string(), "labels": self.labels, "ports": ports},
        })
    }
}

/// The pods of all Deployments.
pub(crate) async fn deploy(documents: &[Value]) -> Vec<Pod> {
    let mut pods = Vec::new();
    for deployment in documents.iter().filter(|document| document["kind"] == "Deployment") {
        let labels = deployment["spec"]["template"]["metadata"]["labels"].clone();
        pods.push(Pod::start(name(deployment), namespace(deployment), labels).await);
    }
    pods
}

/// Answers with what was seen, after the time that `delay` in the query asks for.
pub(super) async fn echo<B>(
    (pod, namespace): (String, String),
    request: Request<B>,
) -> Result<Response<Body>, BoxError> {
    let seen = Seen::of(&pod, &namespace, &request);
    let query = request.uri().query().unwrap_or_default();
    let delay = query.split('&').find_map(|pair| pair.strip_prefix("delay="));
    if let Some(delay) = delay.and_then(seconds) {
        tokio::time::sleep(delay).await;
    }
    Ok(Response::new(serde_json::to_string(&seen)?.into()))
}

fn seconds(text: &str) -> Option<Duration> {
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}
