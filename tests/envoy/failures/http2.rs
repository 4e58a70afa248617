//! A scripted upstream of HTTP/2.

use super::script::{Answer, Script, Step};
use bytes::Bytes;
use h2::{
    Reason, RecvStream, SendStream,
    server::{Connection, SendResponse, handshake},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use std::{
    future::{pending, poll_fn},
    io::Write,
    net,
    pin::pin,
    sync::Arc,
};
use tests::upstream::Upstream;
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
};

/// Starts one of the endpoints of a script.
pub(super) async fn endpoint(number: usize, script: &Arc<Script>) -> Upstream {
    let script = Arc::clone(script);
    Upstream::raw(move |stream| serve(stream, number, Arc::clone(&script))).await
}

/// What a stream does to its connection.
#[derive(Debug)]
enum Order {
    /// The streams after this one are none of its business.
    GoAway(u32, Reason),
    Close,
    Reset,
}

async fn serve(stream: TcpStream, endpoint: usize, script: Arc<Script>) {
    if matches!(script.peek(), Step::CloseUnread) {
        script.next();
        return;
    }
    stream.set_nodelay(true).expect("an open socket");
    let (stream, mut beside) = twice(stream);
    let Ok(mut connection) = handshake(stream).await else { return };
    let (orders, mut ordered) = unbounded_channel();
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            stream = connection.accept() => {
                let Some(Ok((request, respond))) = stream else { return };
                let stream = Stream { endpoint, respond, script: Arc::clone(&script), orders: orders.clone() };
                streams.spawn(stream.run(request));
            }
            Some(order) = ordered.recv() => match order {
                Order::GoAway(last, reason) => go_away(&mut beside, last, reason),
                Order::Close => return,
                Order::Reset => return reset(connection, &beside),
            },
        }
    }
}

/// A stream, and a second way to write to it: what no library of HTTP/2 would.
fn twice(stream: TcpStream) -> (TcpStream, net::TcpStream) {
    let stream = stream.into_std().expect("a socket");
    let beside = stream.try_clone().expect("a free descriptor");
    (TcpStream::from_std(stream).expect("a socket"), beside)
}

/// Writes a GOAWAY frame (RFC 9113, 6.8).
fn go_away(stream: &mut net::TcpStream, last: u32, reason: Reason) {
    let frame =
        [&[0, 0, 8, 7, 0, 0, 0, 0, 0][..], &last.to_be_bytes(), &u32::from(reason).to_be_bytes()].concat();
    stream.write_all(&frame).expect("room for a small frame");
}

fn reset(connection: Connection<TcpStream, Bytes>, beside: &net::TcpStream) {
    let stream = TcpStream::from_std(beside.try_clone().expect("a free descriptor")).expect("a socket");
    stream.set_zero_linger().expect("an open socket");
    drop(connection);
}

/// One attempt.
struct Stream {
    endpoint: usize,
    respond: SendResponse<Bytes>,
    script: Arc<Script>,
    orders: UnboundedSender<Order>,
}

impl Stream {
    async fn run(mut self, request: Request<RecvStream>) {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().expect("a path").as_str();
        let step = self.script.next();
        if let Step::AnswerEarly(answer) = step {
            self.script.saw(self.endpoint, &head.method, path, &head.headers, None);
            self.answer(answer);
            return;
        }
        let Some(body) = whole(body).await else { return };
        self.script.saw(self.endpoint, &head.method, path, &head.headers, Some(&body));
        let id = u32::from(self.respond.stream_id());
        match step {
            Step::Answer(answer) => self.answer(answer),
            Step::AnswerAfter(interim, answer) => {
                let interim = Response::builder().status(interim).body(()).expect("a head");
                self.respond.send_informational(interim).expect("an open stream");
                self.answer(answer);
            }
            Step::Close => self.order(Order::Close).await,
            Step::Reset => self.order(Order::Reset).await,
            Step::Stall => pending().await,
            Step::CutBody(answer) => {
                let _stream = self.part(answer).await;
                self.order(Order::Close).await;
            }
            Step::ResetBody(answer) => {
                let _stream = self.part(answer).await;
                self.order(Order::Reset).await;
            }
            Step::StallBody(answer) => {
                let _stream = self.part(answer).await;
                pending().await
            }
            Step::ResetStream(reason) => self.respond.send_reset(reason),
            Step::ResetStreamInBody(answer, reason) => self.part(answer).await.send_reset(reason),
            // Streams of clients have odd numbers.
            Step::GoAwayBefore(reason) => self.order(Order::GoAway(id.saturating_sub(2), reason)).await,
            Step::GoAwayAfter(answer) => {
                let _ = self.orders.send(Order::GoAway(id, Reason::NO_ERROR));
                self.answer(answer);
            }
            Step::GoAwayAndClose(reason) => {
                let _ = self.orders.send(Order::GoAway(id, reason));
                self.order(Order::Close).await;
            }
            _ => unreachable!("{step:?} is for HTTP/1.1"),
        }
    }

    /// Leaves the stream to what becomes of the connection.
    async fn order(&self, order: Order) {
        // The connection may be over.
        let _ = self.orders.send(order);
        pending().await
    }

    fn answer(&mut self, answer: Answer) {
        let is_all = answer.body.is_empty() && answer.trailers.is_empty();
        // Whoever gave up the attempt reset the stream.
        let Ok(mut stream) = self.respond.send_response(head(answer), is_all) else { return };
        if !answer.body.is_empty() {
            let _ = stream.send_data(answer.body.into(), answer.trailers.is_empty());
        }
        if !answer.trailers.is_empty() {
            let _ = stream.send_trailers(headers(answer.trailers));
        }
    }

    /// Half of an answer, up to the moment when the client has its head, or has enough of it.
    async fn part(&mut self, answer: Answer) -> SendStream<Bytes> {
        let script = Arc::clone(&self.script);
        let mut arrival = pin!(script.arrival());
        arrival.as_mut().enable();
        let mut stream = self.respond.send_response(head(answer), false).expect("an open stream");
        let _ = stream.send_data(answer.body.into(), false);
        tokio::select! {
            () = arrival => {}
            _ = poll_fn(|cx| stream.poll_reset(cx)) => {}
        }
        stream
    }
}

/// A request's body; `None` when the client gives it up.
async fn whole(mut body: RecvStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.ok()?;
        body.flow_control().release_capacity(data.len()).ok()?;
        bytes.extend_from_slice(&data);
    }
    Some(bytes)
}

fn head(answer: Answer) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = answer.status.try_into().expect("a status");
    *response.headers_mut() = headers(answer.headers);
    response
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}
