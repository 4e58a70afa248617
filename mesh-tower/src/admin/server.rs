//! Serves pages over connections.

use super::{service::Pages, state::State};
use crate::{
    Body,
    context::Arrival,
    serve::{Accept, Accepted, Drain, Requests, serve},
    stream::Stream,
};
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
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::sleep,
};
use tower_service::Service;

/// The most connections at a time.
const CONNECTIONS: usize = 64;
/// How long a connection may be used: who reads slowly does not keep its place for ever.
const LIFE: Duration = Duration::from_secs(600);
/// The time that answers under way have when the endpoint ends.
const GRACE: Duration = Duration::from_secs(1);

/// Serves pages until the mesh has drained, and the time is over that its requests have.
pub(crate) fn start(listener: TcpListener, state: State) -> AbortHandle {
    let (of_mesh, own) = (state.drain.clone(), Drain::new(GRACE));
    let door = Door { pages: Pages::new(state), places: Arc::new(Semaphore::new(CONNECTIONS)) };
    let serving = async move {
        let served = serve(listener, door, own.clone());
        tokio::pin!(served);
        let over = async {
            of_mesh.started().await;
            // Whoever looks after this process wants to see it drain.
            sleep(of_mesh.grace()).await;
        };
        tokio::select! {
            () = &mut served => return,
            () = over => own.start(),
        }
        served.await;
    };
    tokio::spawn(serving).abort_handle()
}

/// Lets so many connections in, and no more.
#[derive(Clone)]
struct Door {
    pages: Pages,
    places: Arc<Semaphore>,
}

impl Accept for Door {
    type Service = Placed;
    type Body = Body;

    async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Accepted<Placed>> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place =
            place.map_err(|_| io::Error::other("the admin endpoint has as many connections as it may"))?;
        let arrival = Arrival::new(peer, stream.local_addr()?);
        let service = Placed { pages: self.pages.clone(), _place: Arc::new(place) };
        let end = Some(Box::pin(sleep(LIFE)) as _);
        Ok(Accepted::Requests(Requests { stream: Stream::Plain(stream), arrival, service, end }))
    }
}

/// The pages for one connection, which has its place as long as this lives.
#[derive(Clone)]
struct Placed {
    pages: Pages,
    _place: Arc<OwnedSemaphorePermit>,
}

impl Service<Request<Incoming>> for Placed {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <Pages as Service<Request<Incoming>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.pages.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        self.pages.call(request)
    }
}
