//! Stopping: those under way finish, nobody new comes in, and it takes no longer than it may.

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use mesh_tower::{Body, BoxError, Mesh, mesh::Config};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tests::{
    documents::Documents,
    gate::{door, mirror, plain, secure},
    mesh::{config, gateway_config, run_gateway, serve},
    soon,
    upstream::listener,
    wire::{self, Feed, data, fed, next, text},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, mpsc},
    task::{JoinHandle, yield_now},
    time::Instant,
};
use tower::service_fn;

/// More than any test takes.
const LONG: Duration = Duration::from_secs(600);

/// A service whose answers are fed by the test.
struct Fed {
    mesh: Mesh,
    address: SocketAddr,
    feeds: mpsc::UnboundedReceiver<Feed>,
    served: JoinHandle<Result<(), BoxError>>,
}

impl Fed {
    async fn serving(grace: Duration) -> Self {
        let mesh = Mesh::start(Config { grace, ..config(&Documents::new()) }).await.expect("documents");
        let (asked, feeds) = mpsc::unbounded_channel();
        let answer = move |_: Request<Body>| {
            let (feed, body) = fed();
            let told = asked.send(feed);
            async move { told.map(|()| Response::new(body)).map_err(|_| BoxError::from("the test is over")) }
        };
        let (listener, address) = listener().await;
        let served = serve(&mesh, listener, service_fn(answer));
        Self { mesh, address, feeds, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("an open port")
    }
}

fn get() -> Request<Body> {
    Request::get("http://upstream/").header("host", "upstream").body(Body::empty()).expect("a request")
}

async fn until_refused(address: SocketAddr) {
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_response_under_way_comes_to_its_end_and_nobody_new_comes_in() {
    let mut fed = Fed::serving(LONG).await;
    let mut client = wire::http1(fed.connect().await).await;
    let mut response = soon(client.send_request(get())).await.unwrap();
    let feed = soon(fed.feeds.recv()).await.unwrap();
    feed.send(data("first")).unwrap();
    assert_eq!(soon(next(response.body_mut())).await, "first");

    fed.mesh.drain().start();
    until_refused(fed.address).await;
    assert!(!fed.served.is_finished());
    feed.send(data("last")).unwrap();
    drop(feed);
    assert_eq!(soon(text(response)).await, "last");
    soon(fed.served).await.unwrap().unwrap();
    assert!(client.ready().await.is_err(), "the connection takes no further request");
}

#[tokio::test]
async fn streams_of_http2_under_way_come_to_their_ends_and_no_new_one_begins() {
    let mut fed = Fed::serving(LONG).await;
    let mut client = wire::http2(fed.connect().await).await;
    let mut responses = Vec::new();
    for _ in 0..3 {
        let response = soon(client.send_request(get())).await.unwrap();
        responses.push((response, soon(fed.feeds.recv()).await.unwrap()));
    }
    fed.mesh.drain().start();
    until_refused(fed.address).await;
    for (response, feed) in responses {
        feed.send(data("late")).unwrap();
        drop(feed);
        assert_eq!(soon(text(response)).await, "late");
    }
    soon(fed.served).await.unwrap().unwrap();
    assert!(soon(client.send_request(get())).await.is_err());
}

#[tokio::test]
async fn a_request_whose_answer_has_not_begun_is_answered() {
    let is_asked = Arc::new(Notify::new());
    let go_on = Arc::new(Notify::new());
    let mesh = Mesh::start(config(&Documents::new())).await.unwrap();
    let (listener, address) = listener().await;
    let (asked, answer) = (Arc::clone(&is_asked), Arc::clone(&go_on));
    let served = serve(
        &mesh,
        listener,
        service_fn(move |_: Request<Body>| {
            let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
            async move {
                asked.notify_one();
                answer.notified().await;
                Ok::<_, BoxError>(Response::new(Body::from("done")))
            }
        }),
    );
    let mut client = wire::http1(TcpStream::connect(address).await.unwrap()).await;
    let response = tokio::spawn(async move { client.send_request(get()).await });
    soon(is_asked.notified()).await;
    mesh.drain().start();
    until_refused(address).await;
    go_on.notify_one();
    assert_eq!(soon(text(soon(response).await.unwrap().unwrap())).await, "done");
    soon(served).await.unwrap().unwrap();
}

#[tokio::test]
async fn idle_connections_hold_nobody_up() {
    let mut fed = Fed::serving(LONG).await;
    let _silent = fed.connect().await;
    let mut idle = wire::http1(fed.connect().await).await;
    let response = soon(idle.send_request(get())).await.unwrap();
    drop(soon(fed.feeds.recv()).await);
    assert_eq!(soon(text(response)).await, "");
    let _http2 = wire::http2(fed.connect().await).await;

    fed.mesh.drain().start();
    soon(fed.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_does_not_finish_in_time_is_cut() {
    for is_http2 in [false, true] {
        let grace = Duration::from_millis(200);
        let mut fed = Fed::serving(grace).await;
        let stream = fed.connect().await;
        let mut response = if is_http2 {
            soon(wire::http2(stream).await.send_request(get())).await.unwrap()
        } else {
            soon(wire::http1(stream).await.send_request(get())).await.unwrap()
        };
        let feed = soon(fed.feeds.recv()).await.unwrap();
        let start = Instant::now();
        fed.mesh.drain().start();
        soon(fed.served).await.unwrap().unwrap();
        assert!(start.elapsed() >= grace);
        assert!(soon(response.body_mut().frame()).await.unwrap().is_err());
        assert!(feed.is_closed());
    }
}

#[tokio::test]
async fn a_gateway_answers_those_under_way_and_closes_its_ports() {
    let documents = Documents::of(&[&door(&[&plain(80)])]);
    let mesh = Mesh::start(Config { grace: LONG, ..gateway_config(&documents, &[80]) }).await.unwrap();
    let mut fed = Fed::serving(LONG).await;
    documents.write("upstream.yaml", &tests::documents::service("upstream", "http", fed.address));
    let route = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: all}\n\
                 spec: {hosts: ['*'], gateways: [door], http: [{route: [{destination: {host: upstream}}]}]}\n";
    let before = mesh.status().borrow().generation;
    documents.write("route.yaml", route);
    soon(tests::mesh::until(&mesh, |status| status.generation > before)).await;

    let (addresses, ran) = run_gateway(&mesh).await;
    let mut client = wire::http1(TcpStream::connect(addresses[0]).await.unwrap()).await;
    let response = soon(client.send_request(get())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let feed = soon(fed.feeds.recv()).await.unwrap();
    mesh.drain().start();
    until_refused(addresses[0]).await;
    assert!(!ran.is_finished());
    feed.send(data("late")).unwrap();
    drop(feed);
    assert_eq!(soon(text(response)).await, "late");
    soon(ran).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handshake_that_never_comes_holds_no_gateway_up() {
    let documents = Documents::of(&[&door(&[&secure("shop", "'*'", "credentialName: shop")])]);
    let mesh =
        Mesh::start(Config { grace: Duration::ZERO, ..gateway_config(&documents, &[443]) }).await.unwrap();
    let (addresses, ran) = run_gateway(&mesh).await;
    let mut silent = TcpStream::connect(addresses[0]).await.unwrap();
    // The first bytes of a handshake.
    silent.write_all(&[22, 3, 1]).await.unwrap();
    // Accepted after the other, and refused for what it says: by then the other is being served.
    let mut wrong = TcpStream::connect(addresses[0]).await.unwrap();
    wrong.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let _ = soon(wrong.read(&mut [0; 64])).await;

    let start = Instant::now();
    mesh.drain().start();
    soon(ran).await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_drain_that_has_started_stays_started() {
    let mesh = Mesh::start(config(&Documents::new())).await.unwrap();
    mesh.drain().start();
    soon(mesh.drain().started()).await;
    let (listener, address) = listener().await;
    soon(mesh.serve(listener, service_fn(mirror))).await.unwrap();
    until_refused(address).await;
}
