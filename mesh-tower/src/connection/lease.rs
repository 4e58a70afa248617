//! A response whose connection goes back to the pool.

use super::pool::EndpointPool;
use crate::{body::Body, error::BoxError};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// The body of a response, with the connection it comes over; read to its end, the connection serves again.
pub struct Leased {
    body: Incoming,
    connection: Option<Lease>,
}

/// An HTTP/1.1 connection that is out of its pool. Dropped without being given back, it closes.
pub(super) struct Lease {
    sender: SendRequest<Body>,
    pool: Arc<EndpointPool>,
}

impl Lease {
    pub(super) fn new(sender: SendRequest<Body>, pool: Arc<EndpointPool>) -> Self {
        Self { sender, pool }
    }

    pub(super) fn sender(&mut self) -> &mut SendRequest<Body> {
        &mut self.sender
    }

    /// Gives the connection back as soon as it can take another request; usually that is now.
    fn give_back(mut self) {
        if self.sender.is_ready() {
            self.pool.put(self.sender);
        } else if !self.sender.is_closed()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // The connection's own task has yet to see that the response is over, or the request's body still goes out.
            runtime.spawn(async move {
                if self.sender.ready().await.is_ok() {
                    self.pool.put(self.sender);
                }
            });
        }
    }
}

impl Leased {
    pub(super) fn new(body: Incoming, connection: Lease) -> Self {
        Self { body, connection: Some(connection) }
    }
}

impl http_body::Body for Leased {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none()
            && let Some(connection) = self.connection.take()
        {
            connection.give_back();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        // A reader that knows the length does not ask once more after the last byte.
        if self.body.is_end_stream()
            && let Some(connection) = self.connection.take()
        {
            connection.give_back();
        }
    }
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").field("body", &self.body).finish_non_exhaustive()
    }
}
