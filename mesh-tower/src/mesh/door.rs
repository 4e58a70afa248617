//! The door of a workload: who comes in, and what the application is asked by them.

use crate::{
    context::{Arrival, connection_view},
    error::BoxError,
    event::Side,
    mtls::{self, Arrived},
    serve::{Accept, Accepted, Requests},
    stream::{Stream, Untouched},
    telemetry::Reporter,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use mesh_core::watch::Handle;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::net::TcpStream;
use tower_service::Service;

/// Takes connections whose TLS is the application's own.
pub(super) type Pass = Arc<dyn Fn(Untouched, Arrival) -> BoxFuture<'static, io::Result<()>> + Send + Sync>;

/// Lets connections in as documents say.
#[derive(Clone)]
pub(super) struct Door<S> {
    pub(super) door: mtls::Door,
    pub(super) handle: Handle,
    pub(super) app: S,
    pub(super) reporter: Reporter,
    /// Nobody takes them when `None`: they are closed.
    pub(super) pass: Option<Pass>,
}

impl<S> Door<S> {
    /// Hands over a connection whose TLS is the application's own, and reports it.
    fn passed<T>(&self, stream: Untouched, arrival: Arrival) -> io::Result<Accepted<T>> {
        let mut reported = self.reporter.connection(Side::Server, false, &arrival);
        reported.opened();
        match &self.pass {
            _ if !self.allows(&arrival) => Err(io::Error::other("no policy allows the connection")),
            Some(pass) => {
                let work = pass(stream.counted(reported.traffic()), arrival);
                Ok(Accepted::Other(Box::pin(reported.during(work))))
            }
            None => Err(io::Error::other("TLS that is not the mesh's, and nobody here takes it")),
        }
    }

    /// Whether policies allow a connection that is not HTTP as far as anybody can see.
    fn allows(&self, arrival: &Arrival) -> bool {
        let snapshot = self.handle.snapshot();
        let verdict = snapshot.inbound().authorize(&connection_view(Some(arrival)));
        if !verdict.is_allowed() {
            tracing::info!(details = %verdict, peer = %arrival.peer(), "connection refused");
        }
        verdict.is_allowed()
    }
}

impl<S, B> Accept for Door<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Service = S;
    type Body = B;

    async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Accepted<S>> {
        match self.door.accept(stream, peer).await? {
            Arrived::Requests(stream, arrival) => {
                let is_plain = matches!(stream, Stream::Plain(_));
                let end = is_plain.then(|| Box::pin(self.door.clone().closes(arrival.local().port())) as _);
                Ok(Accepted::Requests(Requests { stream, arrival, service: self.app.clone(), end }))
            }
            Arrived::Passed(stream, arrival) => self.passed(stream, arrival),
        }
    }
}
