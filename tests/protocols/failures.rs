//! What becomes of requests to servers that fail: Envoy's answers.

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mesh_tower::{Body, BoxError, Error, Kind, respond::Refused};
use std::{
    future::{pending, ready},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};
use tests::{
    documents::routes,
    mesh::OneService,
    soon,
    upstream::{Upstream, nobody, read_head},
    wire::{data, fed, next, text},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason: ";
// By default a request without a connection is tried again.
const AFTER_RETRIES: &str =
    "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: ";

async fn ask(one: &OneService) -> Response<Body> {
    soon(one.mesh.client().get("http://upstream/")).await.expect("an answer")
}

/// The status, Envoy's flag, and the body of the answer for a server at an address.
async fn answer(port_name: &str, address: SocketAddr) -> (StatusCode, &'static str, String) {
    let one = OneService::at(port_name, address, &[]).await;
    let response = ask(&one).await;
    let flag = response.extensions().get::<Refused>().map_or("", |refused| refused.flag);
    (response.status(), flag, soon(text(response)).await)
}

#[tokio::test]
async fn nobody_listens() {
    for port_name in ["http", "http2"] {
        let (status, flag, body) = answer(port_name, nobody().await).await;
        assert_eq!((status, flag), (StatusCode::SERVICE_UNAVAILABLE, "UF"));
        assert_eq!(body, format!("{AFTER_RETRIES}remote connection failure"));
    }
}

#[tokio::test]
async fn the_server_closes_the_connection_before_it_answers() {
    let upstream = Upstream::raw(|mut stream: TcpStream| async move {
        read_head(&mut stream).await;
    })
    .await;
    let (status, flag, body) = answer("http", upstream.address).await;
    assert_eq!((status, flag), (StatusCode::SERVICE_UNAVAILABLE, "UC"));
    assert_eq!(body, format!("{RESET}connection termination"));
}

#[tokio::test]
async fn the_server_resets_the_connection_before_it_answers() {
    let upstream = Upstream::raw(|mut stream: TcpStream| async move {
        read_head(&mut stream).await;
        stream.set_zero_linger().expect("a socket");
    })
    .await;
    let (status, flag, body) = answer("http", upstream.address).await;
    assert_eq!((status, flag), (StatusCode::SERVICE_UNAVAILABLE, "UC"));
    assert_eq!(body, format!("{RESET}connection termination"));
}

/// A frame of HTTP/2 that changes no setting.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Reads frames until one of headers.
async fn read_head_of_stream(stream: &mut TcpStream) {
    loop {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.expect("a frame");
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await.expect("a payload");
        if frame[3] == 1 {
            return;
        }
    }
}

#[tokio::test]
async fn the_server_ends_an_http2_connection_before_it_answers() {
    let upstream = Upstream::raw(|mut stream: TcpStream| async move {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.expect("a preface");
        stream.write_all(SETTINGS).await.expect("a client");
        read_head_of_stream(&mut stream).await;
    })
    .await;
    let (status, flag, body) = answer("http2", upstream.address).await;
    assert_eq!((status, flag), (StatusCode::SERVICE_UNAVAILABLE, "UC"));
    assert_eq!(body, format!("{RESET}connection termination"));
}

#[tokio::test]
async fn the_server_resets_a_stream_before_it_answers() {
    let upstream = Upstream::serving(|_: Request<Incoming>| ready(Err("no answer".into()))).await;
    let (status, flag, body) = answer("http2", upstream.address).await;
    assert_eq!((status, flag), (StatusCode::SERVICE_UNAVAILABLE, "UR"));
    assert_eq!(body, format!("{RESET}remote reset"));
}

/// The end of stream 1, of which the server says that it has not looked at it.
const REFUSED: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
/// The end of the connection, after which the server looks at no stream.
const GOAWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Ends the first stream of the first connection so, and answers the first of the next or the second with 200.
async fn refusing_first(end: &'static [u8]) -> Upstream {
    let is_first = Arc::new(AtomicBool::new(true));
    Upstream::raw(move |mut stream: TcpStream| {
        let is_first = is_first.swap(false, SeqCst);
        async move {
            let mut preface = [0; 24];
            stream.read_exact(&mut preface).await.expect("a preface");
            stream.write_all(SETTINGS).await.expect("a client");
            read_head_of_stream(&mut stream).await;
            let mut answered = 1;
            if is_first {
                stream.write_all(end).await.expect("a client");
                if end == GOAWAY {
                    return pending().await;
                }
                read_head_of_stream(&mut stream).await;
                answered = 3;
            }
            stream.write_all(&[0, 0, 1, 1, 5, 0, 0, 0, answered, 0x88]).await.expect("a client");
            pending().await
        }
    })
    .await
}

#[tokio::test]
async fn the_server_refuses_to_look_at_a_request_and_gets_it_again() {
    for (end, connections) in [(REFUSED, 1), (GOAWAY, 2)] {
        let upstream = refusing_first(end).await;
        let one = OneService::at("http2", upstream.address, &[]).await;
        let post = Request::post("http://upstream/").body(Body::from("posted")).expect("a request");
        let response = soon(one.mesh.client().request(post)).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(upstream.accepted(), connections);
    }
}

#[tokio::test]
async fn the_server_speaks_something_else() {
    for port_name in ["http", "http2"] {
        let upstream = Upstream::raw(|mut stream: TcpStream| async move {
            stream
                .write_all(b"220 smtp.example.com ESMTP ready and waiting for you\r\n\r\n")
                .await
                .expect("a client");
            pending().await
        })
        .await;
        let (status, flag, body) = answer(port_name, upstream.address).await;
        assert_eq!((status, flag), (StatusCode::BAD_GATEWAY, "UPE"), "{port_name}");
        assert_eq!(body, format!("{RESET}protocol error"));
    }
}

fn in_time() -> String {
    routes("upstream", "[{route: [{destination: {host: upstream}}], timeout: 0.2s}]")
}

#[tokio::test]
async fn the_server_does_not_answer_in_time() {
    for port_name in ["http", "http2"] {
        let upstream = Upstream::serving(|_: Request<Incoming>| pending()).await;
        let one = OneService::at(port_name, upstream.address, &[&in_time()]).await;
        let response = ask(&one).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(soon(text(response)).await, "upstream request timeout");
    }
}

#[tokio::test]
async fn the_body_does_not_end_in_time() {
    for port_name in ["http", "http2"] {
        let upstream = Upstream::serving(|_: Request<Incoming>| {
            let (feed, body) = fed();
            let _ = feed.send(data("half"));
            tokio::spawn(async move { feed.closed().await });
            ready(Ok(Response::new(body)))
        })
        .await;
        let one = OneService::at(port_name, upstream.address, &[&in_time()]).await;
        let mut response = ask(&one).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(soon(next(response.body_mut())).await, "half");
        let error: BoxError = soon(response.body_mut().frame()).await.unwrap().unwrap_err();
        assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(Kind::RouteTimeout));
    }
}

#[tokio::test]
async fn the_body_ends_before_its_length() {
    let upstream = Upstream::raw(|mut stream: TcpStream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.expect("a client");
    })
    .await;
    let one = OneService::at("http", upstream.address, &[]).await;
    let response = ask(&one).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(soon(response.into_body().collect()).await.is_err());
}

#[tokio::test]
async fn a_grpc_call_to_nobody_gets_an_answer_in_grpc() {
    let one = OneService::at("grpc", nobody().await, &[]).await;
    let call = Request::post("http://upstream/").header("content-type", "application/grpc");
    let response = soon(one.mesh.client().request(call.body(Body::empty()).unwrap())).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["grpc-status"]),
        (StatusCode::OK, &"14".parse().unwrap())
    );
    assert!(response.headers()["grpc-message"].to_str().unwrap().starts_with(AFTER_RETRIES));
}
