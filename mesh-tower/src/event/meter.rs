//! What passes in a body.

use super::{Ending, Exchange, Flags};
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::Frame;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Context,
    time::Duration,
};
use tokio::time::{Instant, sleep};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Counts what passes in a body.
#[derive(Debug)]
pub(crate) enum Meter {
    /// In a request's, whichever task sends it.
    Request(Arc<Counted>),
    /// In an answer's, with which the exchange ends.
    Response(Closing),
}

/// An exchange that ends when it is dropped: abandoned, unless somebody has said how.
#[derive(Debug)]
pub(crate) struct Closing {
    exchange: Option<Box<Exchange>>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            exchange.flag(Flags::named("DC"));
            exchange.end(Ending::Abandoned);
        }
    }
}

/// How much passed, in bytes and messages. One task counts at a time, and another may look.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    bytes: AtomicU64,
    messages: AtomicU64,
    /// Where in the stream of messages it is; 0 where no messages are counted.
    state: AtomicU64,
}

impl Counted {
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.bytes.load(Relaxed), self.messages.load(Relaxed))
    }

    fn passes(&self, data: &[u8]) {
        self.bytes.fetch_add(data.len() as u64, Relaxed);
        if let Some(mut messages) = Messages::of(self.state.load(Relaxed)) {
            self.messages.fetch_add(messages.take(data), Relaxed);
            self.state.store(messages.state(), Relaxed);
        }
    }
}

impl Meter {
    /// For the body of a request, of which the exchange learns.
    pub(crate) fn of_request(exchange: &mut Exchange) -> Self {
        let counted = exchange.incoming.get_or_insert_default();
        if exchange.is_grpc {
            counted.state.store(Messages::default().state(), Relaxed);
        }
        Self::Request(Arc::clone(counted))
    }

    /// For the body of an answer, with which the exchange ends.
    pub(crate) fn of_response(exchange: Box<Exchange>) -> Self {
        Self::Response(Closing { exchange: Some(exchange) })
    }

    /// A frame passes.
    pub(crate) fn passes(&mut self, frame: &Frame<Bytes>) {
        match self {
            Self::Request(counted) => {
                if let Some(data) = frame.data_ref() {
                    counted.passes(data);
                }
            }
            Self::Response(closing) => {
                let Some(exchange) = &mut closing.exchange else { return };
                if let Some(data) = frame.data_ref() {
                    exchange.response_bytes += data.len() as u64;
                    if exchange.is_grpc {
                        exchange.response_messages += exchange.messages.take(data);
                    }
                }
                if let Some(trailers) = frame.trailers_ref() {
                    exchange.grpc_status = grpc_status(trailers).or(exchange.grpc_status);
                }
            }
        }
    }

    /// Nothing passes at the moment. The messages of a call of gRPC that lasts are reported meanwhile, now and then.
    pub(crate) fn waits(&mut self, cx: &mut Context<'_>) {
        let Self::Response(Closing { exchange: Some(exchange) }) = self else { return };
        // Most calls have one message in their answer, and are over soon.
        if exchange.response_messages < 2 {
            return;
        }
        let every =
            exchange.observer.as_ref().map_or(Duration::ZERO, |observer| observer.interval(exchange.side));
        if every.is_zero() {
            return;
        }
        let mut tick = exchange.tick.take().unwrap_or_else(|| Box::pin(sleep(every)));
        while tick.as_mut().poll(cx).is_ready() {
            exchange.lasts();
            tick.as_mut().reset(Instant::now() + every);
        }
        exchange.tick = Some(tick);
    }

    /// The body ends. One that is dropped before that was abandoned.
    pub(crate) fn ends(self, ending: Ending) {
        if let Self::Response(mut closing) = self
            && let Some(exchange) = closing.exchange.take()
        {
            exchange.end(ending);
        }
    }
}

/// How a gRPC call ended, by what its answer says.
pub(crate) fn grpc_status(headers: &HeaderMap) -> Option<u16> {
    headers.get(GRPC_STATUS)?.to_str().ok()?.parse().ok()
}

/// Counts the messages in a stream of gRPC, each of which follows five bytes that tell its length.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// How many of the five bytes were read; 5 within a message.
    read: u8,
    /// What is known of the length, or what is still to come of the message.
    length: u32,
}

/// Set in every state, so that 0 is none.
const COUNTS: u64 = 1 << 63;

impl Messages {
    /// From a number; `None` where no messages are counted.
    fn of(state: u64) -> Option<Self> {
        let (read, length) = ((state >> 32) as u8, state as u32);
        (state & COUNTS != 0).then_some(Self { read, length })
    }

    /// As a number.
    fn state(&self) -> u64 {
        COUNTS | u64::from(self.read) << 32 | u64::from(self.length)
    }

    /// Takes in more of the stream; the result is how many messages began in it.
    fn take(&mut self, mut data: &[u8]) -> u64 {
        let mut begun = 0;
        loop {
            if self.read == 5 {
                let passed = data.len().min(self.length as usize);
                data = &data[passed..];
                self.length -= passed as u32;
                if self.length > 0 {
                    return begun;
                }
                self.read = 0;
            }
            let Some((byte, rest)) = data.split_first() else { return begun };
            data = rest;
            // The first of the five says whether the message is compressed.
            if self.read > 0 {
                self.length = self.length << 8 | u32::from(*byte);
            }
            self.read += 1;
            begun += u64::from(self.read == 5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_the_stream_is_cut() {
        let lengths = [0_u32, 3, 300, 0, 1];
        let mut stream = Vec::new();
        for length in lengths {
            stream.push(0);
            stream.extend(length.to_be_bytes());
            stream.extend(vec![7; length as usize]);
        }
        for size in [1, 2, 5, 7, 64, 1000] {
            let mut messages = Messages::default();
            let begun: u64 = stream.chunks(size).map(|part| messages.take(part)).sum();
            assert_eq!(begun, lengths.len() as u64, "cut every {size} bytes");
        }
    }
}
