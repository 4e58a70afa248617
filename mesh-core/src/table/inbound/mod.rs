//! What holds for the requests that come to a workload: who may connect, which tokens count, who may do what.

mod policies;
mod tokens;
mod view;

pub use policies::Policies;
pub use tokens::Tokens;
pub use view::InboundView;

use super::Viewpoint;
use crate::model::Model;

/// Everything that documents say about the requests to one workload.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// The tokens that requests may carry.
    pub tokens: Tokens,
    /// What the dialect of 2019 says.
    pub policies: Policies,
}

impl Inbound {
    /// What of the model is for the workload that asks.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        Self { tokens: Tokens::of(model, viewpoint), policies: Policies::of(model, viewpoint) }
    }
}
