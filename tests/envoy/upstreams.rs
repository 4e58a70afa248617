//! The instances of services: servers that tell what they saw.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use mesh_tower::{Body, BoxError};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tests::upstream::Upstream;
use tokio::net::TcpSocket;

/// Holds, on a response, what the server saw, as JSON. A header, so that HEAD has it too.
pub(crate) const SEEN: HeaderName = HeaderName::from_static("x-seen");
/// The most instances that one world has: four services of two ports and two versions.
const INSTANCES: usize = 16;
/// How long a request with the header `x-slow` takes: longer than the timeouts of rules.
const SLOW: Duration = Duration::from_millis(200);

/// A request as a server saw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Which server.
    pub(crate) server: String,
    /// The method.
    pub(crate) method: String,
    /// The path and query.
    pub(crate) target: String,
    /// The headers, each with its values in order.
    pub(crate) headers: BTreeMap<String, Vec<String>>,
}

/// Every server of a run. All worlds use the same ones.
#[derive(Debug)]
pub(crate) struct Upstreams {
    instances: Vec<Upstream>,
    outside: Upstream,
    /// Bound, so that nobody else can have the port, and listening to nobody.
    nobody: TcpSocket,
}

impl Upstreams {
    /// Starts them.
    pub(crate) async fn start() -> Self {
        let mut instances = Vec::new();
        for number in 0..INSTANCES {
            instances.push(serve(format!("instance-{number}")).await);
        }
        let nobody = TcpSocket::new_v4().expect("a socket");
        nobody.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        Self { instances, outside: serve("outside".to_owned()).await, nobody }
    }

    /// Where instances of services listen.
    pub(crate) fn instances(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.instances.iter().map(|upstream| upstream.address)
    }

    /// Where a server listens that belongs to no service.
    pub(crate) fn outside(&self) -> SocketAddr {
        self.outside.address
    }

    /// Where nobody listens.
    pub(crate) fn nobody(&self) -> SocketAddr {
        self.nobody.local_addr().expect("a bound socket")
    }
}

/// Every header with its values in order; bytes that are no text are escaped.
pub(crate) fn texts(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let text = |value: &HeaderValue| value.as_bytes().escape_ascii().to_string();
    let values = |name: &HeaderName| headers.get_all(name).iter().map(text).collect();
    headers.keys().map(|name| (name.to_string(), values(name))).collect()
}

async fn serve(name: String) -> Upstream {
    Upstream::serving(move |request| answer(name.clone(), request)).await
}

/// Answers a request with what `server` saw of it.
pub(crate) async fn answer<B>(server: String, request: Request<B>) -> Result<Response<Body>, BoxError> {
    if request.headers().contains_key("x-slow") {
        // Two processes on real sockets share no clock that could be paused.
        tokio::time::sleep(SLOW).await;
    }
    let seen = Seen {
        server,
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers: texts(request.headers()),
    };
    let response = Response::builder()
        .header(SEEN, serde_json::to_string(&seen)?)
        .header("x-secret", "of the upstream")
        .header("x-multi", "first")
        .header("x-multi", "second")
        .header("x-kept", "kept")
        .header("content-type", "text/plain");
    Ok(response.body("an answer".into())?)
}
