//! Documents and certificates that change while connections are open.

use super::{H1, H2, Product, peers};
use http::Request;
use mesh_core::model::TlsDemand;
use mesh_tower::Body;
use rustls::HandshakeKind;
use std::time::{Duration, SystemTime};
use tests::{
    peers::{Root, VERSIONS, id, named, valid},
    soon, wire,
};
use tokio::net::TcpStream;

fn get() -> Request<Body> {
    Request::get("/").header("host", "product").body(Body::empty()).expect("a request")
}

/// Writes another mode, and waits until it holds.
async fn turn(product: &Product, mode: &str, demand: TlsDemand) {
    let mut handle = product.mesh.handle();
    product.documents.replace("mesh.yaml", &peers(mode));
    while handle.snapshot().inbound().tls.at(product.address.port()) != demand {
        soon(handle.published()).await.expect("another table");
    }
}

#[tokio::test]
async fn a_mode_holds_for_the_next_connection() {
    let product = Product::serving("PERMISSIVE", &[]).await;
    assert!(product.takes_plain_text().await);
    turn(&product, "STRICT", TlsDemand::Strict).await;
    assert!(!product.takes_plain_text().await);
    turn(&product, "PERMISSIVE", TlsDemand::Permissive).await;
    assert!(product.takes_plain_text().await);
}

#[tokio::test]
async fn connections_in_plain_text_end_when_mutual_tls_must_be_spoken() {
    let product = Product::serving("PERMISSIVE", &[]).await;
    let mut idle = wire::http1(TcpStream::connect(product.address).await.unwrap()).await;
    soon(idle.send_request(get())).await.unwrap();
    let review = product.root.member("review").client(H2, VERSIONS);
    let mut secured = wire::http2(soon(review.connect(product.address, "product.shop")).await.unwrap()).await;
    turn(&product, "STRICT", TlsDemand::Strict).await;
    soon(async {
        // It ends at once, since nothing is under way; then it takes no request any more.
        while idle.ready().await.is_ok() {
            tokio::task::yield_now().await;
            if idle.is_closed() {
                break;
            }
        }
    })
    .await;
    assert!(soon(idle.send_request(get())).await.is_err());
    let request = Request::get("https://product/").body(Body::empty()).unwrap();
    assert!(soon(secured.send_request(request)).await.is_ok(), "what is secured stays");
}

#[tokio::test]
async fn rotation_leaves_open_connections_and_is_for_the_next() {
    let product = Product::serving("STRICT", &[]).await;
    let review = product.root.member("review");
    let client = review.client(H2, VERSIONS);
    let mut open = wire::http2(soon(client.connect(product.address, "product.shop")).await.unwrap()).await;
    let next = product.root.member("product");
    product.mesh.identity().replace(next.credentials(product.root.trust("cluster.local")));
    let request = || Request::get("https://product/").body(Body::empty()).unwrap();
    assert!(soon(open.send_request(request())).await.is_ok());
    let stream = soon(client.connect(product.address, "product.shop")).await.unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap(), next.chain);
}

/// The kind of a client's next handshake; a request is made, so that it has learnt of its session.
async fn next_handshake(product: &Product, client: &tests::peers::Client) -> HandshakeKind {
    let stream = soon(client.connect(product.address, "product.shop")).await.expect("a handshake");
    let kind = stream.get_ref().1.handshake_kind().expect("a finished handshake");
    soon(wire::http1(stream).await.send_request(get())).await.expect("an answer");
    kind
}

#[tokio::test]
async fn sessions_are_resumed_until_the_workloads_credentials_are_others() {
    for versions in [VERSIONS, tests::peers::OLD] {
        let product = Product::serving("STRICT", &[]).await;
        let client = product.root.member("review").client(H1, versions);
        assert_eq!(next_handshake(&product, &client).await, HandshakeKind::Full);
        assert_eq!(next_handshake(&product, &client).await, HandshakeKind::Resumed);
        product.mesh.identity().replace(product.root.credentials("product"));
        assert_eq!(next_handshake(&product, &client).await, HandshakeKind::Full);
    }
}

#[tokio::test]
async fn no_session_outlives_the_trust_that_it_began_with() {
    let product = Product::serving("STRICT", &[]).await;
    let client = product.root.member("review").client(H1, VERSIONS);
    assert_eq!(next_handshake(&product, &client).await, HandshakeKind::Full);
    // The same certificate, but the old authority is not believed any more.
    let other = Root::default();
    product.mesh.identity().replace(product.root.member("product").credentials(other.trust("cluster.local")));
    assert!(product.asked(&client).await.is_err());
}

#[tokio::test]
async fn no_session_outlives_the_clients_certificate() {
    let product = Product::serving("STRICT", &[]).await;
    let mut short = named(&[&id("review")]);
    valid(&mut short, SystemTime::now() - Duration::from_secs(60), Duration::from_secs(63));
    let client = product.root.sign(short).client(H1, VERSIONS);
    assert_eq!(next_handshake(&product, &client).await, HandshakeKind::Full);
    // Certificates have whole seconds, and the wall's clock cannot be paused.
    soon(async {
        while product.asked(&client).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
