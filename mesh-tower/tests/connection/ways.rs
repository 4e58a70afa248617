//! Ways other than TCP, and what can be seen of a connection from its stream.

use super::*;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::Frame;
use http_body_util::StreamBody;
use mesh_tower::connection::{Dialer, Transport};
use std::{
    convert::Infallible,
    io,
    net::Ipv4Addr,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex},
    sync::mpsc,
};

/// A stream in memory that notes how it ends.
struct Noted(DuplexStream, Arc<Notes>);

#[derive(Debug, Default)]
struct Notes {
    opened: AtomicUsize,
    told_of_end: AtomicUsize,
    closed: AtomicUsize,
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.1.told_of_end.fetch_add(1, SeqCst);
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.closed.fetch_add(1, SeqCst);
    }
}

/// Has a server in memory for each connection, which counts the bytes of each request and answers at once.
#[derive(Clone, Debug, Default)]
struct Within {
    notes: Arc<Notes>,
    received: Arc<AtomicUsize>,
    servers: Arc<Mutex<JoinSet<()>>>,
}

impl Within {
    fn connection(&self, bounds: ConnectionPool) -> Connection {
        Connection::new().with_bounds(bounds).with_dialer(Arc::new(self.clone()))
    }

    fn leave(&self) {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    fn ended(&self) -> [usize; 3] {
        let Notes { opened, told_of_end, closed } = &*self.notes;
        [opened, told_of_end, closed].map(|count| count.load(SeqCst))
    }
}

impl Dialer for Within {
    fn dial(&self, upstream: &Upstream) -> Option<BoxFuture<'static, io::Result<Box<dyn Transport>>>> {
        if upstream.port != NOWHERE {
            return None;
        }
        let Self { notes, received, servers } = self.clone();
        Some(Box::pin(async move {
            notes.opened.fetch_add(1, SeqCst);
            let (client, server) = duplex(1 << 12);
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                let received = Arc::clone(&received);
                tokio::spawn(async move {
                    let mut body = request.into_body();
                    while let Some(Ok(frame)) = body.frame().await {
                        received.fetch_add(frame.data_ref().map_or(0, Bytes::len), SeqCst);
                    }
                });
                async { Ok::<_, Infallible>(Response::new(Body::from("within"))) }
            });
            servers.lock().unwrap_or_else(PoisonError::into_inner).spawn(async move {
                let _ =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(server), answer).await;
            });
            Ok(Box::new(Noted(client, notes)) as Box<dyn Transport>)
        }))
    }
}

/// A port to which nothing leads.
const NOWHERE: u16 = 9;

fn request(protocol: Protocol, body: Body) -> Request<Body> {
    let address = Address::Ip(Ipv4Addr::LOCALHOST.into());
    let mut request = Request::post("http://within/").body(body).expect("a request");
    request.extensions_mut().insert(Upstream { address, port: NOWHERE, protocol, tls: None });
    request
}

async fn called(connection: &Connection, protocol: Protocol) -> String {
    read(tokio::spawn(connection.clone().oneshot(request(protocol, Body::from("a question"))))).await
}

#[tokio::test]
async fn calls_go_the_way_that_the_dialer_knows_and_by_tcp_where_it_knows_none() {
    for protocol in [Protocol::Http, Protocol::Http2] {
        let within = Within::default();
        let connection = within.connection(bounds());
        for _ in 0..3 {
            assert_eq!(called(&connection, protocol).await, "within", "{protocol:?}");
        }
        assert_eq!(within.ended(), [1, 0, 0]);
        let server = Server::open(protocol).await;
        assert_eq!(read(ask(&connection, &server)).await, "hello");
        assert_eq!(within.ended()[0], 1);
    }
}

#[tokio::test]
async fn the_other_end_is_told_when_a_connection_has_served_as_often_as_it_may() {
    let within = Within::default();
    let connection = within.connection(ConnectionPool { max_requests_per_connection: Some(1), ..bounds() });
    for count in 1..4 {
        assert_eq!(called(&connection, Protocol::Http).await, "within");
        settle().await;
        assert_eq!(within.ended(), [count, count, count]);
    }
}

#[tokio::test]
async fn a_connection_that_its_server_closes_while_it_rests_is_closed_before_anybody_asks() {
    let within = Within::default();
    let connection = within.connection(bounds());
    assert_eq!(called(&connection, Protocol::Http).await, "within");
    assert_eq!(within.ended()[2], 0);
    within.leave();
    settle().await;
    assert_eq!(within.ended()[2], 1);
}

#[tokio::test]
async fn a_connection_that_closes_right_after_its_answer_costs_the_next_request_nothing() {
    let within = Within::default();
    let connection = within.connection(bounds());
    for count in 1..5 {
        assert_eq!(called(&connection, Protocol::Http).await, "within");
        within.leave();
        settle().await;
        assert_eq!(within.ended()[0], count);
    }
}

#[tokio::test]
async fn what_a_request_still_has_to_send_goes_out_though_nobody_reads_the_answer() {
    let within = Within::default();
    let connection = within.connection(bounds());
    let (sender, mut frames) = mpsc::unbounded_channel::<Bytes>();
    let stream = futures_util::stream::poll_fn(move |cx| {
        frames.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok::<_, Infallible>(Frame::data(bytes))))
    });
    let long = request(Protocol::Http, Body::new(StreamBody::new(stream)));
    let response = connection.clone().oneshot(long).await.expect("an answer");
    for count in 1..10 {
        sender.send(Bytes::from(vec![0; 10_000])).expect("somebody who sends");
        while within.received.load(SeqCst) < count * 10_000 {
            yield_now().await;
        }
    }
    drop((sender, response));
}
