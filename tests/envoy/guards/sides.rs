//! The two sides, and what comes of a case on each.

use super::case::{Ask, Case, Guard};
use crate::{
    outcome::Outcome,
    upstreams::{answer, texts},
};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use mesh_tower::Body;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tests::{
    asked::{self, auth, limits},
    documents::{Documents, service},
    mesh::{join, serve},
    soon,
    upstream::{Upstream, listener},
    wire::http1,
};
use tokio::net::TcpStream;
use tower::service_fn;

/// Headers of questions that one side adds of itself, with what they are for.
const OWN_HEADERS: [(&str, &str); 6] = [
    ("x-request-id", "names the request in traces and logs"),
    ("x-forwarded-proto", "is what Envoy adds to every request"),
    ("x-forwarded-for", "is what Envoy adds to questions"),
    ("x-envoy-internal", "the same"),
    ("x-envoy-expected-rq-timeout-ms", "tells another Envoy how long this one waits"),
    ("x-envoy-attempt-count", "tells which try of a question the mesh makes"),
];

/// The service that Envoy guards.
pub(crate) async fn app() -> Upstream {
    Upstream::serving(|request| answer("app".into(), request)).await
}

/// The service that is asked on one side, and what it was asked.
pub(super) struct Guards {
    guard: Guard,
    upstream: Option<Upstream>,
    questions: Questions,
}

type Questions = Arc<Mutex<Vec<Question>>>;

/// What a guard was asked, as far as both sides must agree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    Http { method: String, target: String, headers: BTreeMap<String, Vec<String>>, body: String },
    Auth(Box<auth::HttpRequest>),
    Limits(limits::Asked),
}

impl Guards {
    pub(super) async fn start(case: &Case) -> Self {
        let questions = Questions::default();
        let asked = Arc::clone(&questions);
        let upstream = match case.guard.clone() {
            Guard::None => None,
            Guard::Http(status, headers, body) => Some(http(asked, status, headers, body).await),
            Guard::Auth(said) => Some(
                asked::grpc(move |question: auth::CheckRequest| {
                    let request = question.attributes.and_then(|attributes| attributes.request?.http);
                    let mut request = request.expect("a request of HTTP");
                    request.headers.retain(|name, _| !is_own(name));
                    asked.lock().expect("no panic").push(Question::Auth(Box::new(request)));
                    Some(said.clone())
                })
                .await,
            ),
            Guard::Limits(said) => Some(
                asked::grpc(move |question: limits::Asked| {
                    // Envoy says nothing where a request counts for one.
                    let question = limits::Asked { hits_addend: question.hits_addend.max(1), ..question };
                    asked.lock().expect("no panic").push(Question::Limits(question));
                    Some(said.clone())
                })
                .await,
            ),
        };
        Self { guard: case.guard.clone(), upstream, questions }
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.upstream.as_ref().map(|upstream| upstream.address)
    }

    pub(super) fn speaks_grpc(&self) -> bool {
        matches!(self.guard, Guard::Auth(_) | Guard::Limits(_))
    }
}

fn is_own(name: &str) -> bool {
    OWN_HEADERS.iter().any(|(own, _)| *own == name)
}

async fn http(
    asked: Questions,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> Upstream {
    Upstream::serving(move |request: Request<hyper::body::Incoming>| {
        let asked = Arc::clone(&asked);
        async move {
            let (head, sent) = request.into_parts();
            let sent = sent.collect().await?.to_bytes();
            let mut seen: HeaderMap = head.headers;
            OWN_HEADERS.iter().for_each(|(name, _)| drop(seen.remove(*name)));
            asked.lock().expect("no panic").push(Question::Http {
                method: head.method.to_string(),
                target: head.uri.to_string(),
                // One side asks with several lines of a header, the other with one: that is the same.
                headers: texts(&seen)
                    .into_iter()
                    .map(|(name, lines)| (name, vec![lines.join(",")]))
                    .collect(),
                body: sent.escape_ascii().to_string(),
            });
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            Ok(response.body(Body::from(body))?)
        }
    })
    .await
}

/// What comes of a case.
#[derive(Debug, PartialEq)]
pub(super) struct Outcomes {
    answers: Vec<Outcome>,
    questions: Vec<Question>,
}

impl Outcomes {
    /// On the mesh's side.
    pub(super) async fn of_mesh(case: &Case, guards: &Guards) -> Self {
        let protocol = if guards.speaks_grpc() { "grpc" } else { "http" };
        let guard = guards.address().map(|address| service("guard", protocol, address));
        let texts: Vec<&str> = guard.as_deref().into_iter().chain([&*case.documents]).collect();
        let documents = Documents::of(&texts);
        let mesh = join(&documents).await;
        crate::sides::assert_accepted(&mesh.status().borrow());
        let (listener, address) = listener().await;
        serve(&mesh, listener, service_fn(|request| answer("app".into(), request)));
        Self::of(case, address, guards).await
    }

    /// Behind an address.
    pub(super) async fn of(case: &Case, address: SocketAddr, guards: &Guards) -> Self {
        let mut answers = Vec::new();
        for ask in &case.asks {
            let mut answer = send(address, ask).await;
            if guards.address().is_none() {
                // Envoy says so only of a service's limits; whoever tries again should know of one's own, too.
                answer.headers.remove("x-envoy-ratelimited");
            }
            answers.push(answer);
        }
        let questions = std::mem::take(&mut *guards.questions.lock().expect("no panic"));
        Self { answers, questions }
    }
}

async fn send(address: SocketAddr, ask: &Ask) -> Outcome {
    let mut client = http1(TcpStream::connect(address).await.expect("an open port")).await;
    Outcome::of(soon(client.send_request(ask.request())).await.expect("an answer")).await
}
