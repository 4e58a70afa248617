//! One request and its answer, as one side sees them.

use super::{Counted, Flags, Messages, Sampling, Traced, Workload};
use crate::{
    Kind,
    context::{Arrival, Decided},
    trace::TraceContext,
};
use http::{HeaderMap, Method, StatusCode, Uri, Version};
use mesh_core::{
    identity::SpiffeId,
    model::{Address, Side},
    table::{Backend, BackendEndpoint, Rule},
};
use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, Sleep};

/// Where a request went last.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// The address.
    pub address: Address,
    /// The port.
    pub port: u16,
    /// Who the certificate said is there, where the connection was one of mutual TLS of the mesh.
    pub principal: Option<SpiffeId>,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// The answer was sent to its end.
    #[default]
    Whole,
    /// Whoever asked went away before that.
    Abandoned,
    /// The answer broke off.
    Broken,
}

/// What is known of one request and its answer. Layers add to it as the request passes them.
#[derive(Debug)]
pub struct Exchange {
    /// The side that reports.
    pub side: Side,
    /// Whether that is a gateway, to which strangers come.
    pub is_gateway: bool,
    /// When the request came, by the clock that only goes forward.
    pub begun: Instant,
    /// When the request came, by the clock on the wall.
    pub started: SystemTime,
    /// The version of HTTP that the request came with.
    pub version: Version,
    /// Whether it is a call of gRPC.
    pub is_grpc: bool,
    /// Whether it is no request but a connection, of which no requests are seen: it has neither code nor head, and its
    /// bytes are all that came from whoever connected, and all that went there.
    pub is_connection: bool,
    /// What it asks for: the name of a method, or what a router says. Empty where nobody says.
    pub operation: String,
    /// The trace that it belongs to, where its headers name one.
    pub trace: Option<TraceContext>,
    /// The connection that it came over, on the side of the server.
    pub arrival: Option<Arrival>,
    /// The host that it was for, as received.
    pub authority: String,
    /// Who is at the other end, as far as that told.
    pub peer: Option<Arc<Workload>>,
    /// The backend that it was for, on the side of the client; `None` when it went where its address says, or nowhere.
    pub backend: Option<Arc<Backend>>,
    /// Where it went last.
    pub destination: Option<Destination>,
    /// How often it was sent to an endpoint.
    pub tries: u32,
    /// The answer's status; `None` when there was none.
    pub status: Option<StatusCode>,
    /// How the call ended, if it is one of gRPC and said so.
    pub grpc_status: Option<u16>,
    /// What became of it.
    pub flags: Flags,
    /// In which way the mesh ended it; `None` when an application answered.
    pub refused: Option<Kind>,
    /// Why, in Envoy's words.
    pub details: Cow<'static, str>,
    /// How long the answer's head took.
    pub answered_after: Option<Duration>,
    /// How long all of it took; set at the end.
    pub lasted: Duration,
    /// How large the head of the request is, as HTTP/1.1 would write it, in bytes.
    pub request_head_bytes: u64,
    /// That of the answer, likewise.
    pub response_head_bytes: u64,
    /// What was received of the request's body, in bytes.
    pub request_bytes: u64,
    /// What was sent of the answer's.
    pub response_bytes: u64,
    /// The messages of a gRPC call in the request.
    pub request_messages: u64,
    /// Those in the answer.
    pub response_messages: u64,
    /// How it ended.
    pub ending: Ending,
    /// How it is decided whether it is traced; `None` when nobody asks for traces.
    pub sampling: Option<Sampling>,
    /// Whether that is decided.
    pub is_sampling_decided: bool,
    /// Its spans, if it is traced.
    pub traced: Option<Box<Traced>>,
    /// What observers keep with it.
    pub kept: Kept,
    /// Where in the stream of the answer's messages it is.
    pub(crate) messages: Messages,
    /// How many messages were reported already, of those that came and of those that went.
    pub(crate) told: [u64; 2],
    /// When it is reported though it lasts; there once that is so.
    pub(crate) tick: Option<Pin<Box<Sleep>>>,
    pub(crate) decided: Option<Decided>,
    /// What is still being received of the request.
    pub(crate) incoming: Option<Arc<Counted>>,
    pub(crate) observer: Option<Arc<dyn Observe>>,
}

/// What observers keep with an exchange from its beginning to its end. Its memory serves one exchange after the other.
#[derive(Debug, Default)]
pub struct Kept {
    /// Texts, one after the other.
    pub text: Vec<u8>,
    /// Where each of them ends in `text`.
    pub ends: Vec<u32>,
    /// The heads of request and answer, where they are looked at when both are gone.
    pub heads: Option<Box<Heads>>,
}

