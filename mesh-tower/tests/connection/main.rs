//! Bounds on connections and on the requests in them, over real sockets and with a paused clock.

mod bounds;
mod lives;
mod storms;
mod ways;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use mesh_core::model::{Address, ConnectionPool, Protocol};
use mesh_tower::{Body, BoxError, Error, Kind, Upstream, connection::Connection};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::{JoinHandle, JoinSet, yield_now},
};
use tower::ServiceExt;

/// A server that answers when it is told to.
struct Server {
    upstream: Upstream,
    counts: Arc<Counts>,
    _accepting: JoinSet<()>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    open: AtomicUsize,
    begun: AtomicUsize,
    answered: AtomicUsize,
    most_begun: AtomicUsize,
}

impl Server {
    /// Answers as many requests as the gate has permits.
    async fn behind(gate: Arc<Semaphore>, protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let upstream =
            Upstream { address: Address::Ip(address.ip()), port: address.port(), protocol, tls: None };
        let counts = Arc::new(Counts::default());
        let (all, mut accepting) = (Arc::clone(&counts), JoinSet::new());
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.accepted.fetch_add(1, SeqCst);
                all.open.fetch_add(1, SeqCst);
                let (gate, counts, closed) = (Arc::clone(&gate), Arc::clone(&all), Arc::clone(&all));
                let answer = service_fn(move |_| answer(Arc::clone(&gate), Arc::clone(&counts)));
                connections.spawn(async move {
                    // Clients of these tests break connections on purpose.
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                    closed.open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { upstream, counts, _accepting: accepting }
    }

    /// Answers at once.
    async fn open(protocol: Protocol) -> Self {
        Self::behind(Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)), protocol).await
    }

    fn accepted(&self) -> usize {
        self.counts.accepted.load(SeqCst)
    }

    fn connections(&self) -> usize {
        self.counts.open.load(SeqCst)
    }

    fn begun(&self) -> usize {
        self.counts.begun.load(SeqCst)
    }
}

async fn answer(gate: Arc<Semaphore>, counts: Arc<Counts>) -> Result<Response<Body>, BoxError> {
    let begun = counts.begun.fetch_add(1, SeqCst) + 1;
    counts.most_begun.fetch_max(begun, SeqCst);
    gate.acquire().await?.forget();
    counts.begun.fetch_sub(1, SeqCst);
    counts.answered.fetch_add(1, SeqCst);
    Ok(Response::new("hello".into()))
}

fn closed_gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

type Outcome = Result<Response<Body>, BoxError>;

/// Begins a request.
fn ask(connection: &Connection, server: &Server) -> JoinHandle<Outcome> {
    let mut request = Request::get("http://server/").body(Body::empty()).expect("a request");
    request.extensions_mut().insert(server.upstream.clone());
    tokio::spawn(connection.clone().oneshot(request))
}

/// Lets everybody do what they can do without time going by.
async fn settle() {
    for _ in 0..200 {
        yield_now().await;
    }
}

async fn read(outcome: JoinHandle<Outcome>) -> String {
    let response = outcome.await.expect("no panic").expect("an answer");
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn refusal(outcome: JoinHandle<Outcome>) -> Kind {
    let error = outcome.await.expect("no panic").expect_err("a refusal");
    error.downcast_ref::<Error>().expect("an error of the mesh").kind()
}

fn bounds() -> ConnectionPool {
    ConnectionPool::default()
}
