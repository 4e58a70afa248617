//! Chooses one endpoint of the backend that a request was routed to.
//!
//! **What it does.** Takes the backend from [`Routed`](crate::Routed) and leaves an [`Upstream`] in the request's
//! extensions: the next endpoint in turn, weighted endpoints in proportion. A request that goes where its address says
//! gets that address, be it that nobody described its host or that a ServiceEntry's resolution asks for it.
//!
//! A request that carries [`Tried`](crate::Tried) gets, if five further choices find one, an endpoint that it has not
//! tried; the one it gets is added.
//!
//! **When you want it.** Whenever requests are routed; the connection layer below needs to know whom to connect to.
//!
//! **How it is configured.** Endpoints come from `Service` with `EndpointSlice` or `WorkloadEntry`, and from
//! `ServiceEntry`.
//!
//! **Posture.** Forward: the choice is made in `call`, readiness is the inner service's.
//!
//! **Cancel safety.** Nothing is held; a dropped request has taken its turn.
//!
//! **What survives a reload.** The turn of every backend that still exists.

mod layer;
mod policy;
mod service;
mod state;

pub use crate::refuse::ResponseFuture;
pub use layer::BalanceLayer;
pub use service::Balance;

pub use crate::context::Upstream;
