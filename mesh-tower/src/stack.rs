//! The order of layers; the only file that knows more than one of them.
//!
//! ```text
//! outbound: app ─▶ respond ─▶ carry ─▶ route ─▶ answer ─▶ fault ─▶ cors ─▶ timeout ─▶ rewrite ─▶ mirror ─▶ retry ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! copies:                                                                                     mirror ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! inbound:  wire ─▶ respond ─▶ carry ─▶ jwt ─▶ app
//! gateway:  respond ─▶ carry ─▶ jwt ─▶ route ─▶ … as outbound, by the listener a request came to
//! ```
//!
//! Answers are marked for pages of other origins after the rule's own header changes, and faults are injected before
//! such pages are looked at, as in Envoy. Faults come before the timeout, as in Envoy: an injected delay is not part of
//! the route's time. On demand they come with each try instead, below retries. Headers that travel are added before
//! routing, since rules look at them. A gateway looks at tokens before routing, too, and rules at what they say. Tries are judged by what the endpoint answered, before the rule's header changes; a
//! request is changed once, before its first try. Copies have these changes, too, and are sent once, whatever becomes of
//! the tries.

use crate::{
    answer::{Answer, AnswerLayer},
    balance::{Balance, BalanceLayer},
    carry::{CarryIn, CarryInLayer, CarryOut, CarryOutLayer},
    connection::Connection,
    context::Ejections,
    cors::{Cors, CorsLayer},
    fault::{Fault, FaultLayer},
    jwt::{Jwt, JwtLayer, Keys},
    mesh::{Config, get},
    mirror::{Mirror, MirrorLayer},
    outlier::{Outlier, OutlierLayer},
    respond::{Respond, RespondLayer},
    retry::{Retry, RetryLayer},
    rewrite::{Rewrite, RewriteLayer},
    route::{Route, RouteLayer},
    timeout::{Timeout, TimeoutLayer},
};
use mesh_core::{model::Injection, watch::Handle};
use tower_layer::Layer;

/// What a service's calls go through.
pub(crate) type Outbound = Respond<CarryOut<Routed>>;

/// What a gateway's requests go through.
pub(crate) type AtGateway = Respond<CarryOut<Jwt<Routed>>>;

/// What becomes of a request once it may be routed.
type Routed = Route<Answer<Fault<Cors<Timeout<Rewrite<Mirror<Retry<Fault<Attempt>>>>>>>>>;

/// What each try of a request goes through, and each copy.
type Attempt = Balance<Outlier<Connection>>;

/// What requests to a service go through.
pub(crate) type Inbound<S> = Respond<CarryIn<Jwt<S>>>;

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
    pub(crate) jwt: JwtLayer,
}

impl Parts {
    /// The parts of a process that follows these tables.
    pub(crate) fn new(handle: Handle, config: &Config) -> Self {
        let ejections = Ejections::default();
        let balance = balance(config).with_ejections(ejections.clone());
        let attempt = balance.layer(OutlierLayer::new(ejections).layer(Connection::new()));
        let (fault, none) = (config.fault.clone(), FaultLayer::new(Injection::default()));
        let route = RouteLayer::new(handle.clone());
        let mut parts = Self {
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
        };
        // Keys are fetched as any other call is made.
        let keys = Keys::new(get(outbound(&parts)));
        parts.jwt = JwtLayer::inbound(parts.handle.clone(), keys);
        parts
    }
}

/// The stack for calls of a service.
pub(crate) fn outbound(parts: &Parts) -> Outbound {
    respond(routed(parts, parts.route.clone()))
}

/// The stack for requests that come in at a gateway's port.
pub(crate) fn gateway(parts: &Parts, port: u16, is_tls: bool) -> AtGateway {
    let route = parts.route.clone().at_gateway(port, is_tls);
    respond(parts.jwt.clone().at_gateway(port, is_tls).layer(routed(parts, route)))
}

/// The stack for requests to a service.
pub(crate) fn inbound<S>(parts: &Parts, carry: &CarryInLayer, app: S) -> Inbound<S> {
    RespondLayer::new().layer(carry.layer(parts.jwt.layer(app)))
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

fn routed(parts: &Parts, route: RouteLayer) -> Routed {
    let [of_call, of_try] = &parts.faults;
    let sent = parts.mirror.layer(parts.retry.layer(of_try.layer(parts.attempt.clone())));
    let sent = TimeoutLayer::routed().layer(RewriteLayer::routed().layer(sent));
    route.layer(AnswerLayer::new().layer(of_call.layer(CorsLayer::routed().layer(sent))))
}

fn respond<S>(inner: S) -> Respond<CarryOut<S>> {
    RespondLayer::new().layer(CarryOutLayer::new().layer(inner))
}
