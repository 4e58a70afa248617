//! The two sides: the same cases, served by the mesh and by Envoy, each with upstreams of its own.

use super::{
    case::{Ask, Case, Sent, Times},
    http1, http2,
    outcome::{Answered, Outcome},
    script::Script,
};
use crate::{
    istiod::NAME,
    world::{HOME, NAMESPACE, Service, Version, World, document},
};
use bytes::Bytes;
use futures_util::{future::join_all, stream};
use http::{HeaderName, HeaderValue, Request};
use http_body::Frame;
use http_body_util::StreamBody;
use mesh_tower::{Body, Client};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, sync::Arc, time::Duration};
use tests::{upstream::Upstream, wire};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// What a side has for its cases.
pub(super) struct Side {
    pub(super) world: World,
    scripts: Vec<Arc<Script>>,
    _upstreams: Vec<Upstream>,
    _nobody: Vec<TcpSocket>,
}

/// Who is asked.
pub(super) enum Asked {
    Mesh(Box<Client>),
    Envoy(SocketAddr),
}

impl Side {
    /// Starts the upstreams of these cases.
    pub(super) async fn start(cases: &[Case]) -> Self {
        let world = World {
            number: 0,
            services: vec![],
            gateways: vec![],
            virtual_services: vec![],
            refuses_unknown: true,
        };
        let mut side = Self { world, scripts: vec![], _upstreams: vec![], _nobody: vec![] };
        for (number, case) in cases.iter().enumerate() {
            side.add(&host(number), case).await;
        }
        side
    }

    async fn add(&mut self, host: &str, case: &Case) {
        let script = Arc::new(Script::new(&case.script));
        let mut service = Service::kubernetes(host, NAMESPACE);
        service.ports = vec![80];
        service.protocol = case.protocol;
        service.policy = case.policy.clone();
        for number in 0..case.endpoints {
            let upstream = match case.protocol {
                "http" => http1::endpoint(number, &script).await,
                _ => http2::endpoint(number, &script).await,
            };
            let place = case.is_spread.then_some(if number == 0 { HOME } else { "elsewhere" });
            service.versions.push(Version { place, ..version(number, upstream.address) });
            self._upstreams.push(upstream);
        }
        for number in 0..case.dead {
            // Bound, so that nobody else can have the port, and listening to nobody.
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
            service
                .versions
                .push(version(case.endpoints + number, socket.local_addr().expect("a bound socket")));
            self._nobody.push(socket);
        }
        let mut rule = case.rule.clone();
        rule["route"] = json!([{"destination": {"host": host}}]);
        let metadata = json!({"name": host, "namespace": NAMESPACE});
        let spec = json!({"hosts": [host], "http": [rule]});
        self.world.virtual_services.push(document("VirtualService", metadata, spec));
        self.world.services.push(service);
        self.scripts.push(script);
    }

    /// Everything that comes of a case.
    pub(super) async fn run(&self, number: usize, case: &Case, asked: &Asked) -> Outcome {
        let script = &self.scripts[number];
        let asker = Asker::of(asked, case).await;
        let one = |turn| asker.ask(number, turn, &case.ask, script);
        let answers = match case.times {
            Times::AtOnce(times) => {
                let one = async |turn| {
                    // Those before it are where they will stay.
                    tokio::time::sleep(STAGGER * u32::try_from(turn).expect("a few")).await;
                    one(turn).await
                };
                join_all((0..times).map(one)).await
            }
            Times::InTurn(times) => {
                let mut answers = Vec::new();
                for turn in 0..times {
                    if turn > 0 {
                        // Both sides have to notice what the upstream did to their connections.
                        tokio::time::sleep(PAUSE).await;
                    }
                    answers.push(one(turn).await);
                }
                answers
            }
        };
        Outcome { answers, attempts: script.attempts() }
    }
}

/// Between the beginnings of requests that are under way at once.
const STAGGER: Duration = Duration::from_millis(100);

/// Between requests of one case.
const PAUSE: Duration = Duration::from_millis(50);

/// The service of a case.
pub(super) fn host(number: usize) -> String {
    format!("case-{number}")
}

fn version(number: usize, address: SocketAddr) -> Version {
    Version { name: format!("v{number}"), addresses: BTreeMap::from([(80, address)]), place: None }
}

/// A way to ask, over one connection where connections of the client's are.
enum Asker {
    Mesh(Box<Client>),
    Http1(SocketAddr),
    Http2(hyper::client::conn::http2::SendRequest<Body>),
}

impl Asker {
    async fn of(asked: &Asked, case: &Case) -> Self {
        match asked {
            Asked::Mesh(client) => Self::Mesh(client.clone()),
            Asked::Envoy(address) if case.protocol == "http" => Self::Http1(*address),
            Asked::Envoy(address) => {
                Self::Http2(wire::http2(TcpStream::connect(address).await.expect("an open port")).await)
            }
        }
    }

    async fn ask(&self, number: usize, turn: usize, ask: &Ask, script: &Script) -> Answered {
        let name = format!("{number}-{turn}");
        let request = request(&host(number), &name, ask, matches!(self, Self::Http1(_)));
        match self {
            Self::Mesh(client) => {
                let response = late(client.request(request)).await;
                let refused =
                    response.as_ref().ok().and_then(|response| response.extensions().get().cloned());
                Answered::of(name, refused, response, script).await
            }
            Self::Http1(address) => {
                let mut sender = wire::http1(TcpStream::connect(address).await.expect("an open port")).await;
                let response = late(sender.send_request(request)).await;
                Answered::of(name, None, response, script).await
            }
            Self::Http2(sender) => {
                let response = late(sender.clone().send_request(request)).await;
                Answered::of(name, None, response, script).await
            }
        }
    }
}

/// What comes within ten times the longest timeout of a case. What does not is a difference like any other.
async fn late<R, E: Display>(answer: impl Future<Output = Result<R, E>>) -> Result<R, String> {
    let answer = timeout(Duration::from_secs(10), answer).await.map_err(|_| "no answer".to_owned())?;
    answer.map_err(|error| error.to_string())
}

fn request(host: &str, name: &str, ask: &Ask, is_in_origin_form: bool) -> Request<Body> {
    let start = if is_in_origin_form { String::new() } else { format!("http://{host}") };
    let mut request =
        Request::builder().method(&ask.method).uri(format!("{start}{}", ask.path)).header(NAME, name);
    for (name, value) in ask.headers {
        request = request.header(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if is_in_origin_form {
        request = request.header("host", host);
    }
    request.body(body(ask.body)).expect("a request")
}

fn body(sent: Sent) -> Body {
    match sent {
        Sent::Nothing => Body::empty(),
        Sent::Known(length) => Body::from(Bytes::from(vec![b'b'; length])),
        Sent::Streamed(length) => {
            let pieces = (0..length).step_by(PIECE).map(move |start| PIECE.min(length - start));
            let pieces = pieces
                .map(|length| Ok::<_, mesh_tower::BoxError>(Frame::data(Bytes::from(vec![b'b'; length]))));
            Body::new(StreamBody::new(stream::iter(pieces)))
        }
    }
}

const PIECE: usize = 1 << 14;
