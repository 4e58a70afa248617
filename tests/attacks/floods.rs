//! Much of what costs its sender little.

use super::{
    http2::{CONTINUATION, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS},
    http2::{frame, get, literal, preface, read},
    *,
};
use tokio::task::JoinSet;

/// The memory that one attack may cost, whatever other tests do at the same time.
const BOUND: usize = 96 << 20;

/// Sends as much of this as the other end takes within some seconds, and gives what was answered.
async fn pour(address: SocketAddr, begin: Vec<u8>, piece: &[u8], times: usize) -> Vec<(u8, u32, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await.expect("an open port");
    stream.write_all(&begin).await.expect("a server that reads");
    let sending = async {
        for _ in 0..times {
            if stream.write_all(piece).await.is_err() {
                return;
            }
        }
    };
    // A server that reads no further is as good as one that closes.
    let _ = timeout(Duration::from_secs(3), sending).await;
    read(&mut stream).await
}

fn is_sent_away(frames: &[(u8, u32, Vec<u8>)]) -> bool {
    frames.iter().any(|(kind, ..)| *kind == GOAWAY)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_as_soon_as_they_begin_do_not_pile_up() {
    for door in Door::both().await {
        let before = memory();
        let head = get("/reset", &[]);
        let mut all = Vec::new();
        for number in 0..20_000 {
            let stream = 2 * number + 1;
            all.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &head));
            all.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        }
        pour(door.address, preface(&[]), &all, 1).await;
        assert!(memory().saturating_sub(before) < BOUND, "{} bytes", memory().saturating_sub(before));
        soon(async {
            // Those under way are given up; a gateway's own calls, too.
            door.serves().await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_head_without_end_ends_the_connection() {
    for door in Door::both().await {
        let before = memory();
        let begin = [preface(&[]), frame(HEADERS, END_STREAM, 1, &get("/first", &[]))].concat();
        for payload in [literal(b"x", &[b'y'; 100]), Vec::new()] {
            let frames =
                pour(door.address, begin.clone(), &frame(CONTINUATION, 0, 1, &payload), 50_000).await;
            assert!(is_sent_away(&frames) || frames.is_empty(), "{frames:?}");
        }
        assert!(memory().saturating_sub(before) < BOUND);
        assert_eq!(door.take(), [""; 0]);
        door.serves().await;
    }
}

#[tokio::test]
async fn heads_that_unfold_are_refused() {
    for door in Door::both().await {
        let before = memory();
        // One header that is remembered, and then said by its number again and again.
        let remembered = [&[0x40, 1, b'x', 126][..], &[b'y'; 126]].concat();
        let again = vec![0xbe; 16_000];
        let head = get("/first", &[remembered, again].concat());
        let mut all = preface(&[]);
        for number in 0..100 {
            all.extend(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &head));
        }
        pour(door.address, all, &[], 0).await;
        assert!(memory().saturating_sub(before) < BOUND);
        assert_eq!(door.take(), [""; 0]);
        door.serves().await;
    }
}

#[tokio::test]
async fn questions_that_nobody_reads_the_answers_of_do_not_pile_up() {
    for door in Door::both().await {
        let before = memory();
        for piece in [
            frame(PING, 0, 0, &[7; 8]),
            frame(SETTINGS, 0, 0, &[]),
            frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
        ] {
            pour(door.address, preface(&[]), &piece.repeat(1000), 500).await;
        }
        assert!(memory().saturating_sub(before) < BOUND);
        door.serves().await;
    }
}

#[tokio::test]
async fn more_streams_than_there_may_be_are_refused() {
    let door = Door::workload(&[]).await;
    let post = [&[0x83, 0x86][..], &literal(b":path", b"/first"), &literal(b":authority", b"a")].concat();
    let mut all = preface(&[]);
    for number in 0..300 {
        // None of them ends.
        all.extend(frame(HEADERS, END_HEADERS, 2 * number + 1, &post));
    }
    let mut stream = TcpStream::connect(door.address).await.expect("an open port");
    stream.write_all(&all).await.expect("a server that reads");
    let frames = read(&mut stream).await;
    let refused = frames.iter().filter(|(kind, ..)| *kind == RST_STREAM).count();
    assert!(refused == 100 || is_sent_away(&frames), "{refused}");
    door.serves().await;
}

#[tokio::test]
async fn thousands_of_connections_that_say_nothing_hold_nobody_up() {
    for door in Door::both().await {
        let before = memory();
        let mut silent = JoinSet::new();
        for number in 0..2000 {
            let address = door.address;
            silent.spawn(async move {
                let mut stream = TcpStream::connect(address).await.expect("an open port");
                // Some say half a word.
                let said: &[u8] = match number % 4 {
                    0 => b"",
                    1 => b"PRI * HTTP/2.0\r\n\r\nSM",
                    2 => b"GET / HTTP/1.1\r\nhost: a\r\n",
                    _ => b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n1",
                };
                stream.write_all(said).await.expect("a server that reads");
                stream
            });
        }
        let held = soon(silent.join_all()).await;
        door.serves().await;
        let each = memory().saturating_sub(before) / held.len();
        assert!(each < 64 << 10, "{each} bytes each");
        drop(held);
        door.serves().await;
    }
}
