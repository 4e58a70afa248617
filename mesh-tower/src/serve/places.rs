//! Plain connections, so many at a time.

use super::{
    listen::{Accept, Accepted, Requests},
    stuck::Answers,
};
use crate::{
    Body,
    context::Arrival,
    stream::{Stream, Untouched},
};
use futures_util::future::BoxFuture;
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
    /// `most` connections at a time, which are asked to end after `life`, or when nothing of an answer could be written for
    /// half a minute or up to a whole one: who does not read does not keep its place.
    pub(crate) fn new(service: S, most: usize, life: Duration) -> Self {
        Self { service, free: Arc::new(Semaphore::new(most)), life }
    }
}

impl<S> Accept for Places<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
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
        let (answers, life) = (Answers::default(), sleep(self.life));
        let stream = Stream::Counted(Untouched::unlooked(stream).counted(answers.traffic()));
        let (service, place) = (self.service.clone(), Arc::new(place));
        let service = Placed { service, answers: answers.clone(), _place: place };
        let end = async move {
            tokio::select! {
                () = life => {}
                () = answers.stuck() => {}
            }
        };
        Ok(Accepted::Requests(Requests { stream, arrival, service, end: Some(Box::pin(end)) }))
    }
}

/// The service for one connection, which has its place as long as this lives.
#[derive(Clone)]
pub(crate) struct Placed<S> {
    service: S,
    answers: Answers,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<S> Service<Request<Incoming>> for Placed<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (answer, under_way) = (self.service.call(request), self.answers.begin());
        Box::pin(async move { Ok(answer.await?.map(|body| under_way.with(body))) })
    }
}
