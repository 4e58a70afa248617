//! A client of the gateway.

use super::PATIENCE;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header::HOST, request::Builder};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Whom a client trusts.
pub(super) struct Trust(Arc<RootCertStore>);

impl Trust {
    pub(super) fn in_file(authority: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(authority).expect("a certificate");
        roots.add(certificate).expect("an authority");
        Self(Arc::new(roots))
    }
}

/// One connection to the gateway, kept alive from request to request.
pub struct Connection {
    sender: Sender,
    port: u16,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Connection {
    pub(super) async fn http1(port: u16, trust: &Trust) -> Self {
        let stream = TokioIo::new(tls(port, trust, b"http/1.1").await);
        let (sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self { sender: Sender::Http1(sender), port }
    }

    pub(super) async fn http2(port: u16, trust: &Trust) -> Self {
        let stream = TokioIo::new(tls(port, trust, b"h2").await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
        tokio::spawn(connection);
        Self { sender: Sender::Http2(sender), port }
    }

    /// The head of a request for a path.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Builder {
        let authority = format!("minikube.me:{}", self.port);
        let request = Request::builder().method(method);
        match self.sender {
            Sender::Http1(_) => request.uri(path).header(HOST, authority),
            Sender::Http2(_) => request.uri(format!("https://{authority}{path}")),
        }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Panics
    /// The connection breaks, or there is no answer in time.
    pub async fn send(&mut self, head: Builder, body: impl Into<Bytes>) -> Reply {
        let request = head.body(Full::new(body.into())).expect("a request");
        timeout(PATIENCE, self.exchange(request)).await.expect("an answer in time").expect("an answer")
    }

    /// Reads a path with a token.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn get(&mut self, token: &str, path: &str) -> Reply {
        self.ask(Method::GET, token, path).await
    }

    /// Asks for a path with a token and no body.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn ask(&mut self, method: Method, token: &str, path: &str) -> Reply {
        let request = self.request(method, path).header("authorization", format!("Bearer {token}"));
        self.send(request, "").await
    }

    /// Creates a product.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub async fn post(&mut self, token: &str, product: String) -> Reply {
        let request = self
            .request(Method::POST, "/product-composite")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        self.send(request, product).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Reply> {
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let (head, body) = response.into_parts();
        Ok(Reply { status: head.status, headers: head.headers, body: body.collect().await?.to_bytes() })
    }
}

impl Reply {
    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The versions that answered, as `[product-composite, product, recommendation, review]`; empty where none did.
    #[must_use]
    pub fn versions(&self) -> [String; 4] {
        let addresses = &self.json()["serviceAddresses"];
        ["cmp", "pro", "rec", "rev"].map(|service| {
            let address = addresses[service].as_str().unwrap_or_default();
            address.rsplit_once(" (").map_or("", |(_, version)| version.trim_end_matches(')')).to_owned()
        })
    }
}

/// Reads a path of an instance itself, past the gateway and without TLS.
///
/// # Panics
/// There is no answer in time.
pub async fn fetch(address: SocketAddr, path: &str) -> Reply {
    let stream = TokioIo::new(TcpStream::connect(address).await.expect("an instance that listens"));
    let (sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    let mut connection = Connection { sender: Sender::Http1(sender), port: address.port() };
    let head = connection.request(Method::GET, path);
    connection.send(head, "").await
}

async fn tls(port: u16, trust: &Trust, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut config = ClientConfig::builder().with_root_certificates(trust.0.clone()).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_owned()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a gateway that listens");
    stream.set_nodelay(true).expect("a connection");
    let name = ServerName::try_from("minikube.me").expect("a name");
    let stream =
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a gateway to trust");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    stream
}
