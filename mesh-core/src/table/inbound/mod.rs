//! What holds for the requests that come to a workload: who may connect, which tokens count, who may do what.

mod view;

pub use view::InboundView;

use super::Viewpoint;
use crate::model::Model;

/// Everything that documents say about the requests to one workload.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inbound {}

impl Inbound {
    /// What of the model is for the workload that asks.
    pub(super) fn of(_model: &Model, _viewpoint: &Viewpoint) -> Self {
        Self {}
    }
}
