//! Copies of requests.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mesh_tower::{Body, Mesh, mesh::Config};
use std::{future::pending, net::SocketAddr, time::Duration};
use tests::{
    documents::{Documents, routes, service},
    mesh::{OneService, config, serve},
    soon,
    upstream::{Upstream, listener, nobody},
    wire::{data, fed, text},
};
use tokio::sync::mpsc;
use tower::service_fn;

const RULES: &str =
    "[{route: [{destination: {host: upstream}}], mirror: {host: shadow}, rewrite: {uri: /new/}}]";

/// A server that hands the path and the body of its requests to the test.
async fn telling() -> (Upstream, mpsc::UnboundedReceiver<(String, Option<Bytes>)>) {
    let (told, tells) = mpsc::unbounded_channel();
    let upstream = Upstream::serving(move |request: Request<Incoming>| {
        let told = told.clone();
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.ok().map(http_body_util::Collected::to_bytes);
            // Not everybody wants to know.
            let _ = told.send((path, body));
            Ok(Response::new("told".into()))
        }
    })
    .await;
    (upstream, tells)
}

fn documents(port_name: &str, upstream: SocketAddr, shadow: SocketAddr) -> Documents {
    let services = [service("upstream", port_name, upstream), service("shadow", port_name, shadow)];
    Documents::of(&[&services[0], &services[1], &routes("upstream", RULES)])
}

async fn mirrored(port_name: &str, upstream: SocketAddr, shadow: SocketAddr) -> OneService {
    let documents = documents(port_name, upstream, shadow);
    OneService { mesh: tests::mesh::join(&documents).await, documents }
}

fn post(body: Body) -> Request<Body> {
    Request::post("http://upstream/old").body(body).expect("a request")
}

#[tokio::test]
async fn a_copy_arrives_as_the_request_does_whether_its_body_is_whole_or_streams() {
    for port_name in ["http", "http2"] {
        let ((upstream, mut own), (shadow, mut copies)) = (telling().await, telling().await);
        let one = mirrored(port_name, upstream.address, shadow.address).await;
        for streams in [false, true] {
            let (feed, stream) = fed();
            feed.send(data("some ")).unwrap();
            feed.send(data("text")).unwrap();
            drop(feed);
            let body = if streams { stream } else { "some text".into() };
            let response = soon(one.mesh.client().request(post(body))).await.unwrap();
            assert_eq!(soon(text(response)).await, "told");
            let expected = Some(("/new/old".to_owned(), Some(Bytes::from_static(b"some text"))));
            assert_eq!(soon(own.recv()).await, expected);
            assert_eq!(soon(copies.recv()).await, expected, "{port_name}");
        }
    }
}

#[tokio::test]
async fn a_request_does_not_notice_a_mirror_that_is_dead_or_takes_nothing() {
    let (upstream, mut own) = telling().await;
    let deaf = Upstream::raw(|stream| async move {
        let _open = stream;
        pending::<()>().await;
    })
    .await;
    for shadow in [nobody().await, deaf.address] {
        let one = mirrored("http", upstream.address, shadow).await;
        let (feed, body) = fed();
        for _ in 0..640 {
            feed.send(Ok(http_body::Frame::data(Bytes::from_static(&[7; 1 << 14])))).unwrap();
        }
        drop(feed);
        let response = soon(one.mesh.client().request(post(body))).await.unwrap();
        assert_eq!(soon(text(response)).await, "told");
        let (_, body) = soon(own.recv()).await.unwrap();
        assert_eq!(body.map(|body| body.len()), Some(640 << 14));
    }
}

#[tokio::test]
async fn a_copy_does_not_hold_up_the_end_of_a_server() {
    let (upstream, _own) = telling().await;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let stuck = Upstream::serving(move |_: Request<Incoming>| {
        let _ = arrived.send(());
        pending()
    })
    .await;
    let documents = documents("http", upstream.address, stuck.address);
    let config = Config { grace: Duration::from_secs(3600), ..config(&documents) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    let (listener, address) = listener().await;
    let client = mesh.client();
    let app = service_fn(move |_: Request<Body>| {
        let client = client.clone();
        async move { client.request(post(Body::empty())).await }
    });
    let serving = serve(&mesh, listener, app);

    let stream = tokio::net::TcpStream::connect(address).await.expect("an open port");
    let mut sender = tests::wire::http1(stream).await;
    let response = soon(sender.send_request(Request::new(Body::empty()))).await.expect("an answer");
    assert_eq!(soon(text(response)).await, "told");
    soon(arrivals.recv()).await.expect("a copy");
    mesh.drain().start();
    soon(serving).await.expect("no panic").expect("a listener");
}
