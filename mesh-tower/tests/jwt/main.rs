//! Tokens of requests, through the layer that judges them.

mod attacks;
mod issuer;
mod keys;
mod policies;
mod tokens;

use bytes::Bytes;
use http::{Request, Response};
use issuer::{ISSUER, clock};
use mesh_core::model::{KeySource, RemoteKeys, TokenRule};
use mesh_tower::{
    Body, BoxError, Error, Kind, TokenFault,
    jwt::{Fetch, JwtLayer, Keys},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tower::{Layer, ServiceExt, service_fn};

/// A rule for an issuer whose keys are these.
fn rule(keys: &str) -> TokenRule {
    TokenRule {
        issuer: Some(ISSUER.into()),
        audiences: Vec::new(),
        keys: KeySource::Inline(keys.into()),
        places: TokenRule::usual_places(),
        payload_header: None,
        claim_headers: Vec::new(),
        forwards: false,
        lists: TokenRule::LISTS.map(Into::into).into(),
    }
}

/// The same whose keys have to be fetched.
fn remote_rule() -> TokenRule {
    let at =
        RemoteKeys { uri: "http://auth/keys".parse().expect("an address"), timeout: Duration::from_secs(5) };
    TokenRule { keys: KeySource::At(at), ..rule("") }
}

/// The layer for some rules, at the time of all tests.
fn layer(rules: impl IntoIterator<Item = TokenRule>, keys: Keys) -> JwtLayer {
    JwtLayer::new(rules, keys).with_clock(Arc::new(clock))
}

/// What came of a request: the request as the service sees it, or why it was refused.
async fn send(layer: &JwtLayer, request: Request<Body>) -> Result<Request<Body>, Error> {
    let seen = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&seen);
    let service = service_fn(move |request: Request<Body>| {
        *kept.lock().expect("no panic") = Some(request);
        async { Ok::<_, BoxError>(Response::new(Body::empty())) }
    });
    match layer.layer(service).oneshot(request).await {
        Ok(_) => Ok(seen.lock().expect("no panic").take().expect("the service was asked")),
        Err(error) => Err(*error.downcast::<Error>().expect("a refusal")),
    }
}

/// A request with a token in the usual place.
fn bearing(token: &str) -> Request<Body> {
    Request::get("http://shop.test/a")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .expect("a request")
}

/// Why a token is refused; `None` when it is not.
async fn fault(layer: &JwtLayer, token: &str) -> Option<TokenFault> {
    match send(layer, bearing(token)).await {
        Ok(_) => None,
        Err(error) => match error.kind() {
            Kind::BadToken(fault) => Some(fault),
            other => panic!("refused otherwise: {other:?}"),
        },
    }
}

/// A server of keys that can be told what to answer, and counts how often it was asked.
#[derive(Clone, Default)]
struct Server(Arc<Answers>);

#[derive(Default)]
struct Answers {
    body: Mutex<Option<String>>,
    asked: AtomicUsize,
    takes: Mutex<Duration>,
}

impl Server {
    /// What it answers from now on; nothing but failures without.
    fn answers(&self, body: Option<String>) {
        *self.0.body.lock().expect("no panic") = body;
    }

    /// The time that its answers take from now on.
    fn takes(&self, time: Duration) {
        *self.0.takes.lock().expect("no panic") = time;
    }

    fn asked(&self) -> usize {
        self.0.asked.load(SeqCst)
    }

    fn keys(&self) -> Keys {
        let server = self.clone();
        let fetch: Fetch = Arc::new(move |_, _| {
            let server = server.clone();
            Box::pin(async move {
                server.0.asked.fetch_add(1, SeqCst);
                let takes = *server.0.takes.lock().expect("no panic");
                tokio::time::sleep(takes).await;
                let body = server.0.body.lock().expect("no panic").clone();
                body.map(Bytes::from).ok_or_else(|| "the server is down".into())
            })
        });
        Keys::new(fetch)
    }
}
