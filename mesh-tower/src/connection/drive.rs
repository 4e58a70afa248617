//! Who drives an HTTP/1.1 connection.

use super::{relay::Relay, socket::Socket};
use crate::body::Body;
use hyper::client::conn::http1::Connection;
use hyper_util::rt::TokioIo;
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// How often a connection is driven in a row before other tasks have their turn.
const MOST_TURNS: usize = 8;

/// What has to be polled so that requests go out and answers come in.
///
/// It has no task of its own as long as requests are short: whoever waits for an answer drives the connection meanwhile, so
/// that no other task has to be woken to send the request and to bring the answer back.
pub(super) struct Drive {
    driver: Driver,
    relay: Arc<Relay>,
    /// The same, as the connection knows it.
    waker: Waker,
}

enum Driver {
    /// Whoever holds this.
    Holder(Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>),
    /// A task of its own, or nobody any longer.
    Other,
}

impl Drive {
    /// A connection that was just opened.
    pub(super) fn new(connection: Connection<TokioIo<Socket>, Body>) -> Self {
        let relay = Arc::new(Relay::default());
        let waker = Waker::from(Arc::clone(&relay));
        Self { driver: Driver::Holder(Box::pin(connection.with_upgrades())), relay, waker }
    }

    /// Whoever waited for something does so no longer.
    pub(super) fn mute(&self) {
        self.relay.mute();
    }

    /// Drives the connection once, for nobody.
    pub(super) fn turn(&mut self) {
        self.mute();
        self.go();
    }

    /// Drives the connection, and polls what it brings.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut brought: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        for _ in 0..MOST_TURNS {
            self.mute();
            if self.go() {
                return brought(cx);
            }
            if let Poll::Ready(brought) = brought(&mut Context::from_waker(&self.waker)) {
                return Poll::Ready(brought);
            }
            if self.relay.wait(cx.waker()) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls what it may have brought already, and drives the connection only if it has not.
    pub(super) fn poll_again<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut brought: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if let Driver::Holder(_) = self.driver {
            self.mute();
            let polled = brought(&mut Context::from_waker(&self.waker));
            if polled.is_ready() {
                return polled;
            }
        }
        self.poll(cx, brought)
    }

    /// Drives the connection once. `true` if somebody else does, or nobody has to any longer.
    fn go(&mut self) -> bool {
        let Driver::Holder(connection) = &mut self.driver else { return true };
        if let Poll::Ready(ended) = connection.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            log(ended);
            self.driver = Driver::Other;
        }
        matches!(self.driver, Driver::Other)
    }

    /// Leaves the connection to a task of its own, which drives it to its end.
    pub(super) fn detach(&mut self) {
        if let Driver::Holder(connection) = mem::replace(&mut self.driver, Driver::Other) {
            tokio::spawn(async { log(connection.await) });
        }
    }
}

fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.driver {
            Driver::Holder(_) => "Holder",
            Driver::Other => "Other",
        })
    }
}
