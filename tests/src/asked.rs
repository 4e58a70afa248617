//! Services that the mesh asks about requests, and that answer as a test says.

use crate::upstream::Upstream;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use mesh_tower::Body;
use prost::Message;
use std::future::ready;

/// Messages of `envoy.service.auth.v3`, as far as tests look at them.
pub mod auth {
    use prost::Message;
    use std::collections::BTreeMap;

    /// `CheckRequest`.
    #[derive(Clone, PartialEq, Message)]
    pub struct CheckRequest {
        /// What is asked about.
        #[prost(message, optional, tag = "1")]
        pub attributes: Option<Attributes>,
    }

    /// `AttributeContext`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Attributes {
        /// Who asks.
        #[prost(message, optional, tag = "1")]
        pub source: Option<Peer>,
        /// Who is asked.
        #[prost(message, optional, tag = "2")]
        pub destination: Option<Peer>,
        /// For what.
        #[prost(message, optional, tag = "4")]
        pub request: Option<RequestOf>,
    }

    /// `AttributeContext.Peer`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Peer {
        /// Where it is.
        #[prost(message, optional, tag = "1")]
        pub address: Option<Address>,
        /// Who it is.
        #[prost(string, tag = "4")]
        pub principal: String,
    }

    /// `Address`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Address {
        /// Of a socket.
        #[prost(message, optional, tag = "1")]
        pub socket: Option<Socket>,
    }

    /// `SocketAddress`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Socket {
        /// The IP address.
        #[prost(string, tag = "2")]
        pub address: String,
        /// The port.
        #[prost(uint32, tag = "3")]
        pub port: u32,
    }

    /// `AttributeContext.Request`.
    #[derive(Clone, PartialEq, Message)]
    pub struct RequestOf {
        /// Of HTTP.
        #[prost(message, optional, tag = "2")]
        pub http: Option<HttpRequest>,
    }

    /// `AttributeContext.HttpRequest`.
    #[derive(Clone, PartialEq, Message)]
    pub struct HttpRequest {
        /// The method.
        #[prost(string, tag = "2")]
        pub method: String,
        /// All headers.
        #[prost(btree_map = "string, string", tag = "3")]
        pub headers: BTreeMap<String, String>,
        /// The path with its query.
        #[prost(string, tag = "4")]
        pub path: String,
        /// The host.
        #[prost(string, tag = "5")]
        pub host: String,
        /// The scheme.
        #[prost(string, tag = "6")]
        pub scheme: String,
        /// The version of HTTP.
        #[prost(string, tag = "10")]
        pub protocol: String,
        /// The body as text.
        #[prost(string, tag = "11")]
        pub body: String,
        /// The body as bytes.
        #[prost(bytes = "vec", tag = "12")]
        pub raw_body: Vec<u8>,
    }

    /// `CheckResponse`.
    #[derive(Clone, PartialEq, Message)]
    pub struct CheckResponse {
        /// Whether the request may pass.
        #[prost(message, optional, tag = "1")]
        pub status: Option<Code>,
        /// What its client gets if not.
        #[prost(message, optional, tag = "2")]
        pub denied: Option<Denied>,
        /// What is changed of it if so.
        #[prost(message, optional, tag = "3")]
        pub ok: Option<Allowed>,
    }

    /// `google.rpc.Status` and `HttpStatus`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Code {
        /// The number.
        #[prost(int32, tag = "1")]
        pub code: i32,
    }

    /// `DeniedHttpResponse`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Denied {
        /// The status.
        #[prost(message, optional, tag = "1")]
        pub status: Option<Code>,
        /// The headers.
        #[prost(message, repeated, tag = "2")]
        pub headers: Vec<HeaderOption>,
        /// The body.
        #[prost(string, tag = "3")]
        pub body: String,
    }

    /// `OkHttpResponse`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Allowed {
        /// Headers of the request.
        #[prost(message, repeated, tag = "2")]
        pub headers: Vec<HeaderOption>,
        /// Those that do not pass.
        #[prost(string, repeated, tag = "5")]
        pub remove: Vec<String>,
        /// Headers of the answer.
        #[prost(message, repeated, tag = "6")]
        pub response_headers: Vec<HeaderOption>,
        /// Query parameters.
        #[prost(message, repeated, tag = "7")]
        pub query: Vec<Pair>,
        /// Those that do not pass.
        #[prost(string, repeated, tag = "8")]
        pub remove_query: Vec<String>,
    }

    /// `HeaderValueOption`.
    #[derive(Clone, PartialEq, Message)]
    pub struct HeaderOption {
        /// The header.
        #[prost(message, optional, tag = "1")]
        pub header: Option<Pair>,
        /// Whether it is appended, in the older field.
        #[prost(message, optional, tag = "2")]
        pub append: Option<Bool>,
        /// How it is set, in the newer one.
        #[prost(int32, tag = "3")]
        pub action: i32,
    }

    /// `BoolValue`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Bool {
        /// The value.
        #[prost(bool, tag = "1")]
        pub value: bool,
    }

    /// A key and a value.
    #[derive(Clone, PartialEq, Message)]
    pub struct Pair {
        /// The key.
        #[prost(string, tag = "1")]
        pub key: String,
        /// The value.
        #[prost(string, tag = "2")]
        pub value: String,
    }

    /// A header under the newer field, by the number of its action.
    #[must_use]
    pub fn header(key: &str, value: &str, action: i32) -> HeaderOption {
        HeaderOption { header: Some(pair(key, value)), append: None, action }
    }

    /// A header under the older field.
    #[must_use]
    pub fn older(key: &str, value: &str, append: bool) -> HeaderOption {
        HeaderOption { header: Some(pair(key, value)), append: Some(Bool { value: append }), action: 0 }
    }

    /// A key and a value.
    #[must_use]
    pub fn pair(key: &str, value: &str) -> Pair {
        Pair { key: key.into(), value: value.into() }
    }
}

