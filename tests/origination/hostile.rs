//! Servers that are no TLS servers, or bad ones: each call ends, in time, and the next one is served.

use crate::{call, caller, fails, meshed, policy};
use http::StatusCode;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tests::{
    documents::Documents,
    soon,
    upstream::Upstream,
    workloads::{Mint, serving, tell},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Reads what a client says first.
async fn hello(stream: &mut TcpStream) {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.expect("a record's head");
    let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut record).await.expect("a record");
    assert_eq!((head[0], record[0]), (22, 1), "a ClientHello comes first");
}

/// Says this after the client's first words, and closes the connection.
async fn saying(text: &'static [u8]) -> Upstream {
    Upstream::raw(move |mut stream| async move {
        hello(&mut stream).await;
        // The client may be gone by now.
        let _ = stream.write_all(text).await;
        let _ = stream.shutdown().await;
    })
    .await
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_call() {
    let mint = Mint::default();
    for (name, text) in [
        ("nothing", &b""[..]),
        ("plain HTTP", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
        ("garbage", &[0xff; 4096]),
        ("an alert", &[21, 3, 3, 0, 2, 2, 40]),
        ("half a record", &[22, 3, 3, 0x40, 0, 2, 0, 0]),
        ("a record that is too long", &[22, 3, 3, 0xff, 0xff, 2, 0, 0, 0]),
        ("empty records", &[22, 3, 3, 0, 0, 22, 3, 3, 0, 0]),
        ("a message that is too long", &[22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff]),
        ("data before any handshake", &[23, 3, 3, 0, 5, b'h', b'e', b'l', b'l', b'o']),
        ("a request to begin anew", &[22, 3, 3, 0, 4, 0, 0, 0, 0]),
    ] {
        for port_name in ["http", "http2"] {
            let upstream = saying(text).await;
            let mesh = caller(&mint, &Documents::of(&[&meshed(port_name, upstream.address)])).await;
            let details = fails(&mesh).await;
            let is_told = details.contains("TLS_error") || name == "nothing" || name == "half a record";
            assert!(is_told, "{name}: {details}");
        }
    }
}

#[tokio::test]
async fn a_server_that_stalls_has_the_time_of_a_connection() {
    let mint = Mint::default();
    let silent = Upstream::raw(|mut stream| async move {
        hello(&mut stream).await;
        let _ = stream.read(&mut [0]).await;
    });
    let dripping = Upstream::raw(|mut stream| async move {
        hello(&mut stream).await;
        // A record that never comes to its end, byte by byte.
        let _ = stream.write_all(&[22, 3, 3, 0x40, 0]).await;
        for _ in 0..1000 {
            let _ = stream.write_all(&[2]).await;
            tokio::task::yield_now().await;
        }
        let _ = stream.read(&mut [0]).await;
    });
    for upstream in [silent.await, dripping.await] {
        let in_time = policy("{connectionPool: {tcp: {connectTimeout: 100ms}}}");
        let once = tests::documents::routes(
            "upstream",
            "[{retries: {attempts: 0}, route: [{destination: {host: upstream}}]}]",
        );
        let documents = Documents::of(&[&meshed("http", upstream.address), &in_time, &once]);
        let mesh = caller(&mint, &documents).await;
        let response = soon(mesh.client().get("http://upstream/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = soon(tests::wire::text(response)).await;
        assert!(body.ends_with("reset reason: connection timeout"), "{body}");
    }
}

#[tokio::test]
async fn a_chain_of_certificates_without_end_is_not_read() {
    let mint = Mint::default();
    let minted = mint.mint(&[&Mint::id("upstream")], |_| {});
    let mut long = mint.server(&minted);
    long.cert_resolver = Arc::new(minted.with_chain_of(300));
    let upstream = serving(long, tell).await;
    let mesh = caller(&mint, &Documents::of(&[&meshed("http", upstream.address)])).await;
    assert!(fails(&mesh).await.contains("TLS_error"));
}

#[tokio::test]
async fn a_server_that_failed_once_is_called_again() {
    let mint = Mint::default();
    let good = Arc::new(serving(mint.server(&mint.mint(&[&Mint::id("upstream")], |_| {})), tell).await);
    let count = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::raw(move |mut stream| {
        let (good, count) = (Arc::clone(&good), Arc::clone(&count));
        async move {
            if count.fetch_add(1, SeqCst) < 1 {
                return;
            }
            let mut onward = TcpStream::connect(good.address).await.expect("an open port");
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        }
    })
    .await;
    let mesh = caller(&mint, &Documents::of(&[&meshed("http", upstream.address)])).await;
    // The mesh's own policy tries again what could not connect.
    assert_eq!(call(&mesh).await.0, StatusCode::OK);
    assert_eq!(upstream.accepted(), 2);
}
