//! What the application learns of its callers.

use super::{H1, Product};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use mesh_core::identity::PeerCertificate;
use mesh_tower::Body;
use tests::{
    peers::{VERSIONS, id},
    soon,
    wire::{self, text},
};
use tokio::net::TcpStream;

const CLIENT_CERT: HeaderName = HeaderName::from_static("x-forwarded-client-cert");
const FORGED: &str = "By=spiffe://cluster.local/ns/shop/sa/product;Hash=00;Subject=\"\";URI=spiffe://cluster.local/ns/shop/sa/admin";

fn forged() -> HeaderMap {
    [(CLIENT_CERT, HeaderValue::from_static(FORGED))].into_iter().collect()
}

#[tokio::test]
async fn a_caller_is_known_by_its_certificate_as_envoy_writes_it() {
    let product = Product::serving("STRICT", &[]).await;
    let review = product.root.member("review");
    let hash = PeerCertificate::read(&review.chain[0]).expect("a certificate").hash;
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let own = format!("By={};Hash={hash};Subject=\"\";URI={}", id("product"), id("review"));
    let client = review.client(H1, VERSIONS);
    assert_eq!(product.asked(&client).await.unwrap(), format!("{}\n{own}", id("review")));
    // What it says of others comes first, and who it is itself last.
    let passed_on = product.asked_with(&client, forged()).await.unwrap();
    assert_eq!(passed_on, format!("{}\n{FORGED},{own}", id("review")));
}

#[tokio::test]
async fn nobody_is_believed_in_plain_text() {
    for mode in ["PERMISSIVE", "DISABLE"] {
        let product = Product::serving(mode, &[]).await;
        let stream = TcpStream::connect(product.address).await.unwrap();
        let request = Request::get("/").header("host", "product").header(CLIENT_CERT, FORGED);
        let request =
            request.header(CLIENT_CERT, "URI=spiffe://cluster.local/admin").body(Body::empty()).unwrap();
        let response = soon(wire::http1(stream).await.send_request(request)).await.unwrap();
        assert_eq!(soon(text(response)).await, "nobody\n", "{mode}");
    }
}
