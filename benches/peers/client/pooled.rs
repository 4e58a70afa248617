//! hyper's pooled client, which a service without a mesh would use: alone, with tower's layers, and with mutual TLS.

use super::Caller;
use crate::{
    case::{Case, Protocol},
    certificates::{CALLER, Files},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};
use mesh_tower::BoxError;
use std::{future, path::Path, time::Duration};
use tower::{
    Service, ServiceBuilder, ServiceExt,
    retry::{Policy, Retry},
    timeout::Timeout,
};

type Pooled<C> = Client<C, Full<Bytes>>;

/// Over plain connections.
pub(super) fn plain(case: &Case) -> Pooled<HttpConnector> {
    pooled(connector(), case)
}

/// Over mutual TLS.
///
/// # Errors
/// When the world has no certificates.
pub(super) fn mtls(world: &Path, case: &Case) -> Result<Pooled<HttpsConnector<HttpConnector>>, BoxError> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(Files::of(world, CALLER).client()?);
    let mut http = connector();
    http.enforce_http(false);
    let https = match case.protocol {
        Protocol::H1 => builder.https_only().enable_http1().wrap_connector(http),
        Protocol::H2 => builder.https_only().enable_http2().wrap_connector(http),
    };
    Ok(pooled(https, case))
}

/// Over plain connections, with the time and the retries that the mesh has by default.
pub(super) fn layered(case: &Case) -> Layered {
    let layers = ServiceBuilder::new().timeout(Duration::from_secs(10)).retry(Attempts(2));
    Layered(layers.service(plain(case)))
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector
}

fn pooled<C: Connect + Clone>(connector: C, case: &Case) -> Pooled<C> {
    Client::builder(TokioExecutor::new()).http2_only(case.protocol == Protocol::H2).build(connector)
}

impl<C: Connect + Clone + Send + Sync + 'static> Caller for Pooled<C> {
    type Body = Incoming;

    async fn call(&mut self, request: Request<Bytes>) -> Result<Response<Incoming>, BoxError> {
        Ok(self.request(request.map(Full::new)).await?)
    }
}

#[derive(Clone)]
pub(super) struct Layered(Timeout<Retry<Attempts, Pooled<HttpConnector>>>);

impl Caller for Layered {
    type Body = Incoming;

    async fn call(&mut self, request: Request<Bytes>) -> Result<Response<Incoming>, BoxError> {
        self.0.ready().await?.call(request.map(Full::new)).await
    }
}

/// How often one more is tried.
#[derive(Clone)]
pub(super) struct Attempts(u8);

impl<E> Policy<Request<Full<Bytes>>, Response<Incoming>, E> for Attempts {
    type Future = future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Full<Bytes>>,
        result: &mut Result<Response<Incoming>, E>,
    ) -> Option<Self::Future> {
        let is_failure = match result {
            Ok(response) => response.status() == StatusCode::SERVICE_UNAVAILABLE,
            Err(_) => true,
        };
        self.0 = self.0.checked_sub(u8::from(is_failure))?;
        is_failure.then(|| future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}
