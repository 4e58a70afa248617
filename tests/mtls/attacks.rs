//! Those who come to the door with something else in mind.

use super::{H1, Product, is_closed};
use std::time::Duration;
use tests::{peers::VERSIONS, soon};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

async fn sent(product: &Product, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(product.address).await.expect("an open port");
    stream.write_all(bytes).await.expect("an open connection");
    stream
}

/// A record of TLS with so many bytes, which are all the same.
fn record(kind: u8, length: u16) -> Vec<u8> {
    let mut record = vec![kind, 3, 1];
    record.extend(length.to_be_bytes());
    record.resize(5 + usize::from(length), 1);
    record
}

#[tokio::test]
async fn garbage_that_begins_like_tls_is_refused_at_once() {
    for mode in ["STRICT", "PERMISSIVE"] {
        let product = Product::serving(mode, &[]).await;
        for bytes in [record(0x16, 40), record(0x16, 0), b"\x16\x00\x00\xff\xff\xff".to_vec(), vec![0x16; 64]]
        {
            let mut stream = sent(&product, &bytes).await;
            let mut answer = Vec::new();
            let read = soon(stream.read_to_end(&mut answer)).await;
            assert!(read.is_err() || answer.len() <= 7, "an alert at most: {answer:?}");
        }
        assert!(product.asked(&product.root.member("review").client(H1, VERSIONS)).await.is_ok());
    }
}

#[tokio::test]
async fn a_first_message_without_end_is_not_kept() {
    let product = Product::serving("STRICT", &[]).await;
    // It says that it has 16 MiB, and goes on and on.
    let mut stream = sent(&product, &[0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]).await;
    let rest = vec![0; 0x4000 - 4];
    let _ = stream.write_all(&rest).await;
    let mut taken = 0;
    let refused = async {
        loop {
            if stream.write_all(&record(0x16, 0x4000)).await.is_err() {
                return;
            }
            taken += 0x4000;
            assert!(taken < 8 << 20, "a stranger's message of {taken} bytes is still read");
        }
    };
    soon(refused).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_handshake_ends_in_time() {
    let product = Product::serving("STRICT", &[]).await;
    let began = Instant::now();
    let mut stream = sent(&product, &[0x16]).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    let took = began.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(15)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_leaves_in_time() {
    let product = Product::serving("PERMISSIVE", &[]).await;
    let began = Instant::now();
    let mut stream = sent(&product, &[]).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let took = began.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(65)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_ends_in_time() {
    let product = Product::serving("PERMISSIVE", &[]).await;
    let began = Instant::now();
    let mut stream = sent(&product, b"GET / HTTP/1.1\r\nhost: product\r\n").await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let took = began.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(65)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn many_who_never_finish_hold_nobody_up() {
    let product = Product::serving("STRICT", &[]).await;
    let mut waiting = Vec::new();
    for _ in 0..200 {
        waiting.push(sent(&product, &record(0x16, 200)[..100]).await);
    }
    assert!(product.asked(&product.root.member("review").client(H1, VERSIONS)).await.is_ok());
}

#[tokio::test]
async fn plain_text_after_the_handshake_is_no_request() {
    let product = Product::serving("STRICT", &[]).await;
    let client = product.root.member("review").client(H1, VERSIONS);
    let stream = soon(client.connect(product.address, "product.shop")).await.unwrap();
    let (mut raw, _) = stream.into_inner();
    raw.write_all(b"GET / HTTP/1.1\r\nhost: product\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let _ = soon(raw.read_to_end(&mut bytes)).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("HTTP/1.1"), "{bytes:?}");
    let mut another = sent(&product, b"\x80\x2e\x01\x03\x01").await;
    assert_eq!(is_closed(&mut another).await.unwrap_or(0), 0, "a greeting of SSL 2 is plain text");
}
