//! Servers that are no part of the mesh, and count the connections that they accept.

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use mesh_tower::{Body, BoxError};
use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A server on a port of its own. Dropping it cuts its connections.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Upstream {
    /// Answers HTTP/1.1 and HTTP/2 by a function. An error of the function resets the stream, or the connection.
    pub async fn serving<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        Self::serving_at(listener().await.0, answer)
    }

    /// The same, at a listener.
    pub fn serving_at<F, A>(listener: TcpListener, answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        Self::raw_at(listener, move |stream| {
            let answer = answer.clone();
            async move {
                let builder = Builder::new(TokioExecutor::new());
                let connection =
                    builder.serve_connection_with_upgrades(TokioIo::new(stream), service_fn(answer));
                // Clients of these tests break connections on purpose.
                let _ = connection.await;
            }
        })
    }

    /// Does with each connection what a function says.
    pub async fn raw<F, A>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        Self::raw_at(listener().await.0, serve)
    }

    fn raw_at<F, A>(listener: TcpListener, serve: F) -> Self
    where
        F: Fn(TcpStream) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().expect("a bound listener");
        let (accepted, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, opened) = (Arc::clone(&accepted), Arc::clone(&open));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, SeqCst);
                opened.fetch_add(1, SeqCst);
                let (serving, open) = (serve(stream), Arc::clone(&opened));
                connections.spawn(async move {
                    serving.await;
                    open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { address, accepted, open, _tasks: tasks }
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(SeqCst)
    }

    /// How many of them are still open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(SeqCst)
    }
}

/// A listener on a free port.
pub async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    (listener, address)
}

/// An address where nobody listens.
pub async fn nobody() -> SocketAddr {
    listener().await.1
}

/// Reads an HTTP/1.1 request's head off a stream, without a body. `None` when the client closed the connection.
pub async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).expect("a head of text"))
}
