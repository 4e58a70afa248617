//! Connections are used again, and only good ones.

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto::Builder, graceful::GracefulConnection},
};
use mesh_tower::{Body, BoxError, Client};
use std::{
    future::{Ready, ready},
    pin::Pin,
    sync::Arc,
};
use tests::{
    mesh::OneService,
    soon,
    upstream::{Upstream, listener, read_head},
    wire::{data, fed, next, text},
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{Barrier, Notify, mpsc},
    task::JoinSet,
};

fn hello(_: Request<Incoming>) -> Ready<Result<Response<Body>, BoxError>> {
    ready(Ok(Response::new("hello".into())))
}

async fn get(client: &Client) -> String {
    let response = soon(client.get("http://upstream/")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    soon(text(response)).await
}

#[tokio::test]
async fn a_hundred_requests_in_turn_use_one_connection() {
    for port_name in ["http", "http2"] {
        let upstream = Upstream::serving(hello).await;
        let one = OneService::at(port_name, upstream.address, &[]).await;
        let client = one.mesh.client();
        for _ in 0..100 {
            assert_eq!(get(&client).await, "hello");
        }
        assert_eq!(upstream.accepted(), 1, "{port_name}");
    }
}

#[tokio::test]
async fn parallel_requests_use_a_connection_each_which_serve_again() {
    for (port_name, most) in [("http", 8), ("http2", 1)] {
        // All eight are under way before one is answered.
        let together = Arc::new(Barrier::new(8));
        let answer = move |_: Request<Incoming>| {
            let together = Arc::clone(&together);
            async move {
                together.wait().await;
                Ok(Response::new("hello".into()))
            }
        };
        let upstream = Upstream::serving(answer).await;
        let one = OneService::at(port_name, upstream.address, &[]).await;
        for _ in 0..5 {
            let mut under_way = JoinSet::new();
            for _ in 0..8 {
                let client = one.mesh.client();
                under_way.spawn(async move { get(&client).await });
            }
            assert_eq!(soon(under_way.join_all()).await, ["hello"; 8]);
        }
        assert_eq!(upstream.accepted(), most, "{port_name}");
    }
}

#[tokio::test]
async fn publishing_keeps_the_connections() {
    let upstream = Upstream::serving(hello).await;
    let one = OneService::at("http", upstream.address, &[]).await;
    let client = one.mesh.client();
    get(&client).await;
    let mut handle = one.mesh.handle();
    let before = handle.snapshot().generation();
    one.documents.write("more.yaml", &tests::documents::routes("other", "[{directResponse: {status: 204}}]"));
    while soon(handle.published()).await.unwrap().generation() == before {}
    get(&client).await;
    assert_eq!(upstream.accepted(), 1);
}

#[tokio::test]
async fn a_server_that_closes_idle_connections_is_not_noticed() {
    let (closed, mut is_closed) = mpsc::unbounded_channel();
    // Answers one request and closes the connection, without saying so before.
    let upstream = Upstream::raw(move |mut stream: TcpStream| {
        let closed = closed.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
            drop(stream);
            let _ = closed.send(());
        }
    })
    .await;
    let one = OneService::at("http", upstream.address, &[]).await;
    let client = one.mesh.client();
    for _ in 0..50 {
        assert_eq!(get(&client).await, "hello");
        soon(is_closed.recv()).await.unwrap();
        // Whatever reached this process before this connection did, the runtime has seen.
        let (_other, address) = listener().await;
        TcpStream::connect(address).await.unwrap();
    }
    assert_eq!(upstream.accepted(), 50);
}

#[tokio::test]
async fn a_response_that_is_dropped_half_read_spoils_nothing() {
    for port_name in ["http", "http2"] {
        let stream = |_: Request<Incoming>| {
            let (feed, body) = fed();
            let _ = feed.send(data("hello"));
            // Never ends by itself.
            tokio::spawn(async move { feed.closed().await });
            ready(Ok(Response::new(body)))
        };
        let upstream = Upstream::serving(stream).await;
        let one = OneService::at(port_name, upstream.address, &[]).await;
        for asked in 1..=5 {
            let mut response = soon(one.mesh.client().get("http://upstream/")).await.unwrap();
            assert_eq!(soon(next(response.body_mut())).await, "hello");
            drop(response);
            // One stream of HTTP/2 is reset; of HTTP/1.1 the connection has to close.
            assert_eq!(upstream.accepted(), if port_name == "http" { asked } else { 1 });
        }
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_half_sent_spoils_nothing() {
    for port_name in ["http", "http2"] {
        let upstream = Upstream::serving(|request: Request<Incoming>| async {
            let whole = request.into_body().collect().await?.to_bytes();
            Ok(Response::new(whole.into()))
        })
        .await;
        let one = OneService::at(port_name, upstream.address, &[]).await;
        let client = one.mesh.client();
        let (feed, body) = fed();
        feed.send(data("half")).unwrap();
        let request = Request::post("http://upstream/").body(body).unwrap();
        let given_up = tokio::spawn({
            let client = client.clone();
            async move { client.request(request).await }
        });
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
        let whole = Request::post("http://upstream/").body("whole".into()).unwrap();
        let response = soon(client.request(whole)).await.unwrap();
        assert_eq!(soon(text(response)).await, "whole");
    }
}

// Boxed, since the compiler cannot see through all of hyper's types that it is `Send`.
type Connection = Pin<Box<dyn GracefulConnection<Error = BoxError, Output = Result<(), BoxError>> + Send>>;

#[tokio::test]
async fn a_server_that_ends_its_connections_in_order_is_not_noticed() {
    for port_name in ["http", "http2"] {
        // Ends each connection with the first answer: `connection: close`, or GOAWAY.
        let upstream = Upstream::raw(|stream: TcpStream| async move {
            let is_answered = Arc::new(Notify::new());
            let answered = Arc::clone(&is_answered);
            let answer = service_fn(move |request| {
                answered.notify_one();
                hello(request)
            });
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
            let mut connection: Connection = Box::pin(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                () = is_answered.notified() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        })
        .await;
        let one = OneService::at(port_name, upstream.address, &[]).await;
        let client = one.mesh.client();
        for _ in 0..100 {
            assert_eq!(get(&client).await, "hello");
        }
        assert!(upstream.accepted() > 1, "{port_name}");
    }
}
