//! Frames by hand.

use super::*;
use std::collections::BTreeSet;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What a connection begins with, with these settings.
pub(crate) fn preface(settings: &[(u16, u32)]) -> Vec<u8> {
    let setting = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    let settings: Vec<u8> = settings.iter().flat_map(setting).collect();
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, &settings)].concat()
}

/// A header whose name and value are written out, and not remembered.
pub(crate) fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    let length =
        |text: &[u8]| u8::try_from(text.len()).ok().filter(|length| *length < 127).expect("a short text");
    [&[0, length(name)], name, &[length(value)], value].concat()
}

/// `GET /path` of the host `a`, with more headers.
pub(crate) fn get(path: &str, more: &[u8]) -> Vec<u8> {
    [&[0x82, 0x86][..], &literal(b":path", path.as_bytes()), &literal(b":authority", b"a"), more].concat()
}

/// The kinds of frames, with their streams and payloads, that come until the other end closes or says nothing more.
pub(crate) async fn read(stream: &mut TcpStream) -> Vec<(u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut all = Vec::new();
    let mut buffer = [0; 16 << 10];
    while let Ok(Ok(count @ 1..)) = timeout(Duration::from_millis(300), stream.read(&mut buffer)).await {
        all.extend_from_slice(&buffer[..count]);
    }
    let mut rest = &all[..];
    while let Some((head, after)) = rest.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let Some((payload, next)) = after.split_at_checked(length) else { break };
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        frames.push((head[3], stream, payload.to_vec()));
        rest = next;
    }
    frames
}

/// Whether a stream was reset, or the connection ended.
fn is_refused(frames: &[(u8, u32, Vec<u8>)]) -> bool {
    frames.iter().any(|(kind, ..)| matches!(*kind, RST_STREAM | GOAWAY))
}

#[tokio::test]
async fn headers_that_http2_does_not_have_reach_nobody() {
    for door in Door::both().await {
        for (name, value) in [
            (&b"transfer-encoding"[..], &b"chunked"[..]),
            (b"connection", b"close"),
            (b"keep-alive", b"timeout=5"),
            (b"upgrade", b"h2c"),
            (b"proxy-connection", b"close"),
            (b"te", b"gzip"),
            (b"X-Upper", b"y"),
            (b"x", b"a\r\nhost: b"),
            (b"x", b"a\0b"),
            (b"x y", b"a"),
            (b"x\r\ny", b"a"),
            (b"", b"a"),
            (b":path", b"/second"),
            (b":authority", b"b"),
            (b":unknown", b"b"),
            (b"content-length", b"5"),
        ] {
            let mut stream = TcpStream::connect(door.address).await.expect("an open port");
            let head = frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/first", &literal(name, value)));
            stream.write_all(&[preface(&[]), head].concat()).await.expect("a server that reads");
            let frames = read(&mut stream).await;
            let shown = String::from_utf8_lossy(name);
            assert!(is_refused(&frames), "{shown}: {frames:?}");
            assert_eq!(door.take(), [""; 0], "{shown}");
        }
        door.serves().await;
    }
}

#[tokio::test]
async fn an_address_that_is_none_reaches_nobody() {
    for door in Door::both().await {
        for (name, value) in [
            (&b":path"[..], &b"/a b"[..]),
            (b":path", b"/a\r\nhost: b"),
            (b":path", b"/a\0"),
            (b":path", b""),
            (b":authority", b"a b"),
            (b":authority", b"a\r\nx: y"),
            (b":method", b"GET / HTTP/1.1\r\n"),
            (b":method", b""),
            (b":scheme", b"http\r\nx: y"),
        ] {
            let usual: [(&[u8], &[u8]); 4] =
                [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/first"), (b":authority", b"a")];
            let names: BTreeSet<_> = usual.iter().map(|(name, _)| *name).collect();
            assert!(names.contains(name));
            let headers =
                usual.iter().map(|(own, usual)| literal(own, if *own == name { value } else { usual }));
            let mut stream = TcpStream::connect(door.address).await.expect("an open port");
            let head = frame(HEADERS, END_HEADERS | END_STREAM, 1, &headers.collect::<Vec<_>>().concat());
            stream.write_all(&[preface(&[]), head].concat()).await.expect("a server that reads");
            let frames = read(&mut stream).await;
            // An answer of the mesh's own is as good as a reset.
            let shown = String::from_utf8_lossy(value);
            assert_eq!(door.take(), [""; 0], "{}: {shown:?}: {frames:?}", String::from_utf8_lossy(name));
        }
        door.serves().await;
    }
}

#[tokio::test]
async fn more_or_less_than_was_said_is_not_taken_for_all() {
    for door in Door::both().await {
        for (said, sent) in [(&b"3"[..], &b"abcdef"[..]), (b"6", b"abc")] {
            let mut stream = TcpStream::connect(door.address).await.expect("an open port");
            let post =
                [&[0x83, 0x86][..], &literal(b":path", b"/first"), &literal(b":authority", b"a")].concat();
            let head = frame(HEADERS, END_HEADERS, 1, &[post, literal(b"content-length", said)].concat());
            let data = frame(DATA, END_STREAM, 1, sent);
            stream.write_all(&[preface(&[]), head, data].concat()).await.expect("a server that reads");
            assert!(is_refused(&read(&mut stream).await), "{said:?}");
            assert_eq!(door.take(), [""; 0], "{said:?}");
        }
        door.serves().await;
    }
}
