use crate::trace::Ambient;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The response of [`Propagate`](super::Propagate).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        ambient: Ambient,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, ambient: Ambient) -> Self {
        Self { future, ambient }
    }
}

impl<F: Future> Future for ResponseFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.ambient.within(|| this.future.poll(cx))
    }
}
