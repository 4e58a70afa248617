//! The order of layers; the only file that knows more than one of them.
//!
//! ```text
//! outbound: app ─▶ respond ─▶ carry ─▶ route ─▶ answer ─▶ fault ─▶ cors ─▶ timeout ─▶ rewrite ─▶ retry ─▶ balance ─▶ outlier ─▶ connection ─▶ wire
//! inbound:  wire ─▶ carry ─▶ app
//! gateway:  an outbound stack that routes by the listener a request came to
//! ```
//!
//! Answers are marked for pages of other origins after the rule's own header changes, and faults are injected before
//! such pages are looked at, as in Envoy. Faults come before the timeout, as in Envoy: an injected delay is not part of
//! the route's time. Headers that travel are added before routing, since rules look at them. Tries are judged by what the
//! endpoint answered, before the rule's header changes; a request is changed once, before its first try.

use crate::{
    answer::{Answer, AnswerLayer},
    balance::{Balance, BalanceLayer},
    carry::{CarryIn, CarryInLayer, CarryOut, CarryOutLayer},
    connection::Connection,
    context::Ejections,
    cors::{Cors, CorsLayer},
    fault::{Fault, FaultLayer},
    outlier::{Outlier, OutlierLayer},
    respond::{Respond, RespondLayer},
    retry::{Retry, RetryLayer},
    rewrite::{Rewrite, RewriteLayer},
    route::{Route, RouteLayer},
    timeout::{Timeout, TimeoutLayer},
};
use mesh_core::watch::Handle;
use tower_layer::Layer;

/// What a service's calls, and a gateway's requests, go through.
pub(crate) type Outbound =
    Respond<CarryOut<Route<Answer<Fault<Cors<Timeout<Rewrite<Retry<Balance<Outlier<Connection>>>>>>>>>>>;

/// What requests to a service go through.
pub(crate) type Inbound<S> = CarryIn<S>;

/// What all stacks of one process share.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) handle: Handle,
    pub(crate) retry: RetryLayer,
    pub(crate) balance: BalanceLayer,
    pub(crate) outlier: OutlierLayer,
    pub(crate) connection: Connection,
}

impl Parts {
    /// The parts of a process that follows these tables, and chooses endpoints so.
    pub(crate) fn new(handle: Handle, balance: BalanceLayer) -> Self {
        let ejections = Ejections::default();
        Self {
            handle,
            retry: RetryLayer::routed(),
            balance: balance.with_ejections(ejections.clone()),
            outlier: OutlierLayer::new(ejections),
            connection: Connection::new(),
        }
    }
}

/// The stack for calls of a service.
pub(crate) fn outbound(parts: &Parts) -> Outbound {
    below(parts, RouteLayer::new(parts.handle.clone()))
}

/// The stack for requests that come in at a gateway's port.
pub(crate) fn gateway(parts: &Parts, port: u16, is_tls: bool) -> Outbound {
    below(parts, RouteLayer::new(parts.handle.clone()).at_gateway(port, is_tls))
}

/// The stack for requests to a service.
pub(crate) fn inbound<S>(carry: &CarryInLayer, app: S) -> Inbound<S> {
    carry.layer(app)
}

fn below(parts: &Parts, route: RouteLayer) -> Outbound {
    let attempt = parts.balance.layer(parts.outlier.layer(parts.connection.clone()));
    let attempt = parts.retry.layer(attempt);
    let attempt = TimeoutLayer::routed().layer(RewriteLayer::routed().layer(attempt));
    let decided = AnswerLayer::new().layer(FaultLayer::routed().layer(CorsLayer::routed().layer(attempt)));
    RespondLayer::new().layer(CarryOutLayer::new().layer(route.layer(decided)))
}
