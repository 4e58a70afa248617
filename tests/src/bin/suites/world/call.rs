//! Requests, and what came of them.

use super::{
    Way, World,
    echo::{Seen, joined},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header::HOST};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh_core::table::{Decision, RequestView};
use mesh_tower::Body;
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;

/// A request that somebody sends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// The method.
    pub(crate) method: String,
    /// The host it asks for, perhaps with a port.
    pub(crate) host: String,
    /// The path and query; `/` when empty. What follows a `#` stays with the client.
    pub(crate) path: String,
    /// Its headers.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether it is sent in HTTP/2.
    pub(crate) is_http2: bool,
    /// The gateway's port; what a service calls has its port in the host.
    pub(crate) port: u16,
    /// The host that the client names in TLS; plain text without it.
    pub(crate) sni: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    headers: HeaderMap,
    /// What reached the upstream, if one answered.
    pub(crate) seen: Option<Seen>,
}

impl Reply {
    /// The values of a header, joined by commas.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        joined(&self.headers, name)
    }

    async fn of<B>(response: Response<B>) -> Result<Self, String>
    where
        B: http_body::Body<Data = Bytes, Error: std::fmt::Display>,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| format!("the body failed: {error}"))?.to_bytes();
        let seen = serde_json::from_slice(&body).ok();
        Ok(Self { status: head.status.as_u16(), headers: head.headers, seen })
    }
}

impl Call {
    /// The request as a client of the mesh writes it.
    fn request(&self) -> Result<Request<Body>, String> {
        let path = self.path.split('#').next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        let builder = Request::builder().method(self.method.as_str());
        let request = builder.uri(format!("http://{}{path}", self.host)).body(Body::empty());
        let mut request = request.map_err(|error| format!("{error}: {self:?}"))?;
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(|error| format!("{error}: {name}"))?;
            let value = HeaderValue::try_from(value).map_err(|error| format!("{error}: {value}"))?;
            request.headers_mut().append(name, value);
        }
        if self.is_http2 {
            *request.version_mut() = Version::HTTP_2;
        }
        Ok(request)
    }

    /// The same as it is written in HTTP/1.1.
    fn request_http1(&self) -> Result<Request<Body>, String> {
        let mut request = self.request()?;
        let host = HeaderValue::try_from(&self.host).map_err(|error| format!("{error}: {}", self.host))?;
        request.headers_mut().entry(HOST).or_insert(host);
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        Ok(request)
    }
}

impl World {
    /// Sends a request. The error says why nobody answered.
    pub(crate) async fn send(&self, call: &Call) -> Result<Reply, String> {
        let gate = match &self.way {
            Way::Mesh => {
                let response = self.mesh.client().request(call.request()?).await;
                return Reply::of(response.map_err(|error| error.to_string())?).await;
            }
            Way::Workload { address, .. } => {
                let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
                return exchange(stream, call).await;
            }
            Way::Gateway(gate) => gate,
        };
        let Some(door) = gate.doors.get(&call.port) else {
            return Err(format!("the gateway does not open port {}", call.port));
        };
        let Some(sni) = &call.sni else {
            let stream = TcpStream::connect(door).await.map_err(|error| error.to_string())?;
            return exchange(stream, call).await;
        };
        let alpn = if call.is_http2 { "h2" } else { "http/1.1" };
        let stream = gate.authority.shake_hands(*door, Some(sni), &[alpn]).await;
        exchange(stream.map_err(|error| format!("no handshake: {error}"))?, call).await
    }

    /// Sends a request, and follows where redirects lead.
    pub(crate) async fn follow(&self, call: &Call) -> Result<Reply, String> {
        let mut call = call.clone();
        for _ in 0..MOST_REDIRECTS {
            let reply = self.send(&call).await?;
            let Some(location) = reply.header("location").filter(|_| reply.status / 100 == 3) else {
                return Ok(reply);
            };
            let uri: Uri = location.parse().map_err(|error| format!("{location}: {error}"))?;
            call.host = uri.authority().map_or(call.host, ToString::to_string);
            call.path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        }
        Err(format!("more than {MOST_REDIRECTS} redirects"))
    }

    /// The share of requests that goes to each service, by the first label of its name: of `count` rolls of the dice
    /// that are spread evenly, so that the shares are the same each time.
    pub(crate) fn shares(&self, call: &Call, count: u32) -> Result<BTreeMap<String, f64>, String> {
        let (snapshot, request) = (self.mesh.handle().snapshot(), call.request()?);
        let view = match self.way {
            Way::Mesh | Way::Workload { .. } => RequestView::outbound(&request),
            Way::Gateway(_) => RequestView::at_gateway(&request, call.port, call.sni.is_some()),
        };
        let mut shares = BTreeMap::new();
        for number in 0..count {
            let Decision::Forward(chosen) = snapshot.decide(&view, number * (u32::MAX / count)) else {
                return Err("a request is not forwarded".to_owned());
            };
            let host = snapshot.target(chosen).map(|target| target.host.to_string()).unwrap_or_default();
            let name = host.split('.').next().unwrap_or_default();
            *shares.entry(name.to_owned()).or_insert(0.0) += 1.0 / f64::from(count);
        }
        Ok(shares)
    }
}

async fn exchange<I>(io: I, call: &Call) -> Result<Reply, String>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| error.to_string();
    let response = if call.is_http2 {
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.map_err(failed)?;
        tokio::spawn(connection);
        sender.send_request(call.request()?).await
    } else {
        let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(failed)?;
        tokio::spawn(connection);
        sender.send_request(call.request_http1()?).await
    };
    Reply::of(response.map_err(failed)?).await
}