/// Messages of `envoy.service.ratelimit.v3`, as far as tests look at them.
pub mod limits {
    use super::auth::Pair;
    use prost::Message;

    /// `RateLimitRequest`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Asked {
        /// Whose limits.
        #[prost(string, tag = "1")]
        pub domain: String,
        /// What the request has.
        #[prost(message, repeated, tag = "2")]
        pub descriptors: Vec<Descriptor>,
        /// For how many it counts.
        #[prost(uint32, tag = "3")]
        pub hits_addend: u32,
    }

    /// `RateLimitDescriptor`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Descriptor {
        /// Its entries.
        #[prost(message, repeated, tag = "1")]
        pub entries: Vec<Pair>,
    }

    /// `RateLimitResponse`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Said {
        /// 1 within the limits, 2 beyond them.
        #[prost(int32, tag = "1")]
        pub overall_code: i32,
        /// How each descriptor stands.
        #[prost(message, repeated, tag = "2")]
        pub statuses: Vec<Status>,
        /// Headers of the answer.
        #[prost(message, repeated, tag = "3")]
        pub response_headers: Vec<Pair>,
        /// Headers of the request.
        #[prost(message, repeated, tag = "4")]
        pub request_headers: Vec<Pair>,
        /// The body of a refusal.
        #[prost(bytes = "vec", tag = "5")]
        pub raw_body: Vec<u8>,
    }

    /// `DescriptorStatus`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Status {
        /// Its code.
        #[prost(int32, tag = "1")]
        pub code: i32,
        /// Its limit.
        #[prost(message, optional, tag = "2")]
        pub limit: Option<Limit>,
        /// How much is left.
        #[prost(uint32, tag = "3")]
        pub remaining: u32,
        /// Until when.
        #[prost(message, optional, tag = "4")]
        pub reset: Option<Seconds>,
    }

    /// `RateLimit`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Limit {
        /// How many in a unit.
        #[prost(uint32, tag = "1")]
        pub requests: u32,
        /// The unit.
        #[prost(int32, tag = "2")]
        pub unit: i32,
        /// Its name.
        #[prost(string, tag = "3")]
        pub name: String,
    }

    /// `Duration`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Seconds {
        /// So many.
        #[prost(int64, tag = "1")]
        pub seconds: i64,
    }
}

/// A server that answers each call of gRPC by a function; `None` is no answer, and the call fails.
pub async fn grpc<Q, A>(answer: impl Fn(Q) -> Option<A> + Clone + Send + Sync + 'static) -> Upstream
where
    Q: Message + Default + 'static,
    A: Message + 'static,
{
    Upstream::serving(move |request: Request<Incoming>| {
        let answer = answer.clone();
        async move {
            let body = request.into_body().collect().await?.to_bytes();
            let question = Q::decode(body.get(5..).ok_or("no message")?)?;
            Ok(framed(&answer(question).ok_or("no answer")?))
        }
    })
    .await
}

fn framed(message: &impl Message) -> Response<Body> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    let frame = [&[0][..], &length.to_be_bytes(), &message].concat();
    let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    let trailers = HeaderMap::from_iter([status]);
    let body = Body::new(Full::new(Bytes::from(frame)).with_trailers(ready(Some(Ok(trailers)))));
    Response::builder().header(CONTENT_TYPE, "application/grpc").body(body).expect("an answer")
}
