//! The order of layers; the only file that knows more than one of them.
//!
//! ```text
//! outbound: app ─▶ telemetry ─▶ respond ─▶ carry ─▶ propagate ─▶ route ─▶ answer ─▶ fault ─▶ cors ─▶ timeout ─▶ rewrite ─▶ metadata_exchange ─▶ mirror ─▶ retry ─▶ resolve ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! copies:                                                                                                                        mirror ─▶ resolve ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! inbound:  wire ─▶ TLS ─▶ telemetry ─▶ metadata_exchange ─▶ respond ─▶ normalize ─▶ introduce ─▶ propagate ─▶ carry ─▶ ext_authz ─▶ jwt ─▶ authorize ─▶ rate_limit ─▶ app
//! gateway:  telemetry ─▶ metadata_exchange ─▶ respond ─▶ normalize ─▶ propagate ─▶ ext_authz ─▶ jwt ─▶ authorize ─▶ rate_limit ─▶ an outbound stack that routes by the listener a request came to
//! asked:    ext_authz, rate_limit ─▶ carry ─▶ retry ─▶ resolve ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! ```
//!
//! Answers are marked for pages of other origins after the rule's own header changes, and faults are injected before
//! such pages are looked at, as in Envoy. Faults come before the timeout, as in Envoy: an injected delay is not part of
//! the route's time. On demand they come with each try instead, below retries. Headers that travel are added before
//! routing, since rules look at them; tokens are judged before, since rules look at what they say. Tries are judged by what
//! the endpoint answered, before the rule's header changes; a request is changed once, before its first try. Copies have
//! these changes, too, and are sent once, whatever becomes of the tries.
//!
//! Spans are named in headers at the door before these are handed on, and in calls after they were: what a service calls is
//! a part of its own span.
//!
//! Services that are asked about inbound requests are called as any other, but without rules: as in Istio, those of a
//! VirtualService are not for them. What a service allows is changed before limits count it.
//! Services are asked before tokens are judged, as in Istio: whom they let in is none of a token's business.

use crate::{
    answer::{Answer, AnswerLayer},
    authorize::{Authorize, AuthorizeLayer},
    balance::{Balance, BalanceLayer},
    caller::Caller,
    carry::{CarryIn, CarryInLayer, CarryOut, CarryOutLayer},
    connection::Connection,
    context::Ejections,
    cors::{Cors, CorsLayer},
    event::Workload,
    ext_authz::{ExtAuthz, ExtAuthzLayer},
    fault::{Fault, FaultLayer},
    introduce::{Introduce, IntroduceLayer},
    jwt::{Jwt, JwtLayer, Keys},
    mesh::{Config, get},
    metadata_exchange::{MetadataExchange, MetadataExchangeLayer},
    mirror::{Mirror, MirrorLayer},
    normalize::{Normalize, NormalizeLayer},
    outlier::Outlier,
    propagate::{Propagate, PropagateLayer},
    rate_limit::{RateLimit, RateLimitLayer},
    resolve::{Resolve, ResolveLayer},
    respond::{Respond, RespondLayer},
    retry::{Retry, RetryLayer},
    rewrite::{Rewrite, RewriteLayer},
    route::{Route, RouteLayer},
    telemetry::{Reporter, Telemetry, TelemetryLayer},
    timeout::{Timeout, TimeoutLayer},
};
use mesh_core::{
    identity::{Clients, Identity},
    model::{Injection, RetryPolicy},
    watch::Handle,
};
use std::{sync::Arc, time::Duration};
use tower_layer::Layer;

/// What a service's calls go through.
pub(crate) type Outbound = Telemetry<Respond<Call>>;

/// What a gateway's requests go through.
pub(crate) type Gateway =
    Telemetry<MetadataExchange<Respond<Normalize<Propagate<ExtAuthz<Jwt<Authorize<RateLimit<Call>>>>>>>>>;

/// What calls and a gateway's requests have in common.
type Call = CarryOut<Propagate<Route<Answer<Fault<Cors<Timeout<Rewrite<MetadataExchange<Sent>>>>>>>>>;

/// What becomes of a request that is decided and changed.
type Sent = Mirror<Retry<Fault<Attempt>>>;

/// What each try of a request goes through, and each copy.
type Attempt = Resolve<Balance<Outlier<Connection>>>;

