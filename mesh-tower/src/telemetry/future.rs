use super::{report::Report, reporter::answered};
use crate::{
    Body, BoxError,
    event::{Ending, Exchange, Flags, Meter, Tunnel, within},
    reply::is_upgrade,
};
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The response of [`Telemetry`](super::Telemetry).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        // There until the response is.
        exchange: Option<Box<Exchange>>,
        asks_for_tunnel: bool,
        report: Option<Arc<Report>>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(mut exchange) = this.project().exchange.take() {
                exchange.flag(Flags::named("DC"));
                exchange.end(Ending::Abandoned);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    /// Of a request with the method CONNECT when `asks_for_tunnel`.
    pub(super) fn new(
        future: F,
        exchange: Option<Box<Exchange>>,
        asks_for_tunnel: bool,
        report: Arc<Report>,
    ) -> Self {
        Self { future, exchange, asks_for_tunnel, report: Some(report) }
    }

    /// Of a request that nobody wants to know anything of.
    pub(super) fn unreported(future: F) -> Self {
        Self { future, exchange: None, asks_for_tunnel: false, report: None }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // An exchange of which nothing is reported must not hide the one around it.
        let ended = match this.exchange {
            Some(_) => ready!(within(this.exchange, || this.future.poll(cx))),
            None => ready!(this.future.poll(cx)),
        };
        match (ended.map_err(Into::into), this.exchange.take()) {
            (Ok(response), Some(mut exchange)) => {
                if let Some(report) = this.report {
                    answered(&mut exchange, report, &response);
                }
                if is_upgrade(*this.asks_for_tunnel, response.status()) {
                    return Poll::Ready(Ok(held(response.map(Body::new), exchange)));
                }
                let meter = Meter::of_response(exchange);
                Poll::Ready(Ok(response.map(|body| Body::new(body).metered(meter))))
            }
            (Ok(response), None) => Poll::Ready(Ok(response.map(Body::new))),
            (Err(error), exchange) => {
                exchange.into_iter().for_each(|exchange| exchange.end(Ending::Broken));
                Poll::Ready(Err(error))
            }
        }
    }
}

/// An answer whose exchange lasts as long as what follows it.
fn held(mut response: Response<Body>, exchange: Box<Exchange>) -> Response<Body> {
    response.extensions_mut().get_or_insert_default::<Tunnel>().hold(exchange);
    response
}
