//! What HTTP promises passes through TLS as it does without.

use crate::{caller, meshed};
use bytes::Bytes;
use http::{
    Request, Response, StatusCode,
    header::{CONNECTION, TE, TRAILER, UPGRADE},
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use mesh_tower::{Body, BoxError, Mesh};
use std::future::{Ready, ready};
use tests::{
    documents::Documents,
    soon,
    upstream::Upstream,
    wire::{data, fed, next, text, trailer},
    workloads::{Mint, serving},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Answer = Ready<Result<Response<Body>, BoxError>>;

/// Answers with the request's own body.
fn echo(request: Request<Incoming>) -> Answer {
    let response = Response::builder().header(TRAILER, "x-sum");
    ready(response.body(Body::new(request.into_body())).map_err(Into::into))
}

async fn called<F, A>(port_name: &str, answer: F) -> (Mesh, Upstream)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
{
    let mint = Mint::default();
    let upstream = serving(mint.server(&mint.mint(&[&Mint::id("upstream")], |_| {})), answer).await;
    let mesh = caller(&mint, &Documents::of(&[&meshed(port_name, upstream.address)])).await;
    (mesh, upstream)
}

fn post(body: Body) -> Request<Body> {
    let request = Request::post("http://upstream/echo").header(TE, "trailers").header(TRAILER, "x-sum");
    request.body(body).expect("a request")
}

#[tokio::test]
async fn bodies_stream_and_trailers_pass_both_ways() {
    for port_name in ["http", "http2", "grpc"] {
        let (mesh, _upstream) = called(port_name, echo).await;
        let (feed, body) = fed();
        feed.send(data("first")).unwrap();
        let mut response = soon(mesh.client().request(post(body))).await.unwrap();
        assert_eq!(soon(next(response.body_mut())).await, "first");
        // The second is not sent before the first has come back.
        feed.send(data("second")).unwrap();
        assert_eq!(soon(next(response.body_mut())).await, "second");
        feed.send(trailer("x-sum", "42")).unwrap();
        drop(feed);
        let rest = soon(response.into_body().collect()).await.unwrap();
        assert_eq!(rest.trailers().unwrap()["x-sum"], "42", "{port_name}");
    }
}

#[tokio::test]
async fn ten_mebibytes_come_back_as_they_went() {
    let sent: Bytes = (0..10_u32 << 20).map(|at| (at / 251) as u8).collect();
    for port_name in ["http", "http2"] {
        let (mesh, upstream) = called(port_name, echo).await;
        for _ in 0..2 {
            let response = soon(mesh.client().request(post(sent.clone().into()))).await.unwrap();
            let received = soon(response.into_body().collect()).await.unwrap().to_bytes();
            assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
        }
        assert_eq!(upstream.accepted(), 1);
    }
}

#[tokio::test]
async fn many_requests_share_one_connection_of_http2() {
    let (mesh, upstream) = called("http2", echo).await;
    let one = |number: usize| {
        let mesh = mesh.clone();
        async move {
            let response = mesh.client().request(post(Body::from(number.to_string()))).await.unwrap();
            assert_eq!(text(response).await, number.to_string());
        }
    };
    soon(futures_util::future::join_all((0..100).map(one))).await;
    assert_eq!(upstream.accepted(), 1);
}

/// Agrees to leave HTTP, and sends every byte back.
fn agree(mut request: Request<Incoming>) -> Answer {
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded.await.expect("an upgrade")));
        tokio::io::copy(&mut reader, &mut writer).await.expect("an echo");
        writer.shutdown().await.expect("an end");
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header(CONNECTION, "upgrade").header(UPGRADE, "websocket");
    ready(response.body(Body::empty()).map_err(Into::into))
}

#[tokio::test]
async fn a_websocket_leaves_http_within_tls() {
    let (mesh, _upstream) = called("http", agree).await;
    let request = Request::get("http://upstream/").header(CONNECTION, "upgrade").header(UPGRADE, "websocket");
    let mut response = soon(mesh.client().request(request.body(Body::empty()).unwrap())).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let mut stream = TokioIo::new(soon(hyper::upgrade::on(&mut response)).await.unwrap());
    for text in ["one", "two"] {
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut echo = [0; 3];
        soon(stream.read_exact(&mut echo)).await.unwrap();
        assert_eq!(echo, text.as_bytes());
    }
    stream.shutdown().await.unwrap();
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
}
