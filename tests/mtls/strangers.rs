//! Who does not belong is refused, and told nothing.

use super::{H1, Product, is_closed};
use rcgen::{BasicConstraints, IsCa};
use std::time::{Duration, SystemTime};
use tests::{
    peers::{Client, OLD, Root, VERSIONS, id, named, valid},
    soon,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Certificates that are none of a workload of the mesh, and why.
fn strangers(root: &Root) -> Vec<(&'static str, tests::peers::Member)> {
    let review = id("review");
    let mut over = named(&[&review]);
    valid(&mut over, SystemTime::now() - Duration::from_secs(7200), Duration::from_secs(3600));
    let mut early = named(&[&review]);
    valid(&mut early, SystemTime::now() + Duration::from_secs(3600), Duration::from_secs(3600));
    let mut authority = named(&[&review]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let two = [&*review, "spiffe://cluster.local/ns/shop/sa/admin"];
    vec![
        ("of another authority", Root::default().member("review")),
        ("of another trust domain", root.sign(named(&["spiffe://elsewhere/ns/shop/sa/review"]))),
        ("without a name", root.sign(named(&[]))),
        ("with a name that is no SPIFFE id", root.sign(named(&["https://cluster.local/ns/shop/sa/review"]))),
        ("with two names", root.sign(named(&two))),
        ("of a trust domain and no workload", root.sign(named(&["spiffe://cluster.local"]))),
        ("of the past", root.sign(over)),
        ("of the future", root.sign(early)),
        ("of an authority", root.sign(authority)),
    ]
}

#[tokio::test]
async fn certificates_of_strangers_are_refused_in_every_mode() {
    for mode in ["STRICT", "PERMISSIVE"] {
        let product = Product::serving(mode, &[]).await;
        for (what, member) in strangers(&product.root) {
            for versions in [VERSIONS, OLD] {
                let answer = product.asked(&member.client(H1, versions)).await;
                assert!(answer.is_err(), "{mode}: {what}: {answer:?}");
            }
        }
        let answer = product.asked(&Client::stranger(H1)).await;
        assert!(answer.is_err(), "{mode}: no certificate: {answer:?}");
        assert!(product.asked(&product.root.member("review").client(H1, VERSIONS)).await.is_ok());
    }
}

#[tokio::test]
async fn an_alias_of_the_mesh_is_the_mesh() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n\
                data: {mesh: 'trustDomainAliases: [old.example]'}\n";
    let product = Product::serving("STRICT", &[text]).await;
    let old = product.root.sign(named(&["spiffe://old.example/ns/shop/sa/review"])).client(H1, VERSIONS);
    let answer = product.asked(&old).await.unwrap();
    assert!(answer.starts_with("spiffe://old.example/ns/shop/sa/review\n"), "{answer}");
    let other = product.root.sign(named(&["spiffe://older.example/ns/shop/sa/review"])).client(H1, VERSIONS);
    assert!(product.asked(&other).await.is_err());
}

#[tokio::test]
async fn further_authorities_of_the_mesh_are_believed() {
    let further = Root::default();
    let pem: String = further.pem().lines().map(|line| format!("        {line}\n")).collect();
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data:\n  mesh: |\n    caCertificates:\n    - pem: |\n{pem}"
    );
    let product = Product::serving("STRICT", &[&text]).await;
    for root in [&further, &product.root] {
        assert!(product.asked(&root.member("review").client(H1, VERSIONS)).await.is_ok());
    }
}

#[tokio::test]
async fn the_oldest_version_is_the_meshs() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n\
                data: {mesh: 'meshMTLS: {minProtocolVersion: TLSV1_3}'}\n";
    let product = Product::serving("STRICT", &[text]).await;
    let review = product.root.member("review");
    assert!(product.asked(&review.client(H1, VERSIONS)).await.is_ok());
    assert!(product.asked(&review.client(H1, OLD)).await.is_err());
}

#[tokio::test]
async fn a_workload_whose_time_is_over_lets_nobody_in() {
    let product = Product::without_identity("STRICT", &[]).await;
    let mut over = named(&[&id("product")]);
    valid(&mut over, SystemTime::now() - Duration::from_secs(7200), Duration::from_secs(3600));
    let trust = product.root.trust("cluster.local");
    product.mesh.identity().replace(product.root.sign(over).credentials(trust));
    assert!(product.asked(&product.root.member("review").client(H1, VERSIONS)).await.is_err());
}

#[tokio::test]
async fn nothing_but_tls_leaves_a_strict_workload() {
    let product = Product::serving("STRICT", &[]).await;
    for sent in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0",
        b"\x17\x03\x03\0\x05hello",
    ] {
        let mut stream = TcpStream::connect(product.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        assert_eq!(is_closed(&mut stream).await.unwrap_or(0), 0, "{sent:?}");
    }
    // What begins like TLS and is none gets an alert of TLS, and nothing else.
    let mut stream = TcpStream::connect(product.address).await.unwrap();
    stream.write_all(b"\x16\x03\x01\0\x05hello").await.unwrap();
    let mut bytes = Vec::new();
    let read = soon(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes)).await;
    assert!(read.is_err() || bytes.is_empty() || bytes.starts_with(&[0x15, 0x03]), "{bytes:?}");
}
