//! Hosts and endpoints that only DNS knows, over real sockets and with a real resolver.

mod endpoints;
mod hosts;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use mesh_tower::{Body, BoxError, Client, Kind, Mesh, dns::Dns, mesh::Config, respond::Refused};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tests::{
    dns::{NameServer, Says},
    documents::Documents,
    mesh::config,
    soon,
    upstream::Upstream,
    wire::{self, Feed, fed, text},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::{JoinSet, yield_now},
    time::timeout,
};

/// A workload that asks this server for names, and its documents.
struct Joined {
    client: Client,
    _mesh: Mesh,
    _documents: Documents,
}

impl Joined {
    async fn new(documents: &[&str], server: &NameServer) -> Self {
        let (documents, dns) = (Documents::of(documents), Dns::at(&[server.address]));
        let config = Config { dns, ..config(&documents) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        Self { client: mesh.client(), _mesh: mesh, _documents: documents }
    }
}

/// Listeners at 127.0.0.n, all at one port.
async fn listeners<const N: usize>(numbers: [u8; N]) -> ([TcpListener; N], u16) {
    let at = |number: u8, port: u16| TcpListener::bind((Ipv4Addr::new(127, 0, 0, number), port));
    loop {
        let first = at(numbers[0], 0).await.expect("a free port");
        let port = first.local_addr().expect("a bound listener").port();
        let mut all = vec![first];
        for number in &numbers[1..] {
            // Somebody else may have that port there.
            all.extend(at(*number, port).await);
        }
        if let Ok(all) = all.try_into() {
            return (all, port);
        }
    }
}

/// Servers at 127.0.0.n, all at one port, which tell where they are. A body of `/fed` is the test's to feed.
async fn servers<const N: usize>(numbers: [u8; N]) -> ([Upstream; N], u16, UnboundedReceiver<Feed>) {
    let (listeners, port) = listeners(numbers).await;
    let (asked, feeds) = unbounded_channel();
    let serve = |listener: TcpListener| {
        let (asked, here) = (asked.clone(), listener.local_addr().expect("a bound listener").ip());
        Upstream::serving_at(listener, move |request: Request<Incoming>| {
            let body = if request.uri().path() == "/fed" {
                let (feed, body) = fed();
                asked.send(feed).map(|()| body).map_err(BoxError::from)
            } else {
                Ok(here.to_string().into())
            };
            async move { Ok(Response::new(body?)) }
        })
    };
    (listeners.map(serve), port, feeds)
}

async fn get(client: &Client, url: &str) -> (StatusCode, String) {
    let response = soon(client.get(url)).await.expect("an answer");
    (response.status(), soon(text(response)).await)
}

/// Waits until something is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    soon(async {
        while !is_so().await {
            yield_now().await;
        }
    })
    .await;
}

/// A place where nobody ever takes a connection, or refuses one, while this exists.
struct Silence {
    _listener: TcpListener,
    _queue: JoinSet<()>,
}

impl Silence {
    async fn at(number: u8, port: u16) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, number), port));
        socket.bind(address).expect("a free port");
        let listener = socket.listen(1).expect("a bound socket");
        let mut queue = JoinSet::new();
        // Nobody takes them out of the queue, and one that is full takes no more.
        until(async || {
            let connecting = timeout(Duration::from_millis(50), TcpStream::connect(address)).await;
            let is_full = connecting.is_err();
            queue.spawn(async move {
                let _stream = connecting;
                std::future::pending::<()>().await;
            });
            is_full
        })
        .await;
        Self { _listener: listener, _queue: queue }
    }
}
