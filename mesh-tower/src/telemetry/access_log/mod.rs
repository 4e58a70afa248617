//! The access log: a line for each request, in Envoy's formats.
//!
//! Of a path and its query secrets are hidden: parameters whose name tells that they are some, and tokens. Headers are written
//! as a format asks for them; Istio's own asks for none that lets anybody in.

mod entry;
mod format;
mod operator;
#[cfg(test)]
mod tests;
mod writer;

pub use format::{Format, InvalidFormat};
pub use writer::{Sink, Writer};

use crate::event::{Exchange, Heads};
use http::{HeaderMap, Request, Response};
use std::sync::Arc;

/// A log of requests. Clones write to the same place.
#[derive(Clone, Debug)]
pub struct AccessLog {
    format: Arc<Format>,
    writer: Writer,
}

impl AccessLog {
    /// Lines of this format, to this place.
    #[must_use]
    pub fn new(format: Format, writer: Writer) -> Self {
        Self { format: Arc::new(format), writer }
    }

    /// Who writes its lines.
    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// A request has come.
    pub(super) fn note_request<B>(&self, exchange: &mut Exchange, request: &Request<B>) {
        entry::note_request(exchange, &self.format, request);
    }

    /// It is answered.
    pub(super) fn note_response<B>(&self, exchange: &mut Exchange, response: &Response<B>) {
        entry::note_response(exchange, &self.format, response);
    }

    /// It is over; `texts` says how many kept texts come before those of its request, and of its answer.
    pub(super) fn write(&self, exchange: &Exchange, texts: [usize; 2]) {
        self.writer.line(|line| entry::write(line, exchange, &self.format, texts));
    }

    /// How many texts are kept of a request, and of its answer.
    pub(super) fn texts(&self) -> [usize; 2] {
        [self.format.of_request.len(), self.format.of_response.len()]
    }
}

/// What a format gives of an exchange that has ended, of which the heads are kept; `None` where they are not. What else was
/// kept of it is gone then.
pub(super) fn evaluate(exchange: &mut Exchange, format: &Format) -> Option<String> {
    let heads = exchange.kept.heads.take()?;
    exchange.kept.text.clear();
    exchange.kept.ends.clear();
    entry::note_request(exchange, format, &request(&heads));
    if let Some(status) = exchange.status {
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = HeaderMap::clone(&heads.answer);
        entry::note_response(exchange, format, &response);
    }
    exchange.kept.heads = Some(heads);
    let mut line = Vec::new();
    entry::write(&mut line, exchange, format, [0, format.of_request.len()]);
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn request(heads: &Heads) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = heads.method.clone();
    *request.uri_mut() = heads.uri.clone();
    *request.headers_mut() = HeaderMap::clone(&heads.headers);
    request
}
