//! What is seen on the wire: nothing but TLS leaves for a service that asks for it, and nothing but TLS comes back.

use crate::{caller, meshed, policy};
use http::{Request, StatusCode};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tests::{
    documents::Documents,
    mesh::serve,
    soon,
    upstream::{Upstream, listener},
    wire::text,
    workloads::{Mint, tell},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, tcp},
};
use tower::service_fn;

const STRICT: &str = "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, \
                      metadata: {name: default}, spec: {mtls: {mode: STRICT}}}\n";

/// What nobody on the way may read.
const SECRET: &str = "a-secret-of-the-caller";

/// All bytes of all connections, each in both directions.
type Recording = Arc<Mutex<Vec<Arc<Mutex<Vec<u8>>>>>>;

/// Passes connections on, and keeps what it saw.
async fn recorder(to: Arc<Mutex<Option<SocketAddr>>>, recording: Recording) -> Upstream {
    Upstream::raw(move |stream| {
        let (to, recording) = (Arc::clone(&to), Arc::clone(&recording));
        async move {
            let to = to.lock().expect("no panic").expect("an address");
            let onward = TcpStream::connect(to).await.expect("an open port");
            let tapes = [Arc::default(), Arc::default()];
            recording.lock().expect("no panic").extend(tapes.iter().cloned());
            let ((from_caller, to_caller), (from_server, to_server)) =
                (stream.into_split(), onward.into_split());
            let [out, back] = tapes;
            tokio::join!(record(from_caller, to_server, out), record(from_server, to_caller, back));
        }
    })
    .await
}

async fn record(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, tape: Arc<Mutex<Vec<u8>>>) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        tape.lock().expect("no panic").extend(&bytes[..length]);
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

/// Takes a stream apart into TLS records; the last one may not be whole yet.
fn assert_is_tls(mut bytes: &[u8]) {
    assert!(!bytes.is_empty(), "somebody says something");
    while let [kind, major, minor, high, low, rest @ ..] = bytes {
        assert!(
            (20..=23).contains(kind) && *major == 3 && *minor <= 4,
            "no record of TLS: {:?}",
            &bytes[..5]
        );
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        assert!(length <= (1 << 14) + 2048, "a record has a bound");
        bytes = rest.get(length..).unwrap_or_default();
    }
}

#[tokio::test]
async fn nothing_but_tls_leaves_for_a_service_that_asks_for_it() {
    for port_name in ["http", "http2"] {
        let mint = Mint::default();
        let (to, recording) = (Arc::default(), Recording::default());
        let proxy = recorder(Arc::clone(&to), Arc::clone(&recording)).await;
        let several = policy("{connectionPool: {http: {maxRequestsPerConnection: 2}}}");
        let documents = Documents::of(&[&meshed(port_name, proxy.address), STRICT, &several]);
        let server = crate::stranger(&documents).await;
        server.identity().replace(mint.credentials(&Mint::id("upstream")));
        let (listener, address) = listener().await;
        *to.lock().unwrap() = Some(address);
        serve(&server, listener, service_fn(tell));
        let mesh = caller(&mint, &documents).await;
        for number in 0..6 {
            let request =
                Request::post(format!("http://upstream/{SECRET}?{SECRET}")).header("x-secret", SECRET);
            let request = request.body(SECRET.repeat(number * 100).into()).unwrap();
            let response = soon(mesh.client().request(request)).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{port_name}");
            assert_eq!(soon(text(response)).await, "hello");
        }
        let tapes = recording.lock().unwrap();
        assert_eq!(tapes.len(), 6, "three connections, two directions");
        for tape in &*tapes {
            let bytes = tape.lock().unwrap();
            assert_is_tls(&bytes);
            for word in [SECRET, "hello", "HTTP/1.1", "PRI * HTTP/2"] {
                assert!(!bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{word}");
            }
        }
    }
}

#[test]
fn plain_text_would_be_seen() {
    let seen = std::panic::catch_unwind(|| assert_is_tls(b"GET / HTTP/1.1\r\n\r\n"));
    assert!(seen.is_err());
}
