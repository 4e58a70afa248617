//! What becomes new between two tables.

use mesh_core::model::{Model, Service, VirtualService};
use std::sync::Arc;

/// What is new in a model.
pub(in super::super) struct Change {
    pub(super) kind: usize,
    pub(super) which: usize,
}

impl Change {
    /// The model as it was before: something was missing, or less, or in another order.
    pub(in super::super) fn undo(&self, model: &Model) -> Model {
        let (mut former, which) = (model.clone(), self.which);
        match self.kind {
            0 => former.services.truncate(which),
            1 => former.virtual_services.truncate(which),
            2 => former.subset_rules.truncate(which),
            3 => former.virtual_services.reverse(),
            4 => former.services.iter_mut().for_each(|service| {
                let kept = service.endpoints.iter().take(which % 2).cloned().collect();
                *service = Arc::new(Service { endpoints: kept, ..Service::clone(service) });
            }),
            _ => former.virtual_services.iter_mut().for_each(|service| {
                let routes = service.routes.iter().skip(which).cloned().collect();
                *service = Arc::new(VirtualService { routes, ..VirtualService::clone(service) });
            }),
        }
        former
    }
}
