//! What a service that speaks gRPC is asked, and what its answers do.

use super::{Guarded, by_grpc, get, header, text};
use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use mesh_core::identity::SpiffeId;
use mesh_tower::{Arrival, Body, PeerIdentity, respond::Refused};
use prost::Message;
use std::{collections::BTreeMap, future::ready, net::SocketAddr};

#[derive(Clone, PartialEq, Message)]
struct Check {
    #[prost(message, optional, tag = "1")]
    attributes: Option<Attributes>,
}

#[derive(Clone, PartialEq, Message)]
struct Attributes {
    #[prost(message, optional, tag = "1")]
    source: Option<Peer>,
    #[prost(message, optional, tag = "2")]
    destination: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    request: Option<Http>,
}

#[derive(Clone, PartialEq, Message)]
struct Peer {
    #[prost(message, optional, tag = "1")]
    address: Option<Address>,
    #[prost(string, tag = "4")]
    principal: String,
}

#[derive(Clone, PartialEq, Message)]
struct Address {
    #[prost(message, optional, tag = "1")]
    socket: Option<Socket>,
}

#[derive(Clone, PartialEq, Message)]
struct Socket {
    #[prost(string, tag = "2")]
    address: String,
    #[prost(uint32, tag = "3")]
    port: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Http {
    #[prost(message, optional, tag = "2")]
    http: Option<HttpRequest>,
}

#[derive(Clone, PartialEq, Message)]
struct HttpRequest {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    method: String,
    #[prost(btree_map = "string, string", tag = "3")]
    headers: BTreeMap<String, String>,
    #[prost(string, tag = "4")]
    path: String,
    #[prost(string, tag = "5")]
    host: String,
    #[prost(string, tag = "6")]
    scheme: String,
    #[prost(int64, tag = "9")]
    size: i64,
    #[prost(string, tag = "10")]
    protocol: String,
    #[prost(string, tag = "11")]
    body: String,
    #[prost(bytes = "vec", tag = "12")]
    raw_body: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    status: Option<Code>,
    #[prost(message, optional, tag = "2")]
    denied: Option<Denied>,
    #[prost(message, optional, tag = "3")]
    ok: Option<Allowed>,
}

#[derive(Clone, PartialEq, Message)]
struct Code {
    #[prost(int32, tag = "1")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Denied {
    #[prost(message, optional, tag = "1")]
    status: Option<Code>,
    #[prost(message, repeated, tag = "2")]
    headers: Vec<HeaderOption>,
    #[prost(string, tag = "3")]
    body: String,
}

#[derive(Clone, PartialEq, Message)]
struct Allowed {
    #[prost(message, repeated, tag = "2")]
    headers: Vec<HeaderOption>,
    #[prost(string, repeated, tag = "5")]
    remove: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    response_headers: Vec<HeaderOption>,
    #[prost(message, repeated, tag = "7")]
    query: Vec<Pair>,
    #[prost(string, repeated, tag = "8")]
    remove_query: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct HeaderOption {
    #[prost(message, optional, tag = "1")]
    header: Option<Pair>,
    #[prost(message, optional, tag = "2")]
    append: Option<Bool>,
    #[prost(int32, tag = "3")]
    action: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Bool {
    #[prost(bool, tag = "1")]
    value: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

fn pair(key: &str, value: &str) -> Pair {
    Pair { key: key.into(), value: value.into() }
}

/// A header under the newer field, by the number of its action.
fn newer(key: &str, value: &str, action: i32) -> HeaderOption {
    HeaderOption { header: Some(pair(key, value)), append: None, action }
}

/// A header under the older field.
fn older(key: &str, value: &str, append: bool) -> HeaderOption {
    HeaderOption { header: Some(pair(key, value)), append: Some(Bool { value: append }), action: 0 }
}

fn guarded(more: &str, answer: Answer) -> Guarded {
    Guarded::by(by_grpc(more), move || ready(Ok(grpc(&answer))))
}

fn grpc(message: &impl Message) -> Response<Body> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    let frame = [&[0][..], &length.to_be_bytes(), &message].concat();
    let trailers =
        http::HeaderMap::from_iter([("grpc-status".parse().expect("a name"), "0".parse().expect("a value"))]);
    let body = http_body_util::Full::new(Bytes::from(frame)).with_trailers(ready(Some(Ok(trailers))));
    let body = Body::new(body);
    Response::builder().header(CONTENT_TYPE, "application/grpc").body(body).expect("an answer")
}

/// The attributes that the service was told.
fn told(guarded: &Guarded) -> Attributes {
    let (head, body) = guarded.asked.only();
    assert_eq!(head.uri.path(), "/envoy.service.auth.v3.Authorization/Check");
    Check::decode(&body[5..]).expect("a message").attributes.expect("attributes")
}

fn allowed() -> Answer {
    Answer { status: Some(Code { code: 0 }), ..Answer::default() }
}

#[tokio::test(start_paused = true)]
async fn it_is_told_who_asks_whom_for_what() {
    let guarded = guarded("", allowed());
    let id = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/buyer").expect("an id");
    let identity = PeerIdentity { id, certificate_hash: [0; 32] };
    let [peer, local]: [SocketAddr; 2] =
        ["10.0.0.1:1234", "10.0.0.2:8080"].map(|address| address.parse().expect("an address"));
    let request = Request::post("/a?b=c")
        .header("host", "product")
        .header("x-request-id", "id-1")
        .header("x-a", "1")
        .header("x-a", "2")
        .header("x-bad", http::HeaderValue::from_bytes(b"a\xff").expect("a value"))
        .extension(Arrival::over_tls(peer, local, None, Some(identity)))
        .body(Body::from("body"));
    assert_eq!(guarded.send(request.expect("a request")).await.status(), 200);
    let Attributes { source, destination, request } = told(&guarded);
    let socket = |peer: &Option<Peer>| {
        let socket = peer.as_ref().and_then(|peer| peer.address.clone()?.socket).expect("an address");
        format!("{}:{}", socket.address, socket.port)
    };
    assert_eq!([socket(&source), socket(&destination)], ["10.0.0.1:1234", "10.0.0.2:8080"]);
    assert_eq!(source.expect("a source").principal, "spiffe://cluster.local/ns/shop/sa/buyer");
    let http = request.and_then(|request| request.http).expect("a request");
    let expected = HttpRequest {
        id: "id-1".into(),
        method: "POST".into(),
        path: "/a?b=c".into(),
        host: "product".into(),
        scheme: "https".into(),
        size: 4,
        protocol: "HTTP/1.1".into(),
        headers: [
            (":authority", "product"),
            (":method", "POST"),
            (":path", "/a?b=c"),
            (":scheme", "https"),
            ("x-a", "1,2"),
            ("x-bad", "a!"),
            ("x-request-id", "id-1"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
        ..HttpRequest::default()
    };
    assert_eq!(http, expected);
}

#[tokio::test(start_paused = true)]
async fn it_is_told_of_the_body_as_text_or_as_bytes() {
    for (as_bytes, text, bytes) in [(false, "a!b", &b""[..]), (true, "", b"a\xffb")] {
        let more = format!(", includeRequestBodyInCheck: {{maxRequestBytes: 9, packAsBytes: {as_bytes}}}");
        let guarded = guarded(&more, allowed());
        let request = Request::post("/").body(Body::from(Bytes::from_static(b"a\xffb"))).expect("a request");
        assert_eq!(guarded.send(request).await.status(), 200);
        let http = told(&guarded).request.and_then(|request| request.http).expect("a request");
        assert_eq!((http.body.as_str(), &http.raw_body[..]), (text, bytes));
        assert_eq!(http.headers["x-envoy-auth-partial-body"], "false");
    }
}

#[tokio::test(start_paused = true)]
async fn it_changes_a_request_that_may_pass_and_its_answer() {
    let changes = Allowed {
        headers: vec![
            older("x-set", "2", false),
            older("x-joined", "2", true),
            older("x-not-there", "2", true),
            newer("x-added", "2", 0),
            newer("x-kept", "2", 1),
            newer("x-new", "2", 1),
            newer("x-over", "2", 2),
            newer("x-none", "2", 3),
        ],
        remove: vec!["x-gone".into(), "host".into(), ":path".into()],
        response_headers: vec![newer("x-told", "1", 2), newer("x-app", "2", 0)],
        query: vec![pair("c", "d")],
        remove_query: vec!["a".into()],
    };
    let guarded = guarded("", Answer { ok: Some(changes), ..allowed() });
    let mut request = Request::get("http://product/?a=b&e=f").header("host", "product");
    for name in ["x-set", "x-joined", "x-added", "x-kept", "x-over", "x-gone"] {
        request = request.header(name, "1");
    }
    let answer = guarded.send(request.body(Body::empty()).expect("a request")).await;
    let app: Vec<_> =
        answer.headers().get_all("x-app").iter().map(|value| value.to_str().expect("text")).collect();
    assert_eq!((app, header(answer.headers(), "x-told")), (vec!["1", "2"], "1"));
    let (head, _) = guarded.passed.only();
    assert_eq!(head.uri.to_string(), "http://product/?e=f&c=d");
    let mut headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={}", value.to_str().expect("text")))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            "host=product",
            // Envoy looks at `append` alone.
            "x-added=2",
            "x-joined=1,2",
            "x-kept=2",
            "x-new=2",
            "x-none=2",
            "x-over=2",
            "x-set=2"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn it_says_no_in_its_own_words_or_with_403() {
    let denied = Denied {
        status: Some(Code { code: 429 }),
        headers: vec![
            newer("x-why", "late", 2),
            newer("content-type", "text/html", 2),
            newer(":path", "/", 2),
        ],
        body: "<b>late</b>".into(),
    };
    let guarded = guarded("", Answer { status: Some(Code { code: 7 }), denied: Some(denied), ok: None });
    let answer = guarded.send(get("/")).await;
    assert_eq!((answer.status().as_u16(), header(answer.headers(), "x-why")), (429, "late"));
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/html");
    assert_eq!(text(answer).await, "<b>late</b>");
    assert!(guarded.passed.is_empty());

    for denied in
        [None, Some(Denied::default()), Some(Denied { status: Some(Code { code: 99 }), ..Denied::default() })]
    {
        // What would be good news says nothing where the status is none.
        let answer = Answer { status: Some(Code { code: 16 }), denied, ok: None };
        let answer = self::guarded("", answer).send(get("/")).await;
        assert_eq!(answer.status(), 403);
        let said = answer.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
        assert_eq!((said.flag, &*said.details), ("UAEX", "ext_authz_denied"));
    }
}

#[tokio::test(start_paused = true)]
async fn changes_that_make_no_sense_let_nobody_pass() {
    for option in
        [newer(":path", "/admin", 2), newer("a b", "1", 2), newer("x-a", "1\n2", 2), HeaderOption::default()]
    {
        let ok = Allowed { headers: vec![option], ..Allowed::default() };
        let guarded = guarded(", failOpen: true", Answer { ok: Some(ok), ..allowed() });
        let answer = guarded.send(get("/")).await;
        assert_eq!(answer.status(), 500);
        let said = answer.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
        assert_eq!((said.flag, &*said.details), ("UAEX", "ext_authz_invalid"));
        assert!(guarded.passed.is_empty());
    }
}