/// What requests to a service go through.
pub(crate) type Inbound<S> = Telemetry<MetadataExchange<Respond<Judged<S>>>>;

/// What they go through before the application has them.
type Judged<S> = Normalize<Introduce<Propagate<CarryIn<ExtAuthz<Jwt<Authorize<RateLimit<S>>>>>>>>;

/// What all stacks of one process share.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) handle: Handle,
    pub(crate) route: RouteLayer,
    pub(crate) mirror: MirrorLayer,
    /// Of a call, and of each of its tries.
    pub(crate) faults: [FaultLayer; 2],
    pub(crate) retry: RetryLayer,
    pub(crate) attempt: Attempt,
    /// Who chose endpoints, who was ejected, and what is open: for those who want to know.
    pub(crate) balance: BalanceLayer,
    pub(crate) ejections: Ejections,
    pub(crate) connection: Connection,
    pub(crate) ext_authz: ExtAuthzLayer,
    pub(crate) rate_limit: RateLimitLayer,
    pub(crate) jwt: JwtLayer,
    pub(crate) telemetry: Telemetries,
    pub(crate) respond: RespondLayer,
}

/// How long a process that ends waits for its last spans to be kept.
const FLUSHED_WITHIN: Duration = Duration::from_secs(1);

/// Who reports requests, and who tells the other end whose they are.
#[derive(Clone, Debug)]
pub(crate) struct Telemetries {
    reporter: Reporter,
    workload: Arc<Workload>,
    tells_peers: bool,
}

impl Telemetries {
    /// Who reports.
    pub(crate) fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// Completes when the spans that wait are brought to where they are kept, or after a moment.
    pub(crate) async fn flush(&self) {
        self.reporter.flush(FLUSHED_WITHIN).await;
    }

    /// The layer by which both ends of a call know each other, or this one tells nothing.
    fn of_calls(&self) -> MetadataExchangeLayer {
        match self.tells_peers {
            true => MetadataExchangeLayer::client(Arc::clone(&self.workload)),
            false => MetadataExchangeLayer::silent(),
        }
    }

    /// The same for requests to this workload; what those tell is not for the application in any case.
    fn of_requests(&self) -> MetadataExchangeLayer {
        match self.tells_peers {
            true => MetadataExchangeLayer::server(Arc::clone(&self.workload)),
            false => MetadataExchangeLayer::gateway(),
        }
    }
}

impl Parts {
    /// The parts of a process that follows these tables, proves who it is with `identity`, and secures its calls with what
    /// `clients` have.
    pub(crate) fn new(handle: Handle, config: &Config, identity: &Identity, clients: Arc<Clients>) -> Self {
        let ejections = Ejections::default();
        let balance = balance(config).with_ejections(ejections.clone());
        let outlier = config.outlier.clone().with_ejections(ejections.clone());
        let connection = connection(config, clients);
        let attempt = balance.layer(outlier.layer(connection.clone()));
        let attempt = ResolveLayer::new(config.dns.clone()).layer(attempt);
        let (fault, none) = (config.fault.clone(), FaultLayer::new(Injection::default()));
        let route = RouteLayer::new(handle.clone());
        let caller = caller(&handle, &attempt);
        let telemetries = telemetry(&handle, config, identity, caller.clone());
        let mut parts = Self {
            ext_authz: ExtAuthzLayer::inbound(handle.clone()).with_caller(caller.clone()),
            rate_limit: RateLimitLayer::inbound(handle.clone()).with_caller(caller),
            jwt: JwtLayer::inbound(handle.clone(), Keys::inline()),
            handle,
            route: match &config.sticky {
                Some(sticky) => route.with_sticky(sticky.clone()),
                None => route,
            },
            mirror: MirrorLayer::routed(attempt.clone()),
            faults: if config.faults_per_try { [none, fault] } else { [fault, none] },
            retry: config.retry.clone(),
            attempt,
            balance,
            ejections,
            connection,
            telemetry: telemetries,
            respond: RespondLayer::new().explaining(config.explains_refusals),
        };
        // Keys are fetched as any other call is made.
        let keys = Keys::new(get(outbound(&parts)));
        parts.jwt = JwtLayer::inbound(parts.handle.clone(), keys);
        parts
    }
}

