//! Clients that take their time, with a clock that does not.

use super::{
    http2::{END_HEADERS, END_STREAM, HEADERS},
    http2::{frame, get, preface},
    *,
};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::time::Instant;

/// How long a connection lasts over which only this comes.
async fn lasts(address: SocketAddr, said: &[u8]) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await.expect("an open port");
    stream.write_all(said).await.expect("a server that reads");
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = timeout(Duration::from_secs(7200), stream.read_to_end(&mut rest)).await.expect("an end");
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_or_half_a_word_is_cut_after_a_minute() {
    for door in Door::both().await {
        for said in [
            &b""[..],
            b"P",
            b"PRI * HTTP/2.0\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
            b"G",
            b"GET / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n",
            &preface(&[]),
            &[preface(&[]), frame(HEADERS, 0, 1, &get("/first", &[]))].concat(),
        ] {
            let lasted = lasts(door.address, said).await;
            let shown = String::from_utf8_lossy(said);
            assert!((50..=125).contains(&lasted.as_secs()), "{shown:?}: {lasted:?}");
        }
        assert_eq!(door.take(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_byte_at_a_time_is_not_in_time() {
    let door = Door::workload(&[]).await;
    let mut stream = TcpStream::connect(door.address).await.expect("an open port");
    let begun = Instant::now();
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}", "y".repeat(1000));
    for byte in head.bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let lasted = begun.elapsed();
    assert!(lasted < Duration::from_secs(130), "{lasted:?}");
}

#[tokio::test]
async fn answers_that_nobody_reads_are_not_made() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let (listener, address) = listener().await;
    let documents = Documents::new();
    let mesh = Mesh::start(config(&documents)).await.expect("documents that are there");
    serve(
        &mesh,
        listener,
        service_fn(move |_: Request<Body>| {
            let count = Arc::clone(&count);
            let pieces = std::iter::repeat_with(move || {
                count.fetch_add(1 << 16, SeqCst);
                Ok::<_, BoxError>(Frame::data(Bytes::from(vec![b'b'; 1 << 16])))
            });
            let body = Body::new(StreamBody::new(stream::iter(pieces.take(1 << 14))));
            async { Ok::<_, BoxError>(Response::new(body)) }
        }),
    );
    // A hundred streams whose windows never open.
    let mut all = preface(&[(4, 0)]);
    for number in 0..100 {
        all.extend(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &get("/large", &[])));
    }
    let mut stalled = TcpStream::connect(address).await.expect("an open port");
    stalled.write_all(&all).await.expect("a server that reads");
    // And one of HTTP/1.1 that reads nothing.
    let mut silent = TcpStream::connect(address).await.expect("an open port");
    silent.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("a server that reads");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let made = made.load(SeqCst);
    assert!(made < 48 << 20, "{made} bytes");
    let answer = exchange(address, b"GET / HTTP/1.0\r\nhost: a\r\n\r\n").await;
    assert_eq!(status(&answer[..20]).or(Some(200)), Some(200));
}