/// The heads of a request and its answer.
#[derive(Debug)]
pub struct Heads {
    /// The request's method.
    pub method: Method,
    /// What it asked for.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// The answer's headers.
    pub answer: HeaderMap,
}

/// Whoever is told of exchanges that ended.
pub trait Observe: fmt::Debug + Send + Sync {
    /// An exchange has ended. It is the observer's now, who may use its memory for another one.
    fn ended(&self, exchange: Box<Exchange>);

    /// How often it is told of calls of gRPC of a side that last. Default: never, which is zero.
    fn interval(&self, _side: Side) -> Duration {
        Duration::ZERO
    }

    /// A call of gRPC lasts, and so many messages more have come and gone. Default: nothing is done.
    fn lasts(&self, _exchange: &Exchange, _messages: [u64; 2]) {}
}

impl Default for Exchange {
    fn default() -> Self {
        Self::begun_at(Instant::now())
    }
}

impl Exchange {
    /// One of which nothing else is known.
    fn begun_at(begun: Instant) -> Self {
        Self {
            side: Side::Client,
            is_gateway: false,
            begun,
            started: SystemTime::UNIX_EPOCH,
            version: Version::HTTP_11,
            is_grpc: false,
            is_connection: false,
            operation: String::new(),
            trace: None,
            arrival: None,
            authority: String::new(),
            peer: None,
            backend: None,
            destination: None,
            tries: 0,
            status: None,
            grpc_status: None,
            flags: Flags::NONE,
            refused: None,
            details: Cow::Borrowed(""),
            answered_after: None,
            lasted: Duration::ZERO,
            request_head_bytes: 0,
            response_head_bytes: 0,
            request_bytes: 0,
            response_bytes: 0,
            request_messages: 0,
            response_messages: 0,
            ending: Ending::Whole,
            sampling: None,
            is_sampling_decided: false,
            traced: None,
            kept: Kept::default(),
            messages: Messages::default(),
            told: [0, 0],
            tick: None,
            decided: None,
            incoming: None,
            observer: None,
        }
    }

    /// The rule that matched, on the side of the client.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.decided.as_ref().and_then(Decided::rule)
    }

    /// The endpoint that it was sent to last, if it is one of a backend.
    #[must_use]
    pub fn endpoint(&self) -> Option<&BackendEndpoint> {
        let Destination { address, port, .. } = self.destination.as_ref()?;
        let endpoints = &self.backend.as_ref()?.endpoints;
        endpoints.iter().find(|endpoint| endpoint.address == *address && endpoint.port == *port)
    }

    /// Adds a flag.
    pub fn flag(&mut self, flags: Flags) {
        self.flags = self.flags.with(flags);
    }

    /// As new, with the memory that it has.
    pub fn reset(&mut self) {
        let mut fresh = Self::begun_at(self.begun);
        std::mem::swap(&mut fresh.kept, &mut self.kept);
        std::mem::swap(&mut fresh.authority, &mut self.authority);
        fresh.kept.text.clear();
        fresh.kept.ends.clear();
        fresh.kept.heads = None;
        fresh.authority.clear();
        std::mem::swap(&mut fresh.operation, &mut self.operation);
        fresh.operation.clear();
        // Whoever still sends what is left of the former request goes on counting that.
        if let Some(counted) = self.incoming.as_mut().and_then(Arc::get_mut) {
            *counted = Counted::default();
            std::mem::swap(&mut fresh.incoming, &mut self.incoming);
        }
        *self = fresh;
    }

    /// It lasts, and whoever observes it is told what passed since the last time.
    pub(crate) fn lasts(&mut self) {
        let came = self.incoming.as_deref().map_or(0, |incoming| incoming.so_far().1);
        let now = [self.request_messages + came, self.response_messages];
        let more = [now[0] - self.told[0], now[1] - self.told[1]];
        if let Some(observer) = &self.observer {
            observer.lasts(self, more);
        }
        self.told = now;
    }

    /// It has ended, and is handed to whoever observes it.
    pub(crate) fn end(mut self: Box<Self>, ending: Ending) {
        self.ending = ending;
        self.lasted = self.begun.elapsed();
        if let Some((bytes, messages)) = self.incoming.as_deref().map(Counted::so_far) {
            self.request_bytes += bytes;
            self.request_messages += messages;
        }
        if let Some(observer) = self.observer.take() {
            observer.ended(self);
        }
    }
}
