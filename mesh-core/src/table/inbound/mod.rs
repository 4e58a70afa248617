//! What holds for the requests that come to a workload: who may connect, which tokens count, who may do what.

mod tls_demands;
mod view;

pub use tls_demands::TlsDemands;
pub use view::InboundView;

use super::Viewpoint;
use crate::model::Model;

/// Everything that documents say about the requests to one workload.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// Whether mutual TLS is asked of those who connect.
    pub tls: TlsDemands,
}

impl Inbound {
    /// What of the model is for the workload that asks.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        Self { tls: TlsDemands::of(model, &viewpoint.namespace, &viewpoint.labels) }
    }
}
