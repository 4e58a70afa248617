//! Who may not ask, and how much may be asked.

use crate::{member, request, send, with_admin};
use http::{Method, Request, StatusCode};
use mesh_tower::Body;
use std::net::SocketAddr;
use tests::{documents::Documents, soon};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn status(address: SocketAddr, request: http::request::Builder) -> StatusCode {
    send(address, request.body(Body::empty()).expect("a request")).await.status()
}

#[tokio::test]
async fn what_another_site_has_a_browser_ask_is_refused() {
    let (mesh, address) = member(with_admin(&Documents::new())).await;
    let by_name = |host: &str| Request::get("/config_dump").header("host", host);
    assert_eq!(status(address, by_name("evil.com")).await, StatusCode::FORBIDDEN);
    assert_eq!(status(address, by_name(&format!("localhost:{}", address.port()))).await, StatusCode::OK);
    let drain = || request(address, Method::POST, "/drain");
    for (name, value) in [("origin", "http://evil.com"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        assert_eq!(
            status(address, drain().header(name, value)).await,
            StatusCode::FORBIDDEN,
            "{name}: {value}"
        );
        let page = request(address, Method::GET, "/config_dump").header(name, value);
        assert_eq!(status(address, page).await, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert!(!mesh.drain().has_started());
    assert_eq!(status(address, drain().header("origin", format!("http://{address}"))).await, StatusCode::OK);
    assert!(mesh.drain().has_started());
}

/// What a connection answers to these bytes.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("an open port");
    // It may be closed before all of it is read.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn too_much_is_refused_and_nonsense_harms_nobody() {
    let (_mesh, address) = member(with_admin(&Documents::new())).await;
    let head =
        |more: &str| format!("GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
    assert!(raw(address, head("").as_bytes()).await.starts_with("HTTP/1.1 200"));
    let long = head(&format!("x: {}\r\n", "a".repeat(70 * 1024)));
    assert!(raw(address, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many = head(&"x: y\r\n".repeat(200));
    assert!(raw(address, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    for nonsense in [&b"\x16\x03\x01\x02\x00"[..], b"GET  / HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let answer = raw(address, &[nonsense, b"\r\n\r\n"].concat()).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let without = raw(address, b"GET /ready HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert!(without.starts_with("HTTP/1.1 403"), "{without}");
    assert!(raw(address, head("").as_bytes()).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn there_are_so_many_connections_and_no_more() {
    let (_mesh, address) = member(with_admin(&Documents::new())).await;
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(address).await.expect("an open port");
        stream.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("a connection");
        let mut first = [0; 1];
        soon(stream.read_exact(&mut first)).await.expect("an answer");
        held.push(stream);
    }
    let refused = raw(address, b"GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(refused, "");
    held.clear();
    soon(async {
        while !raw(address, b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .starts_with("HTTP")
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
