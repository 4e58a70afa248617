//! How a layer asks a service of the mesh before a request passes.

use crate::{Body, BoxError, Error, Kind, Routed, event::unheard};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use mesh_core::{model::AskedService, table::Missing, watch::Handle};
use std::{fmt, sync::Arc};
use tower::util::ServiceExt;
use tower_service::Service;

/// What questions of the mesh's own go through: a service that finds their destination in
/// [`Routed::backend`](crate::Routed::backend). Clones share it.
#[derive(Clone)]
pub struct Caller {
    handle: Handle,
    send: Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>,
}

type Answer = BoxFuture<'static, Result<Response<Body>, BoxError>>;

impl Caller {
    /// Asks those whom the newest table knows, through `service`.
    #[must_use]
    pub fn new<S, R>(handle: Handle, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<R>, Future: Send, Error: Into<BoxError>>,
        S: Clone + Send + Sync + 'static,
        R: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let send = move |request| -> Answer {
            let service = service.clone();
            Box::pin(async move {
                let response = service.oneshot(request).await.map_err(Into::into)?;
                Ok(response.map(Body::new))
            })
        };
        Self { handle, send: Arc::new(send) }
    }

    /// Asks a service, whatever the request's address says. Cancel safe: dropping the future gives up the question.
    ///
    /// # Errors
    /// When the workload does not see the service, or nobody answers.
    pub(crate) fn ask(&self, service: &AskedService, mut request: Request<Body>) -> Answer {
        let snapshot = self.handle.snapshot();
        let Some(backend) = snapshot.backend(&service.host, service.port) else {
            let error = Error::because(Kind::NoCluster(Missing::Service), format!("no service {service}"));
            return Box::pin(std::future::ready(Err(error.into())));
        };
        request.extensions_mut().insert(Routed::direct(Arc::clone(&snapshot), Arc::clone(backend)));
        // What is asked about a request is no part of it.
        Box::pin(unheard((self.send)(request)))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
