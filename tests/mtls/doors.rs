//! What each mode takes.

use super::{H1, H2, Product, is_closed};
use http::{Request, Version};
use mesh_tower::{Arrival, Body, Untouched};
use std::{io, net::SocketAddr};
use tests::{
    documents::Documents,
    mesh::{config, join},
    peers::{Client, OLD, Root, VERSIONS, id},
    soon,
    upstream::listener,
    wire,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::service_fn;

#[tokio::test]
async fn permissive_takes_plain_text_and_the_mesh_on_one_port() {
    let product = Product::serving("PERMISSIVE", &[]).await;
    assert!(product.takes_plain_text().await);
    for versions in [VERSIONS, OLD] {
        let review = product.root.member("review").client(H1, versions);
        let answer = product.asked(&review).await.unwrap();
        assert!(answer.starts_with(&id("review")), "{answer}");
    }
}

#[tokio::test]
async fn strict_takes_the_mesh_alone_and_resets_plain_text_before_an_answer() {
    let product = Product::serving("STRICT", &[]).await;
    let review = product.root.member("review").client(H1, VERSIONS);
    assert!(product.asked(&review).await.is_ok());
    // Whoever speaks TLS is of the mesh there, whatever it offers.
    let plain = product.root.member("review").client(&[], VERSIONS);
    assert!(product.asked(&plain).await.unwrap().starts_with(&id("review")));

    let mut stream = TcpStream::connect(product.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: product\r\n\r\n").await.unwrap();
    let error = is_closed(&mut stream).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn disable_speaks_no_tls() {
    let product = Product::serving("DISABLE", &[]).await;
    assert!(product.takes_plain_text().await);
    let review = product.root.member("review").client(H1, VERSIONS);
    assert!(product.asked(&review).await.is_err());
}

#[tokio::test]
async fn http2_is_spoken_where_the_client_offers_it() {
    let product = Product::serving("STRICT", &[]).await;
    let review = product.root.member("review");
    for (offered, agreed) in [
        (H2, Some("h2")),
        (H1, Some("http/1.1")),
        (&["istio"], Some("istio")),
        (&["istio-peer-exchange", "istio"], Some("istio")),
        (&[], None),
    ] {
        let stream =
            soon(review.client(offered, VERSIONS).connect(product.address, "product.shop")).await.unwrap();
        let name = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        assert_eq!(name.as_deref(), agreed, "{offered:?}");
    }
    let stream = soon(review.client(H2, VERSIONS).connect(product.address, "product.shop")).await.unwrap();
    let request = Request::get("https://product/").body(Body::empty()).unwrap();
    let response = soon(wire::http2(stream).await.send_request(request)).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    assert!(soon(wire::text(response)).await.starts_with(&id("review")));
}

#[tokio::test]
async fn one_port_may_differ_from_the_others() {
    let documents = Documents::new();
    let labels = [("app".to_owned(), "product".to_owned())].into();
    let mesh =
        mesh_tower::Mesh::start(mesh_tower::mesh::Config { labels, ..config(&documents) }).await.unwrap();
    let root = Root::default();
    mesh.identity().replace(root.credentials("product"));
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let (listener, address) = listener().await;
        tests::mesh::serve(&mesh, listener, service_fn(super::answer));
        addresses.push(address);
    }
    let spec = format!(
        "{{selector: {{matchLabels: {{app: product}}}}, mtls: {{mode: STRICT}}, portLevelMtls: {{{}: {{mode: DISABLE}}}}}}",
        addresses[1].port()
    );
    let text = format!(
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: product}}\nspec: {spec}\n"
    );
    documents.write("peers.yaml", &text);
    tests::mesh::until(&mesh, |status| status.documents.len() == 1).await;
    let of =
        |address| Product { mesh: mesh.clone(), documents: Documents::new(), root: Root::default(), address };
    assert!(!of(addresses[0]).takes_plain_text().await);
    assert!(of(addresses[1]).takes_plain_text().await);
}

#[tokio::test]
async fn a_workload_without_identity_takes_plain_text_only_where_it_may() {
    let permissive = Product::without_identity("PERMISSIVE", &[]).await;
    assert!(permissive.takes_plain_text().await);
    let review = permissive.root.member("review").client(H1, VERSIONS);
    assert!(permissive.asked(&review).await.is_err());
    let strict = Product::without_identity("STRICT", &[]).await;
    assert!(!strict.takes_plain_text().await);
    assert!(strict.asked(&review).await.is_err());
    // It comes later.
    strict.mesh.identity().replace(strict.root.credentials("product"));
    let review = strict.root.member("review").client(H1, VERSIONS);
    assert!(strict.asked(&review).await.is_ok());
}

/// A workload that hands TLS of its application's own to an echo.
async fn echoing(mode: &str) -> (SocketAddr, Root) {
    let documents = Documents::of(&[&super::peers(mode)]);
    let mesh = join(&documents).await;
    let root = Root::default();
    mesh.identity().replace(root.credentials("product"));
    let (listener, address) = listener().await;
    let echo = |mut stream: Untouched, arrival: Arrival| async move {
        assert_eq!((arrival.server_name(), arrival.identity()), (Some("app.example"), None));
        let mut first = [0; 5];
        stream.read_exact(&mut first).await?;
        stream.write_all(&first).await
    };
    tokio::spawn(mesh.serve_and_pass(listener, service_fn(super::answer), echo));
    (address, root)
}

#[tokio::test]
async fn tls_of_the_applications_own_is_handed_on_from_its_first_byte() {
    let (address, root) = echoing("PERMISSIVE").await;
    let hello = client_hello(&["h2", "http/1.1"]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    let mut first = [0; 5];
    soon(stream.read_exact(&mut first)).await.unwrap();
    assert_eq!(first, hello[..5]);
    // The mesh's own is not.
    let review = root.member("review").client(H1, VERSIONS);
    assert!(soon(review.connect(address, "app.example")).await.is_ok());
}

#[tokio::test]
async fn tls_of_the_applications_own_is_closed_where_nobody_takes_it() {
    let product = Product::serving("PERMISSIVE", &[]).await;
    let mut stream = TcpStream::connect(product.address).await.unwrap();
    stream.write_all(&client_hello(&["h2"]).await).await.unwrap();
    assert_eq!(is_closed(&mut stream).await.unwrap_or(0), 0);
}

/// The first message of a TLS client that asks for `app.example`.
async fn client_hello(offered: &[&str]) -> Vec<u8> {
    let (listener, address) = listener().await;
    let client = Client::stranger(offered);
    let shaking = tokio::spawn(async move { client.connect(address, "app.example").await });
    let (mut stream, _) = soon(listener.accept()).await.expect("a client");
    let mut head = [0; 5];
    soon(stream.read_exact(&mut head)).await.expect("the head of a record");
    let mut hello = head.to_vec();
    hello.resize(5 + usize::from(u16::from_be_bytes([head[3], head[4]])), 0);
    soon(stream.read_exact(&mut hello[5..])).await.expect("a whole record");
    shaking.abort();
    hello
}
