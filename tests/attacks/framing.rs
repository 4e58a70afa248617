//! Requests whose end can be seen in two places, and heads that are none.

use super::*;

/// What would be a request of its own if the one before ended too early.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn a_length_that_cannot_be_understood_is_refused_and_nothing_follows() {
    for door in Door::both().await {
        for headers in [
            "content-length: 5\r\ncontent-length: 6",
            "content-length: 5, 5",
            "content-length: 5, 6",
            "content-length: +5",
            "content-length: -5",
            "content-length: 0x5",
            "content-length: 5 5",
            "content-length: ",
            "content-length: 99999999999999999999",
            "content-length: \u{665}",
            "content-length : 5",
            "transfer-encoding: identity",
            "transfer-encoding: xchunked",
            "transfer-encoding: chunked, identity",
            "transfer-encoding: chunked\r\ntransfer-encoding: identity",
            "transfer-encoding: chunked\u{b}",
            "transfer-encoding: \"chunked\"",
            "transfer-encoding : chunked",
            "transfer-encoding:\r\n chunked",
            "x: y\r\n transfer-encoding: chunked",
            "transfer-encoding\u{0}: chunked",
        ] {
            let text = format!("POST /first HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n0\r\n\r\n{SMUGGLED}");
            let answer = exchange(door.address, text.as_bytes()).await;
            assert_eq!(status(&answer), Some(400), "{headers:?}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?}: {answer}");
            assert_eq!(door.take(), [""; 0], "{headers:?}");
        }
        let old =
            format!("POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}");
        assert_eq!(status(&exchange(door.address, old.as_bytes()).await), Some(400));
        assert_eq!(door.take(), [""; 0]);
        door.serves().await;
    }
}

#[tokio::test]
async fn of_two_lengths_the_pieces_count_and_the_connection_ends() {
    for door in Door::both().await {
        for headers in [
            "content-length: 4\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ncontent-length: 4",
            "transfer-encoding: chunked\r\nContent-Length: 400\r\ncontent-length: 4",
        ] {
            let body = "3\r\nabc\r\n0\r\n\r\n";
            let text = format!("POST /first HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n{body}{SMUGGLED}");
            let answer = exchange(door.address, text.as_bytes()).await;
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?}: {answer}");
            assert!(answer.contains("x-length: 3"), "{headers:?}: {answer}");
            assert!(!answer.contains("content-length: \"4"), "{headers:?}: {answer}");
            assert_eq!(door.take(), ["POST /first a"], "{headers:?}");
        }
        door.serves().await;
    }
}

#[tokio::test]
async fn a_length_that_is_said_twice_is_sent_on_once() {
    let gateway = Door::gateway().await;
    let text = "POST /first HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc";
    let answer = exchange(gateway.address, text.as_bytes()).await;
    assert_eq!(answer.matches("content-length: \"3\"").count(), 1, "{answer}");
    assert!(answer.contains("x-length: 3"), "{answer}");
}

#[tokio::test]
async fn pieces_that_are_none_end_the_request() {
    for door in Door::both().await {
        for body in [
            "x\r\nabc\r\n0\r\n\r\n",
            "-3\r\nabc\r\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
            "3 3\r\nabc\r\n0\r\n\r\n",
            "\r\n3\r\nabc\r\n0\r\n\r\n",
        ] {
            let head = "POST /first HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
            let answer = exchange(door.address, format!("{head}{body}{SMUGGLED}").as_bytes()).await;
            assert_ne!(status(&answer), Some(200), "{body:?}: {answer}");
            assert_eq!(door.take(), [""; 0], "{body:?}");
        }
        door.serves().await;
    }
}

#[tokio::test]
async fn a_head_that_is_none_is_refused() {
    let long = "a".repeat(70_000);
    let many: String = (0..101).map(|number| format!("x-{number}: y\r\n")).collect();
    for door in Door::both().await {
        for head in [
            "GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: a\u{1}b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: a\u{7f}b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: a\rb: c\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n",
            "GET / HTTP/1.1\r\n x: a\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx y: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx\0: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nx\u{e9}: a\r\n\r\n",
            "GET / HTTP/1.1 HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
            "GE\0T / HTTP/1.1\r\nhost: a\r\n\r\n",
            "G(T / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/3.7\r\nhost: a\r\n\r\n",
            "GET\r\n\r\n",
            "\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n",
        ] {
            let answer = exchange(door.address, head.as_bytes()).await;
            // Some of them are no HTTP at all, and get no answer.
            assert!(matches!(status(&answer), None | Some(400)), "{head:?}: {answer}");
            assert_eq!(door.take(), [""; 0], "{head:?}");
        }
        for head in [
            format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nhost: a\r\n{long}: x\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n"),
            format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        ] {
            let answer = exchange(door.address, head.as_bytes()).await;
            assert!(matches!(status(&answer), None | Some(414 | 431)), "{}: {answer}", &head[..30]);
            assert_eq!(door.take(), [""; 0]);
        }
        door.serves().await;
    }
}

#[tokio::test]
async fn lines_that_end_too_early_are_read_the_same_by_everybody() {
    // A line feed alone ends a line (RFC 9112, 2.2): what follows is a header here, and is sent on as one.
    let gateway = Door::gateway().await;
    let text = "POST /first HTTP/1.1\r\nhost: a\r\nx: y\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let answer = exchange(gateway.address, text.as_bytes()).await;
    assert!(answer.contains("x: \"y\"") && answer.contains("x-length: 3"), "{answer}");
    assert_eq!(gateway.take(), ["POST /first a"]);
}
