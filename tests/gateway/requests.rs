//! What happens to requests that come in.

use http::{
    Request, Response, StatusCode,
    header::{CONNECTION, HOST, LOCATION},
};
use hyper::body::Incoming;
use mesh_tower::{Body, Mesh};
use std::net::SocketAddr;
use tests::{
    documents::{Documents, routes, service},
    gate::{Gate, door, mirror, plain},
    mesh::{gateway_config, run_gateway},
    soon,
    upstream::Upstream,
    wire::{self, text},
};
use tokio::net::TcpStream;

struct Plain {
    gate: Gate,
    _upstream: Upstream,
}

/// A gateway that serves in plain HTTP, with these servers.
async fn gateway(servers: &[&str]) -> Plain {
    let upstream = Upstream::serving(mirror).await;
    let gate = Gate::open(upstream.address, &[80], &door(servers), |_, _| {}).await;
    Plain { gate, _upstream: upstream }
}

async fn send(address: SocketAddr, request: http::request::Builder) -> Response<Incoming> {
    let mut client = wire::http1(TcpStream::connect(address).await.expect("an open port")).await;
    soon(client.send_request(request.body(Body::empty()).expect("a request"))).await.expect("an answer")
}

#[tokio::test]
async fn a_host_of_nobody_is_not_found() {
    let server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}";
    let plain = gateway(&[server]).await;
    for (host, status) in [
        ("shop.example.com", StatusCode::OK),
        ("Shop.Example.com:8080", StatusCode::OK),
        ("other.example.com", StatusCode::NOT_FOUND),
        ("", StatusCode::NOT_FOUND),
    ] {
        let response = send(plain.gate.addresses[0], Request::get("/").header(HOST, host)).await;
        assert_eq!(response.status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_server_may_send_everybody_to_https() {
    let server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com], tls: {httpsRedirect: true}}";
    let plain = gateway(&[server]).await;
    let request = Request::get("/a/b?c=d").header(HOST, "shop.example.com");
    let response = send(plain.gate.addresses[0], request).await;
    assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(response.headers()[LOCATION], "https://shop.example.com/a/b?c=d");
    assert_eq!(soon(text(response)).await, "");
}

#[tokio::test]
async fn the_service_learns_who_asked_and_how() {
    let plain = gateway(&[&plain(80)]).await;
    let request = Request::get("/").header(HOST, "shop.example.com").header("x-forwarded-proto", "https");
    let request = request.header("x-forwarded-for", "192.0.2.1").header("x-forwarded-for", "192.0.2.2");
    let seen = soon(text(send(plain.gate.addresses[0], request).await)).await;
    assert!(seen.contains("x-forwarded-for: 192.0.2.1, 192.0.2.2, 127.0.0.1\n"), "{seen}");
    assert!(seen.contains("x-forwarded-proto: http\n"), "{seen}");
    assert_eq!(seen.matches("x-forwarded").count(), 2);
}

#[tokio::test]
async fn a_stranger_cannot_say_what_only_members_of_the_mesh_may() {
    let plain = gateway(&[&plain(80)]).await;
    let inside = [
        "decorator-operation",
        "downstream-service-cluster",
        "downstream-service-node",
        "expected-rq-timeout-ms",
        "force-trace",
        "hedge-on-per-try-timeout",
        "internal",
        "ip-tags",
        "max-retries",
        "original-host",
        "peer-metadata",
        "peer-metadata-id",
        "original-path",
        "original-url",
        "retriable-header-names",
        "retriable-status-codes",
        "retry-grpc-on",
        "retry-on",
        "upstream-alt-stat-name",
        "upstream-rq-per-try-timeout-ms",
        "upstream-rq-timeout-alt-response",
        "upstream-rq-timeout-ms",
    ];
    let request = Request::get("/").header(HOST, "shop.example.com").header("x-envoy-other", "1");
    let request = inside.iter().fold(request, |request, name| request.header(format!("x-envoy-{name}"), "1"));
    let seen = soon(text(send(plain.gate.addresses[0], request).await)).await;
    let (told, names): (Vec<_>, Vec<_>) = seen
        .lines()
        .filter(|line| line.starts_with("x-envoy-"))
        .partition(|line| line.starts_with("x-envoy-peer-metadata"));
    assert_eq!(names, ["x-envoy-other: 1", "x-envoy-attempt-count: 1"]);
    // The gateway says who it is itself.
    assert!(told.len() == 2 && told.iter().all(|line| !line.ends_with(": 1")), "{told:?}");
}

