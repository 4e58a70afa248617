//! Which connections serve whom when certificates, trust and rules change.

use crate::{call, caller, fails, meshed, read, rule};
use http::StatusCode;
use std::sync::Arc;
use tests::{
    documents::Documents,
    mesh::until,
    soon,
    upstream::Upstream,
    workloads::{Handshaken, Mint, serving, tell},
};

/// Serves plain text and mutual TLS on one port, and tells which it was.
async fn permissive(mint: &Mint) -> Upstream {
    let config = mint.server(&mint.mint(&[&Mint::id("upstream")], |_| {}));
    let (tls, plain) = (serving(config, tell).await, Upstream::serving(tell).await);
    let targets = Arc::new((tls, plain));
    Upstream::raw(move |mut stream| {
        let targets = Arc::clone(&targets);
        async move {
            let mut first = [0];
            let is_tls = stream.peek(&mut first).await.is_ok() && first[0] == 0x16;
            let address = if is_tls { targets.0.address } else { targets.1.address };
            let mut onward = tokio::net::TcpStream::connect(address).await.expect("an open port");
            // Clients of these tests break connections on purpose.
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_rule_that_asks_for_tls_leaves_no_plain_connection_in_use() {
    let mint = Mint::default();
    for port_name in ["http", "http2"] {
        let upstream = permissive(&mint).await;
        let service = meshed(port_name, upstream.address);
        let with = |tls: &str| [service.clone(), rule(tls)].join("---\n");
        let documents = Documents::of(&[&with("{mode: DISABLE}")]);
        let mesh = caller(&mint, &documents).await;
        assert_eq!(call(&mesh).await.1, Handshaken::default());
        assert_eq!(call(&mesh).await.1, Handshaken::default());
        assert_eq!(upstream.accepted(), 1, "a connection serves again while nothing changes");
        let before = mesh.handle().snapshot().generation();
        documents.replace("mesh.yaml", &with("{mode: ISTIO_MUTUAL}"));
        until(&mesh, |status| status.generation > before).await;
        assert_eq!(call(&mesh).await.1.client, Some(Mint::id("caller")));
        assert_eq!(upstream.accepted(), 2);
        let before = mesh.handle().snapshot().generation();
        documents.replace("mesh.yaml", &with("{mode: ISTIO_MUTUAL, sni: other.example.com}"));
        until(&mesh, |status| status.generation > before).await;
        assert_eq!(call(&mesh).await.1.server_name.as_deref(), Some("other.example.com"));
        assert_eq!(upstream.accepted(), 3);
    }
}

#[tokio::test]
async fn new_credentials_are_for_new_connections_and_leave_those_that_are_open() {
    let mint = Mint::default();
    let upstream = serving(mint.server(&mint.mint(&[&Mint::id("upstream")], |_| {})), tell).await;
    let mesh = caller(&mint, &Documents::of(&[&meshed("http", upstream.address)])).await;
    let held = soon(mesh.client().get("http://upstream/")).await.unwrap();
    mesh.identity().replace(mint.credentials(&Mint::id("renewed")));
    let renewed = soon(mesh.client().get("http://upstream/")).await.unwrap();
    assert_eq!(upstream.accepted(), 2);
    let (status, seen, body) = read(held).await;
    assert_eq!((status, seen.client, &*body), (StatusCode::OK, Some(Mint::id("caller")), "hello"));
    let (_, seen, _) = read(renewed).await;
    assert_eq!((seen.client, seen.is_resumed), (Some(Mint::id("renewed")), false));
}

#[tokio::test]
async fn a_session_is_resumed_but_never_after_a_change_of_credentials() {
    let mint = Mint::default();
    let upstream = serving(mint.server(&mint.mint(&[&Mint::id("upstream")], |_| {})), tell).await;
    let connections = "{connectionPool: {http: {maxRequestsPerConnection: 1}}}";
    let documents = Documents::of(&[&meshed("http", upstream.address), &crate::policy(connections)]);
    let mesh = caller(&mint, &documents).await;
    let resumed = async || call(&mesh).await.1.is_resumed;
    assert_eq!([resumed().await, resumed().await], [false, true]);
    mesh.identity().replace(mint.credentials(&Mint::id("caller")));
    assert_eq!([resumed().await, resumed().await], [false, true]);
    assert_eq!(upstream.accepted(), 4);
}

#[tokio::test]
async fn a_session_is_not_resumed_with_a_server_whose_time_is_over() {
    let mint = Mint::default();
    let (now, seconds) = (std::time::SystemTime::now(), std::time::Duration::from_secs(2));
    let shortly = mint.mint(&[&Mint::id("upstream")], |params| params.not_after = (now + seconds).into());
    let upstream = serving(mint.server(&shortly), tell).await;
    let connections = "{connectionPool: {http: {maxRequestsPerConnection: 1}}}";
    let documents = Documents::of(&[&meshed("http", upstream.address), &crate::policy(connections)]);
    let mesh = caller(&mint, &documents).await;
    assert_eq!(call(&mesh).await.0, StatusCode::OK);
    let over = async {
        while call(&mesh).await.0 == StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    soon(over).await;
    assert!(now + seconds <= std::time::SystemTime::now());
    assert!(fails(&mesh).await.contains("certificate_expired"));
}

#[tokio::test]
async fn a_session_is_not_resumed_with_the_trust_of_before() {
    let (mint, next) = (Mint::default(), Mint::default());
    let upstream = serving(mint.server(&mint.mint(&[&Mint::id("upstream")], |_| {})), tell).await;
    let connections = "{connectionPool: {http: {maxRequestsPerConnection: 1}}}";
    let documents = Documents::of(&[&meshed("http", upstream.address), &crate::policy(connections)]);
    let mesh = caller(&mint, &documents).await;
    assert_eq!(call(&mesh).await.0, StatusCode::OK);
    // The old root is believed no longer.
    mesh.identity().replace(next.credentials(&Mint::id("caller")));
    fails(&mesh).await;
}
