//! An HTTP/1.1 connection that is kept for further requests.

use super::{
    drive::Drive,
    life::{self, Verdict},
    socket::Socket,
};
use crate::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use mesh_core::{identity::SpiffeId, model::TrafficPolicy};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::time::Instant;

/// A connection. While it rests the [keeper](super::keeper) looks after it.
pub(super) struct Kept {
    sender: SendRequest<Body>,
    drive: Drive,
    served: u32,
    opened: Instant,
    rests_since: Instant,
    /// How long it may live and rest is settled when it is opened.
    policy: Arc<TrafficPolicy>,
    /// Who is at the other end, if a certificate says so.
    principal: Option<SpiffeId>,
}

impl Kept {
    /// A connection that was just opened.
    pub(super) fn new(
        (sender, connection): (SendRequest<Body>, Connection<TokioIo<Socket>, Body>),
        policy: Arc<TrafficPolicy>,
        principal: Option<SpiffeId>,
    ) -> Self {
        let now = Instant::now();
        let drive = Drive::new(connection);
        Self { sender, drive, served: 0, opened: now, rests_since: now, policy, principal }
    }

    /// Announces who is at the other end.
    pub(super) fn announce(&self) {
        life::announce(self.principal.as_ref());
    }

    /// Counts a request of the `most` that it may carry, and tells whether that is the last one.
    pub(super) fn count(&mut self, most: Option<u32>) -> bool {
        self.served = self.served.saturating_add(1);
        most.is_some_and(|most| self.served >= most)
    }

    /// Begins to send a request; [`poll_answer`](Self::poll_answer) goes on.
    pub(super) fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Body>>>> + use<> {
        if !request.body().is_short() {
            // The rest of it has to go out whether or not somebody reads more of the answer.
            self.detach();
        }
        self.drive.mute();
        self.sender.try_send_request(request)
    }

    /// Drives the connection until the answer to a request has come.
    pub(super) fn poll_answer<F: Future>(
        &mut self,
        mut sending: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.drive.poll(cx, |cx| sending.as_mut().poll(cx))
    }

    /// Drives the connection until more of a response's body has come.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.drive.poll_again(cx, |cx| Pin::new(&mut *body).poll_frame(cx))
    }

    /// Leaves the connection to a task of its own, which drives it to its end.
    pub(super) fn detach(&mut self) {
        self.drive.detach();
    }

    /// Looks whether it can take another request already.
    pub(super) fn is_ready(&mut self) -> bool {
        if !self.can_serve() {
            self.drive.turn();
        }
        self.can_serve()
    }

    /// Waits until it can take another request; an error says that it never will.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        let Self { sender, drive, .. } = self;
        drive.poll(cx, |cx| sender.poll_ready(cx))
    }

    /// Lets the task be woken when the connection ends while it rests.
    pub(super) fn watch(&mut self, cx: &mut Context<'_>) {
        let _ = self.drive.poll(cx, |_| Poll::<()>::Pending);
    }

    /// Whether it can take another request, as far as is known.
    pub(super) fn can_serve(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// It rests from now on.
    pub(super) fn rest(&mut self, now: Instant) {
        self.rests_since = now;
    }

    /// What becomes of it, resting as it is; `None` when nothing ever does.
    pub(super) fn judge(&self, now: Instant) -> Option<Verdict> {
        life::judge(self.opened, Some(self.rests_since), now, &self.policy.connection_pool)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { drive, served, opened, .. } = self;
        f.debug_struct("Kept")
            .field("drive", drive)
            .field("served", served)
            .field("opened", opened)
            .finish_non_exhaustive()
    }
}