#[tokio::test]
async fn headers_of_one_connection_stay_with_it() {
    let upstream = Upstream::serving(|request: Request<Incoming>| async {
        let mut response = mirror(request).await?;
        for (name, value) in [("connection", "x-secret"), ("x-secret", "1"), ("keep-alive", "timeout=5")] {
            response.headers_mut().insert(name, value.parse()?);
        }
        Ok(response)
    })
    .await;
    let gate = Gate::open(upstream.address, &[80], &door(&[&plain(80)]), |_, _| {}).await;
    let request =
        Request::get("/").header(HOST, "shop.example.com").header(CONNECTION, "x-private, Keep-Alive");
    let request = request.header("x-private", "1").header("keep-alive", "timeout=5").header("te", "gzip");
    let request =
        request.header("proxy-connection", "keep-alive").header("x-public", "1").header("upgrade", "foo");
    let response = send(gate.addresses[0], request).await;
    for name in ["connection", "x-secret", "keep-alive"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    let seen = soon(text(response)).await;
    for name in ["connection", "x-private", "keep-alive", "te", "proxy-connection", "upgrade"] {
        assert!(!seen.lines().any(|line| line.starts_with(&format!("{name}:"))), "{name}: {seen}");
    }
    assert!(seen.contains("x-public: 1\n"), "{seen}");
}

#[tokio::test]
async fn the_host_of_the_request_line_wins() {
    let plain =
        gateway(&["{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}"]).await;
    let address = plain.gate.addresses[0];
    let request = Request::get("http://me:secret@shop.example.com/a").header(HOST, "other.example.com");
    let response = send(address, request).await;
    assert_eq!(response.headers()["x-line"], "GET /a");
    let seen = soon(text(response)).await;
    assert!(seen.contains("host: shop.example.com\n"), "{seen}");
    let request = Request::get("http://other.example.com/a").header(HOST, "shop.example.com");
    assert_eq!(send(address, request).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn trailers_pass_the_gateway_when_the_client_takes_them() {
    let upstream = Upstream::serving(|_: Request<Incoming>| async {
        let (feed, body) = wire::fed();
        feed.send(wire::data("text"))?;
        feed.send(wire::trailer("x-sum", "42"))?;
        Ok(Response::builder().header("trailer", "x-sum").body(body)?)
    })
    .await;
    let gate = Gate::open(upstream.address, &[80], &door(&[&plain(80)]), |_, _| {}).await;
    let request = Request::get("/").header(HOST, "shop.example.com").header("te", "trailers");
    let response = send(gate.addresses[0], request.header(CONNECTION, "te")).await;
    let whole = soon(http_body_util::BodyExt::collect(response.into_body())).await.unwrap();
    assert_eq!(whole.trailers().unwrap()["x-sum"], "42");
}

#[tokio::test]
async fn a_service_whose_protocol_nobody_tells_is_asked_in_http1_unless_a_policy_says_as_the_client_speaks() {
    let upstream = Upstream::serving(|request: Request<Incoming>| async move {
        Ok(Response::new(format!("{:?}", request.version()).into()))
    })
    .await;
    let as_client = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: upstream}\n\
                     spec: {host: upstream, trafficPolicy: {connectionPool: {http: {useClientProtocol: true}}}}\n";
    for (port_name, rule, version) in [
        ("auto", "", "HTTP/1.1"),
        ("http2", "", "HTTP/2.0"),
        ("auto", as_client, "HTTP/2.0"),
        ("http", as_client, "HTTP/2.0"),
    ] {
        let route = routes("shop.example.com", "[{route: [{destination: {host: upstream}}]}]");
        let documents = Documents::of(&[
            &service("upstream", port_name, upstream.address),
            &door(&[&plain(80)]),
            &route.replace("{hosts:", "{gateways: [door], hosts:"),
            rule,
        ]);
        let mesh = Mesh::start(gateway_config(&documents, &[80])).await.expect("documents that are there");
        let (addresses, _) = run_gateway(&mesh).await;
        let mut client = wire::http2(TcpStream::connect(addresses[0]).await.expect("an open port")).await;
        let request = Request::get("http://shop.example.com/").body(Body::empty()).expect("a request");
        let response = soon(client.send_request(request)).await.expect("an answer");
        assert_eq!(soon(text(response)).await, version);
    }
}
