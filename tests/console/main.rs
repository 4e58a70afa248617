//! The console, over real sockets.

mod browser;
mod dashboard;
mod guards;
mod shown;
mod strangers;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mesh_tower::{
    Body, Mesh,
    console::{Console, Process, Settings},
    mesh::Config,
    recorder::Recorder,
};
use serde_json::Value;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};
use tests::{
    documents::Documents,
    mesh::config,
    soon,
    wire::{http1, text},
};
use tokio::{net::TcpStream, sync::watch};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A member of the mesh with an admin endpoint and metrics of its own, and how a console knows it.
async fn member(name: &str, documents: &Documents) -> (Mesh, Process) {
    let config = Config {
        service: name.to_owned(),
        admin: Some(ANY_PORT),
        recording: Recorder::default().into(),
        ..config(documents)
    };
    let mesh = Mesh::start(config).await.expect("documents, and a free port");
    let admin = mesh.admin_address().expect("an admin endpoint");
    (mesh, Process { name: name.to_owned(), admin })
}

/// A console that shows these processes, and the documents of these folders.
async fn console(processes: Vec<Process>, documents: Vec<PathBuf>) -> Console {
    let settings = Settings {
        listen: ANY_PORT,
        processes: watch::channel(processes).1,
        documents,
        ..Settings::default()
    };
    Console::open(settings).await.expect("a free port")
}

async fn send(address: SocketAddr, request: http::request::Builder) -> Response<Incoming> {
    let request = request.body(Body::empty()).expect("a request");
    let stream = TcpStream::connect(address).await.expect("an open port");
    soon(http1(stream).await.send_request(request)).await.expect("an answer")
}

fn request(address: SocketAddr, method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", address.to_string())
}

async fn get(address: SocketAddr, path: &str) -> (StatusCode, Value) {
    let response = send(address, request(address, Method::GET, path)).await;
    let (status, text) = (response.status(), soon(text(response)).await);
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Text as a part of a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a page is sent.
struct Events {
    body: Incoming,
    read: String,
}

impl Events {
    async fn of(console: &Console) -> Self {
        let address = console.address();
        let response = send(address, request(address, Method::GET, "/api/stream")).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), read: String::new() }
    }

    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let event = event.to_owned();
                self.read = rest.to_owned();
                let Some((name, data)) = event.split_once('\n') else { continue };
                let name = name.strip_prefix("event: ").expect("a name").to_owned();
                let data = data.strip_prefix("data: ").expect("data");
                return (name, serde_json::from_str(data).expect("JSON"));
            }
            let frame = self.body.frame().await.expect("a stream that goes on").expect("a good frame");
            let data: Bytes = frame.into_data().expect("bytes");
            self.read += std::str::from_utf8(&data).expect("text");
        }
    }

    /// The first event of this name of which something is found.
    async fn find<T>(&mut self, name: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        let mut last = Value::Null;
        let found = async {
            loop {
                let (told, data) = self.next().await;
                if told == name {
                    if let Some(found) = find(&data) {
                        return found;
                    }
                    last = data;
                }
            }
        };
        let found = tokio::time::timeout(tests::shop::PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("{name} was last {last:#}"))
    }
}
