//! Requests while tables are published ten times a second, beside requests while nothing changes.
//!
//! The service with the endpoints that are called stays as it is, and one among all others changes, in a file that holds
//! them all. The caller and the origin share one thread; what reads documents has another one.

use crate::{caller::Who, report::Meanwhile};
use benches::{services, virtual_services};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use mesh_core::source::{Batch, Source};
use mesh_tower::{Body, BoxError, Mesh, mesh::Config};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{net::TcpListener, time::Instant};

/// How often documents change. Where the mesh takes longer to read them and to tell what is wrong with them, tables are
/// published less often, and the report says how often.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// How long requests are sent in one way, before they are sent in the other.
const TURN: Duration = Duration::from_secs(1);
const ROUNDS: usize = 7;

/// Documents of which one changes as often as it is told.
struct Changing {
    batches: Vec<Arc<Batch>>,
    texts: [Vec<u8>; 2],
    turn: usize,
    is_publishing: Arc<AtomicBool>,
    next: Instant,
}

impl Source for Changing {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        self.turn += 1;
        self.batches[0] = self.batches[0].next(&self.texts[self.turn % 2]);
        self.batches.clone()
    }

    async fn changed(&mut self) {
        loop {
            tokio::time::sleep_until(self.next).await;
            self.next = (self.next + PAUSE).max(Instant::now());
            if self.is_publishing.load(Relaxed) {
                return;
            }
        }
    }
}

/// What requests take while so many hosts are published, and while they are not.
///
/// # Errors
/// When a request fails.
pub(crate) async fn measure(size: usize) -> Result<Meanwhile, BoxError> {
    let texts = [None, Some(size / 2)].map(|changed| virtual_services(size, changed).into_bytes());
    let is_publishing = Arc::new(AtomicBool::new(false));
    let batch = |name: &str, text: &[u8]| Arc::new(Batch::of(name.into(), text, "default"));
    let batches = vec![
        batch("rules.yaml", &texts[0]),
        batch("services.yaml", services(size).as_bytes()),
        batch("called.yaml", called(origin().await?).as_bytes()),
    ];
    let source =
        Changing { batches, texts, turn: 0, is_publishing: Arc::clone(&is_publishing), next: Instant::now() };
    let config = Config { service: "caller".into(), namespace: "shop".into(), ..Config::default() };
    let mesh = Mesh::with_source(config, source).await;
    let status = Arc::clone(&mesh.status().borrow());
    if let Some(fault) = status.faults.iter().find(|fault| fault.is_refusal()) {
        return Err(format!("a document is refused: {fault}").into());
    }
    let before = mesh.status().borrow().generation.0;
    let rounds = rounds(&is_publishing, async || call(&mesh).await).await?;
    let published = mesh.status().borrow().generation.0 - before;
    Ok(Meanwhile::new(Who::Mesh, size, published, &rounds))
}

/// A request, and its answer to the end.
async fn call(mesh: &Mesh) -> Result<(), BoxError> {
    let response = mesh.client().request(Request::get("http://called/").body(Body::empty())?).await?;
    if !response.status().is_success() {
        return Err(format!("a request is answered {}", response.status()).into());
    }
    response.into_body().collect().await?;
    Ok(())
}

/// What requests one after another take, by rounds: while nothing is published, and while it is.
pub(crate) async fn rounds(
    is_publishing: &AtomicBool,
    mut call: impl AsyncFnMut() -> Result<(), BoxError>,
) -> Result<Vec<[[Duration; 2]; 2]>, BoxError> {
    let mut rounds = Vec::new();
    turn(&mut call).await?;
    for _ in 0..ROUNDS {
        is_publishing.store(false, Relaxed);
        // One that is under way ends.
        tokio::time::sleep(2 * PAUSE).await;
        let quiet = turn(&mut call).await?;
        is_publishing.store(true, Relaxed);
        rounds.push([quiet, turn(&mut call).await?]);
    }
    is_publishing.store(false, Relaxed);
    Ok(rounds)
}

async fn turn(call: &mut impl AsyncFnMut() -> Result<(), BoxError>) -> Result<[Duration; 2], BoxError> {
    let until = Instant::now() + TURN;
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        call().await?;
        times.push(begun.elapsed());
    }
    Ok(percentiles(times))
}

/// The median and the 99th percentile.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    [at(50), at(99)]
}

/// What the mesh is told of the service that is called.
pub(crate) fn called(at: SocketAddr) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: called, namespace: shop}}\n\
         spec: {{hosts: [called], ports: [{{number: 80, name: http, protocol: HTTP}}], resolution: STATIC, \
         endpoints: [{{address: {}, ports: {{http: {}}}}}]}}\n",
        at.ip(),
        at.port()
    )
}

async fn origin() -> Result<SocketAddr, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|_: Request<Incoming>| async {
                Ok::<_, Infallible>(Response::new(Full::new(bytes::Bytes::from_static(b"a chair"))))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    Ok(address)
}
