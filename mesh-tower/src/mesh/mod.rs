//! The whole mesh in three lines.

mod admin;
mod config;
mod door;
mod download;
#[cfg(feature = "file")]
mod files;
mod gauges;
mod identity;

pub use admin::AdminFault;
pub use config::{Config, InvalidConfig, admin_address};
pub(crate) use download::get;
#[cfg(feature = "file")]
pub use files::StartError;
pub(crate) use gauges::Gauges;
pub use identity::IdentitySource;
pub(crate) use identity::is_wanted;

use crate::{
    admin::State,
    body::Body,
    carry::CarryInLayer,
    client::Client,
    context::Arrival,
    error::BoxError,
    ext_authz::ExtAuthzLayer,
    fault::FaultLayer,
    gateway::Gateway,
    jwt::JwtLayer,
    mtls,
    rate_limit::RateLimitLayer,
    rewrite::RewriteLayer,
    route::RouteLayer,
    serve::{Drain, serve},
    stack::{self, Parts},
    stream::Untouched,
    timeout::TimeoutLayer,
};
use admin::Admin;
use door::{Door, Pass};
use futures_util::FutureExt;
use http::{Request, Response};
use identity::Issuing;
use mesh_core::{
    dialect::Setting,
    identity::{Clients, Identity, IssueFault, ServerCertificates},
    source::Source,
    table::Viewpoint,
    watch::{CatchUp, Handle, Ledger, Pump, Status, channel},
};
use std::{fmt, future::Future, io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::AbortHandle};
use tower_service::Service;

/// One workload's part in the mesh: it serves, it calls, and it follows the documents. Clones are the same workload.
///
/// The documents are followed until the last clone is dropped.
#[derive(Clone)]
pub struct Mesh(Arc<Inner>);

struct Inner {
    config: Config,
    parts: Parts,
    client: Client,
    status: watch::Receiver<Arc<Status>>,
    catch_up: CatchUp,
    identity: Identity,
    /// Why there was no certificate when the workload started, if it wanted one.
    unproven: Option<Arc<IssueFault>>,
    secrets: Arc<mtls::Secrets>,
    certificates: Arc<ServerCertificates>,
    drain: Drain,
    pump: AbortHandle,
    measuring: AbortHandle,
    admin: Option<Admin>,
    _issuing: Issuing,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.pump.abort();
        self.measuring.abort();
    }
}

impl Mesh {
    /// Joins the mesh with documents from any source. The first look at them is over when this returns; wrong documents
    /// are logged, and the rest serves. That the admin endpoint cannot be opened is logged, too; see
    /// [`Mesh::admin_address`].
    pub async fn with_source(config: Config, source: impl Source) -> Self {
        let admin = admin::open(&config).await.unwrap_or_else(|fault| {
            tracing::error!("{fault}");
            None
        });
        Self::join(config, source, admin).await
    }

    /// Joins the mesh; pages are served on `admin`, if it is there, from the beginning.
    async fn join(config: Config, source: impl Source, admin: Option<TcpListener>) -> Self {
        // Before anybody asks for a handle.
        let recorder = admin.as_ref().and_then(|_| admin::recorder(&config.recording));
        let gateway = config.gateway.clone();
        let (namespace, labels) = (config.namespace.clone(), config.labels.clone());
        let environment = config.environment.clone();
        let (publisher, handle) = channel(Viewpoint { namespace, labels, gateway, environment });
        let ledger = Ledger::new(Setting { unknown_hosts: config.unknown_hosts, ..Setting::default() });
        let pump = Pump::new(source, ledger, publisher);
        let (status, catch_up) = (pump.status(), pump.catch_up(handle.clone()));
        let (identity, drain) = (Identity::default(), Drain::new(config.grace));
        let clients = Clients::new(identity.clone(), config.secrets.clone());
        let parts = Parts::new(handle.clone(), &config, &identity, Arc::new(clients));
        let gauges = Gauges::new(&config, status.clone(), identity.clone(), parts.clone());
        let measuring = tokio::spawn(gauges.clone().follow(handle.clone())).abort_handle();
        let state = |gauges| State {
            config: config.clone(),
            parts: parts.clone(),
            status: status.clone(),
            identity: identity.clone(),
            drain: drain.clone(),
            gauges,
            recorder,
        };
        let admin = admin.and_then(|listener| admin::serve(listener, state(gauges)));
        let pump = follow(pump, status.clone()).await;
        let issuing = identity::follow(&config, &identity, handle.clone());
        let unproven = unproven(&config, &identity, &handle).await;
        Self(Arc::new(Inner {
            client: Client::new(stack::outbound(&parts)),
            secrets: Arc::new(mtls::Secrets::new(identity.clone())),
            identity,
            certificates: Arc::new(ServerCertificates::new(config.secrets.clone())),
            drain,
            pump,
            measuring,
            admin,
            _issuing: issuing,
            unproven,
            config,
            parts,
            status,
            catch_up,
        }))
    }

