//! Bodies, trailers and heads pass as they come.

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TE, TRAILER},
};
use http_body_util::BodyExt;
use mesh_tower::{Body, BoxError};
use std::future::{Ready, ready};
use tests::{
    mesh::OneService,
    soon,
    wire::{data, fed, next, text, trailer},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::service_fn;

/// Names of ports, and the version of HTTP that each means.
const PROTOCOLS: [(&str, Version); 3] =
    [("http", Version::HTTP_11), ("http2", Version::HTTP_2), ("grpc", Version::HTTP_2)];

type Answer = Ready<Result<Response<Body>, BoxError>>;

/// Answers with the request's own body, and says the version of HTTP.
fn echo(request: Request<Body>) -> Answer {
    let version = format!("{:?}", request.version());
    let response = Response::builder().header("x-version", version).header(TRAILER, "x-sum");
    ready(response.body(Body::new(request.into_body())).map_err(Into::into))
}

fn post(body: Body) -> Request<Body> {
    let request = Request::post("http://upstream/echo").header(TE, "trailers").header(TRAILER, "x-sum");
    request.body(body).expect("a request")
}

#[tokio::test]
async fn both_bodies_stream_frame_by_frame() {
    for (port_name, version) in PROTOCOLS {
        let one = OneService::serving(port_name, service_fn(echo)).await;
        let (feed, body) = fed();
        feed.send(data("first")).unwrap();
        let mut response = soon(one.mesh.client().request(post(body))).await.unwrap();
        assert_eq!(response.headers()["x-version"], format!("{version:?}"));
        assert_eq!(soon(next(response.body_mut())).await, "first");
        // The second is not sent before the first has come back.
        feed.send(data("second")).unwrap();
        assert_eq!(soon(next(response.body_mut())).await, "second");
        drop(feed);
        assert_eq!(soon(text(response)).await, "");
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    for (port_name, _) in PROTOCOLS {
        let one = OneService::serving(port_name, service_fn(echo)).await;
        let (feed, body) = fed();
        feed.send(data("text")).unwrap();
        feed.send(trailer("x-sum", "42")).unwrap();
        drop(feed);
        let response = soon(one.mesh.client().request(post(body))).await.unwrap();
        let whole = soon(response.into_body().collect()).await.unwrap();
        assert_eq!(whole.trailers().unwrap()["x-sum"], "42", "{port_name}");
        assert_eq!(whole.to_bytes(), "text");
    }
}

#[tokio::test]
async fn ten_mebibytes_come_back_as_they_went() {
    let sent: Bytes = (0..10_u32 << 20).map(|at| (at / 251) as u8).collect();
    for (port_name, _) in PROTOCOLS {
        let one = OneService::serving(port_name, service_fn(echo)).await;
        let response = soon(one.mesh.client().request(post(sent.clone().into()))).await.unwrap();
        let received = soon(response.into_body().collect()).await.unwrap().to_bytes();
        assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    }
}

/// A gRPC server: answers a call with its message and status 0, and one to `/fail` with status 5 alone.
fn grpc(request: Request<Body>) -> Answer {
    let response = Response::builder().header(CONTENT_TYPE, "application/grpc");
    if request.uri().path() == "/fail" {
        return ready(response.header("grpc-status", "5").body(Body::empty()).map_err(Into::into));
    }
    let (feed, body) = fed();
    tokio::spawn(async move {
        let message = request.into_body().collect().await.expect("a message").to_bytes();
        let _ = feed.send(Ok(http_body::Frame::data(message)));
        let _ = feed.send(trailer("grpc-status", "0"));
    });
    ready(response.body(body).map_err(Into::into))
}

fn grpc_call(path: &str) -> Request<Body> {
    let request = Request::post(format!("http://upstream{path}")).header(CONTENT_TYPE, "application/grpc");
    request.header(TE, "trailers").body("\0\0\0\0\x02hi".into()).expect("a request")
}

#[tokio::test]
async fn a_grpc_call_gets_its_message_and_its_status_in_trailers() {
    let one = OneService::serving("grpc", service_fn(grpc)).await;
    let response = soon(one.mesh.client().request(grpc_call("/say"))).await.unwrap();
    assert_eq!((response.status(), response.headers().get("grpc-status")), (StatusCode::OK, None));
    let whole = soon(response.into_body().collect()).await.unwrap();
    assert_eq!(whole.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(whole.to_bytes(), "\0\0\0\0\x02hi");
}

#[tokio::test]
async fn a_grpc_call_that_fails_gets_trailers_only() {
    let one = OneService::serving("grpc", service_fn(grpc)).await;
    let response = soon(one.mesh.client().request(grpc_call("/fail"))).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["grpc-status"]),
        (StatusCode::OK, &"5".parse().unwrap())
    );
    let whole = soon(response.into_body().collect()).await.unwrap();
    assert_eq!(whole.trailers().map(HeaderMap::len), None);
    assert!(whole.to_bytes().is_empty());
}

/// Answers GET and HEAD alike.
fn page(_: Request<Body>) -> Answer {
    ready(Ok(Response::new("text".into())))
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    for (port_name, _) in PROTOCOLS {
        let one = OneService::serving(port_name, service_fn(page)).await;
        for (method, expected) in [(Method::HEAD, ""), (Method::GET, "text"), (Method::HEAD, "")] {
            let request =
                Request::builder().method(method).uri("http://upstream/").body(Body::empty()).unwrap();
            let response = soon(one.mesh.client().request(request)).await.unwrap();
            assert_eq!(response.headers()[CONTENT_LENGTH], "4");
            assert_eq!(soon(text(response)).await, expected);
        }
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_continue() {
    let (listener, address) = tests::upstream::listener().await;
    let one = OneService::at("http", address, &[]).await;
    // Tells to continue when it wants the body.
    let reads = |request: Request<Body>| async {
        let whole = request.into_body().collect().await?.to_bytes();
        Ok::<_, BoxError>(Response::new(Body::from(whole)))
    };
    tests::mesh::serve(&one.mesh, listener, service_fn(reads));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /echo HTTP/1.1\r\nhost: upstream\r\nexpect: 100-continue\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    soon(stream.read_exact(&mut told)).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"text").await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\ntext"), "{answer}");
}

#[tokio::test]
async fn an_interim_answer_is_not_taken_for_the_answer() {
    let one = OneService::serving("http", service_fn(echo)).await;
    let mut request = post("text".into());
    request.headers_mut().insert(EXPECT, "100-continue".parse().unwrap());
    let response = soon(one.mesh.client().request(request)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(soon(text(response)).await, "text");
}
