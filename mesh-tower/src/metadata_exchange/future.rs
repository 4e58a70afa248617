use super::{
    policy::{Told, take},
    state::Peers,
};
use crate::event::note;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pin_project! {
    /// The response of [`MetadataExchange`](super::MetadataExchange).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        then: Then,
    }
}

/// What becomes of the answer's headers.
#[derive(Debug)]
enum Then {
    /// What they say of the other end is taken off, and learnt if it is one of the mesh.
    Learn(Option<Peers>),
    /// They say who this workload is, if the other end has said who that is.
    Tell(Option<Arc<Told>>),
}

impl<F> ResponseFuture<F> {
    pub(super) fn learn(future: F, peers: Option<Peers>) -> Self {
        Self { future, then: Then::Learn(peers) }
    }

    pub(super) fn tell(future: F, own: Option<Arc<Told>>) -> Self {
        Self { future, then: Then::Tell(own) }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Changed where it is: a response that is taken out is copied, and here twice.
        let mut ended = this.future.poll(cx);
        let Poll::Ready(Ok(response)) = &mut ended else { return ended };
        let headers = response.headers_mut();
        match this.then {
            Then::Tell(own) => {
                if let Some(own) = own {
                    own.put(headers);
                }
            }
            Then::Learn(peers) => {
                let (_, metadata) = take(headers);
                let peer = peers.as_ref().zip(metadata).and_then(|(peers, told)| peers.of(told.as_bytes()));
                if let Some(peer) = peer {
                    note(|exchange| exchange.peer = Some(peer));
                }
            }
        }
        ended
    }
}
