//! Plain connections, so many at a time.

use super::listen::{Accept, Accepted, Requests};
use crate::{Body, context::Arrival, stream::Stream};
use http::{Request, Response};
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tower_service::Service;

/// Lets so many connections in, and no more, each for so long.
#[derive(Clone)]
pub(crate) struct Places<S> {
    service: S,
    free: Arc<Semaphore>,
    life: Duration,
}

impl<S> Places<S> {
    /// `most` connections at a time, which are asked to end after `life`: who reads slowly does not keep its place for ever.
    pub(crate) fn new(service: S, most: usize, life: Duration) -> Self {
        Self { service, free: Arc::new(Semaphore::new(most)), life }
    }
}

impl<S> Accept for Places<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Service = Placed<S>;
    type Body = Body;

    async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Accepted<Placed<S>>> {
        let place = Arc::clone(&self.free).try_acquire_owned();
        let place = place.map_err(|_| io::Error::other("there are as many connections as there may be"))?;
        let arrival = Arrival::new(peer, stream.local_addr()?);
        let service = Placed { service: self.service.clone(), _place: Arc::new(place) };
        let end = Some(Box::pin(sleep(self.life)) as _);
        Ok(Accepted::Requests(Requests { stream: Stream::Plain(stream), arrival, service, end }))
    }
}

/// The service for one connection, which has its place as long as this lives.
#[derive(Clone)]
pub(crate) struct Placed<S> {
    service: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<S> Service<Request<Incoming>> for Placed<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        self.service.call(request)
    }
}