/// The stack for calls of a service.
pub(crate) fn outbound(parts: &Parts) -> Outbound {
    let call = parts.respond.layer(below(parts, parts.route.clone()));
    TelemetryLayer::client(parts.telemetry.reporter.clone()).layer(call)
}

/// The stack for requests that come in at a gateway's port.
pub(crate) fn gateway(parts: &Parts, port: u16, is_tls: bool) -> Gateway {
    let authorize = AuthorizeLayer::inbound(parts.handle.clone()).at_gateway(port, is_tls);
    let forward = below(parts, parts.route.clone().at_gateway(port, is_tls));
    let limited = parts.rate_limit.clone().at_gateway(port, is_tls).layer(forward);
    let known = parts.jwt.clone().at_gateway(port, is_tls).layer(authorize.layer(limited));
    let asked = parts.ext_authz.clone().at_gateway(port, is_tls).layer(known);
    let traced = PropagateLayer::inbound().layer(asked);
    let answered = parts.respond.layer(NormalizeLayer::new(parts.handle.clone()).layer(traced));
    let known = MetadataExchangeLayer::gateway().layer(answered);
    TelemetryLayer::gateway(parts.telemetry.reporter.clone()).layer(known)
}

/// The stack for requests to a service.
pub(crate) fn inbound<S>(parts: &Parts, carry: &CarryInLayer, app: S) -> Inbound<S> {
    let limited = parts.rate_limit.layer(app);
    let allowed = AuthorizeLayer::inbound(parts.handle.clone()).layer(limited);
    let asked = carry.layer(parts.ext_authz.layer(parts.jwt.layer(allowed)));
    let known = IntroduceLayer::workload().layer(PropagateLayer::inbound().layer(asked));
    let answered = parts.respond.layer(NormalizeLayer::new(parts.handle.clone()).layer(known));
    let met = parts.telemetry.of_requests().layer(answered);
    TelemetryLayer::server(parts.telemetry.reporter.clone()).layer(met)
}

/// What services are asked through about inbound requests: a question that nobody has looked at is asked again.
fn caller(handle: &Handle, attempt: &Attempt) -> Caller {
    let asked = RetryLayer::new(RetryPolicy::default()).layer(attempt.clone());
    Caller::new(handle.clone(), CarryOutLayer::new().layer(asked))
}

/// The layer that chooses endpoints as the process sees them that is configured so. It remembers nothing of another one
/// that has the same configuration.
fn balance(config: &Config) -> BalanceLayer {
    let balance = config.balance.clone().with_labels(config.labels.clone());
    match &config.locality {
        Some(locality) => balance.with_locality(locality.clone()),
        None => balance,
    }
}

/// What sends requests, below whoever tries them again.
fn connection(config: &Config, clients: Arc<Clients>) -> Connection {
    let connection = Connection::new().with_dns(config.dns.clone()).with_clients(clients).right_below();
    match &config.dialer {
        Some(dialer) => connection.with_dialer(Arc::clone(dialer)),
        None => connection,
    }
}

/// Who reports the requests of the process that is configured so.
fn telemetry(handle: &Handle, config: &Config, identity: &Identity, caller: Caller) -> Telemetries {
    let workload = Arc::new(config.workload());
    let service = format!("{}.{}.svc.cluster.local", config.service, config.namespace);
    let reporter = Reporter::new(
        Arc::clone(&workload),
        &service,
        identity.clone(),
        &config.recording,
        config.access_log.clone(),
    );
    let reporter = reporter.with_operations(config.operations).tracing(config.spans.clone(), Some(caller));
    let reporter = reporter.following(handle.clone());
    Telemetries { reporter, workload, tells_peers: config.tells_peers }
}

fn below(parts: &Parts, route: RouteLayer) -> Call {
    let [of_call, of_try] = &parts.faults;
    let sent = parts.mirror.layer(parts.retry.layer(of_try.layer(parts.attempt.clone())));
    let sent = parts.telemetry.of_calls().layer(sent);
    let sent = TimeoutLayer::routed().layer(RewriteLayer::routed().layer(sent));
    let decided = AnswerLayer::new().layer(of_call.layer(CorsLayer::routed().layer(sent)));
    CarryOutLayer::new().layer(PropagateLayer::outbound().layer(route.layer(decided)))
}