    /// Where the admin endpoint is, if it is open.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.0.admin.as_ref().map(|admin| admin.address)
    }

    /// The client for calls to other services.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.client.clone()
    }

    /// Serves `app` on `listener` until the process is told to stop (SIGTERM or Ctrl-C), or [`Mesh::drain`] starts;
    /// then completes once the requests under way are answered.
    ///
    /// `app` is any tower service of HTTP requests: an axum `Router`, tonic's routes, a service of hyper's. Who may
    /// connect, and how, is for the documents to say: see [`mtls`]. TLS that is not the mesh's is closed.
    /// Dropping the future cuts every connection.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub fn serve<S, B>(
        &self,
        listener: TcpListener,
        app: S,
    ) -> impl Future<Output = Result<(), BoxError>> + Send + 'static + use<S, B>
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.clone().serve_all(listener, app, None)
    }

    /// Serves `app` as [`Mesh::serve`] does, and hands connections whose TLS is the application's own to `pass`, from
    /// their first byte on: those of clients that offer none of the mesh's protocols, where plain text may be spoken, too.
    ///
    /// When the mesh drains, what `pass` does has the time that requests under way have; then it is dropped.
    ///
    /// # Errors
    /// As [`Mesh::serve`].
    pub fn serve_and_pass<S, B, P, F>(
        &self,
        listener: TcpListener,
        app: S,
        pass: P,
    ) -> impl Future<Output = Result<(), BoxError>> + Send + 'static + use<S, B, P, F>
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
        P: Fn(Untouched, Arrival) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let pass: Pass = Arc::new(move |stream, arrival| Box::pin(pass(stream, arrival)));
        self.clone().serve_all(listener, app, Some(pass))
    }

    async fn serve_all<S, B>(self, listener: TcpListener, app: S, pass: Option<Pass>) -> Result<(), BoxError>
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let signals = self.0.drain.on_signals()?;
        let app = stack::inbound(self.parts(), &self.carry(), app);
        let door = mtls::Door::new(self.handle(), Arc::clone(&self.0.secrets));
        let reporter = self.parts().telemetry.reporter().clone();
        serve(listener, Door { door, handle: self.handle(), app, reporter, pass }, self.0.drain.clone())
            .await;
        self.parts().telemetry.flush().await;
        signals.abort();
        Ok(())
    }

    /// The gateways that this workload acts as.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.clone())
    }

    /// Stops serving: no new connections, those under way finish their requests.
    #[must_use]
    pub fn drain(&self) -> &Drain {
        &self.0.drain
    }

    /// Reads the routing table, for layers and tools of one's own.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.parts.handle.clone()
    }

    /// How every document stands, now and after each change.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.0.status.clone()
    }

    /// What this workload proves with who it is, as it is now.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Why this workload had no certificate when it started, if it wanted one. It may have got one since.
    #[must_use]
    pub fn unproven(&self) -> Option<&IssueFault> {
        self.0.unproven.as_deref()
    }

    /// What this workload was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The layer that decides requests, for a stack of one's own.
    #[must_use]
    pub fn route(&self) -> RouteLayer {
        self.0.parts.route.clone()
    }

    /// The layer that injects the faults of the rule that decided.
    #[must_use]
    pub fn fault(&self) -> FaultLayer {
        FaultLayer::routed()
    }

    /// The layer that keeps the time of the rule that decided.
    #[must_use]
    pub fn timeout(&self) -> TimeoutLayer {
        TimeoutLayer::routed()
    }

    /// The layer that changes requests and responses by the rule that decided.
    #[must_use]
    pub fn rewrite(&self) -> RewriteLayer {
        RewriteLayer::routed()
    }

    /// The layer for inbound requests that asks the services which this workload's policies name. It takes requests of any
    /// body, and gives them one of the mesh's.
    #[must_use]
    pub fn ext_authz(&self) -> ExtAuthzLayer {
        self.0.parts.ext_authz.clone()
    }

    /// The layer for inbound requests that keeps the limits of this workload, in the buckets of [`Mesh::serve`].
    #[must_use]
    pub fn rate_limit(&self) -> RateLimitLayer {
        self.0.parts.rate_limit.clone()
    }

    /// The layer for inbound requests that hands their headers, and the table that decides, to the calls they cause.
    #[must_use]
    pub fn carry(&self) -> CarryInLayer {
        let catch_up = self.0.catch_up.clone();
        let ask = move |digest| {
            let catch_up = catch_up.clone();
            async move { catch_up.to(digest).await }.boxed()
        };
        let carried = self.0.config.carried.clone();
        let carry = CarryInLayer::new(carried).pinning(self.handle()).with_catch_up(Arc::new(ask));
        if self.0.config.keeps_deadlines { carry } else { carry.without_deadlines() }
    }

    /// The layer for inbound requests that judges the tokens that they carry.
    #[must_use]
    pub fn jwt(&self) -> JwtLayer {
        self.0.parts.jwt.clone()
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn secrets(&self) -> Arc<mtls::Secrets> {
        Arc::clone(&self.0.secrets)
    }

    pub(crate) fn certificates(&self) -> Arc<ServerCertificates> {
        Arc::clone(&self.0.certificates)
    }
}

/// Follows documents from now on; completes once the first look at them is over.
async fn follow<S: Source>(mut pump: Pump<S>, mut status: watch::Receiver<Arc<Status>>) -> AbortHandle {
    // Reading may take a while, and blocks.
    let first = tokio::task::spawn_blocking(move || {
        pump.load();
        pump
    });
    let pump = tokio::spawn(async {
        match first.await {
            Ok(pump) => pump.run().await,
            Err(failure) => tracing::error!(%failure, "documents could not be read"),
        }
    });
    // The channel closes only if the first look failed, which is logged; the table is empty then.
    let _ = status.changed().await;
    pump.abort_handle()
}

/// Why there is no certificate though one is wanted.
async fn unproven(config: &Config, identity: &Identity, handle: &Handle) -> Option<Arc<IssueFault>> {
    if !is_wanted(config, handle) {
        return None;
    }
    let fault = identity::first(identity).await.err()?;
    tracing::error!(
        "this workload starts without a certificate; every handshake that needs one fails: {fault}"
    );
    Some(fault)
}

impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mesh").field(&self.0.config).finish()
    }
}
