//! What strangers send who mean no good, over real sockets: nothing gets through, nothing hangs, and others are served.

mod floods;
mod framing;
mod hosts;
mod http2;
mod paths;
mod renegotiation;
mod stalls;
mod strangers;

use http::{Request, Response, header::HOST};
use http_body_util::BodyExt;
use mesh_tower::{Body, BoxError, Mesh};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{
    documents::Documents,
    gate::{Gate, door, plain},
    mesh::{config, serve},
    soon,
    upstream::{Upstream, listener},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tower::service_fn;

/// A request line as the application saw it, with all its Host headers.
type Seen = Arc<Mutex<Vec<String>>>;

/// An application that notes what it is asked, at a door of the mesh.
struct Door {
    address: SocketAddr,
    seen: Seen,
    _documents: Documents,
    _held: (Mesh, Option<Gate>, Option<Upstream>),
}

impl Door {
    /// A workload, with these documents.
    async fn workload(documents: &[&str]) -> Self {
        let documents = Documents::of(documents);
        let mesh = Mesh::start(config(&documents)).await.expect("documents that are there");
        let (listener, address) = listener().await;
        let seen = Seen::default();
        let noted = Arc::clone(&seen);
        serve(&mesh, listener, service_fn(move |request| note(request, Arc::clone(&noted))));
        Self { address, seen, _documents: documents, _held: (mesh, None, None) }
    }

    /// A gateway before it.
    async fn gateway() -> Self {
        let seen = Seen::default();
        let noted = Arc::clone(&seen);
        let upstream = Upstream::serving(move |request| note(request, Arc::clone(&noted))).await;
        let gate = Gate::open(upstream.address, &[80], &door(&[&plain(80)]), |_, _| {}).await;
        let (address, mesh) = (gate.addresses[0], gate.mesh.clone());
        Self { address, seen, _documents: Documents::new(), _held: (mesh, Some(gate), Some(upstream)) }
    }

    /// Both kinds.
    async fn both() -> [Self; 2] {
        [Self::workload(&[]).await, Self::gateway().await]
    }

    /// What the application saw since it was asked the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().expect("no panic"))
    }

    /// Whether somebody else is served.
    async fn serves(&self) {
        let answer =
            exchange(self.address, b"GET /other HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert_eq!(status(&answer), Some(200), "{answer}");
        let mut seen = self.seen.lock().expect("no panic");
        let last = seen.pop();
        assert_eq!(last.as_deref(), Some("GET /other a"));
    }
}

/// Notes a request once its body is read.
async fn note<B>(request: Request<B>, seen: Seen) -> Result<Response<Body>, BoxError>
where
    B: http_body::Body<Error: Into<BoxError>>,
{
    let (head, body) = request.into_parts();
    let hosts: Vec<_> = head.headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or("?")).collect();
    let line = format!("{} {} {}", head.method, head.uri.path(), hosts.join("+"));
    let length = body.collect().await.map_err(Into::into)?.to_bytes().len();
    let names: Vec<_> = head.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    seen.lock().expect("no panic").push(line);
    Ok(Response::builder().header("x-length", length).body(names.join("\n").into())?)
}

/// Sends bytes, and reads what comes until the other end has nothing more to say.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("an open port");
    stream.write_all(bytes).await.expect("a server that reads");
    let mut answer = Vec::new();
    // One that keeps the connection says nothing more once it has answered everything.
    let _ = timeout(Duration::from_millis(300), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the first answer.
fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// The memory of this process, in bytes.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line about memory");
    let kilobytes: usize =
        line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    kilobytes << 10
}
