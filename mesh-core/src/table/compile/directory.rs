//! The services that a workload can see, by name.

use crate::{
    model::{Model, Service},
    table::snapshot::Viewpoint,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Finds services by full name or by a name they have everywhere.
pub(super) struct Directory<'a> {
    services: Vec<&'a Service>,
    by_name: FxHashMap<&'a str, &'a Service>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(model: &'a Model, viewpoint: &Viewpoint) -> Self {
        let visible = model.services.iter().map(Arc::as_ref);
        let mut visible: Vec<_> =
            visible.filter(|service| service.export.reaches(&viewpoint.namespace)).collect();
        // Of services that claim the same name, one in the client's own namespace wins, then the older one.
        visible.sort_by_key(|service| *service.namespace != *viewpoint.namespace);

        let mut directory =
            Self { services: Vec::with_capacity(visible.len()), by_name: FxHashMap::default() };
        for service in visible {
            directory.by_name.entry(service.host.as_str()).or_insert_with(|| {
                directory.services.push(service);
                service
            });
        }
        // A full name is worth more than another service's further name, so these come second.
        for service in &directory.services {
            for alias in &service.aliases {
                directory.by_name.entry(alias.as_str()).or_insert(service);
            }
        }
        directory
    }

    /// Every visible service, those of the client's own namespace first; of the same full name only the first.
    pub(super) fn services(&self) -> &[&'a Service] {
        &self.services
    }

    /// The service of a name that is valid in every namespace.
    pub(super) fn find(&self, name: &str) -> Option<&'a Service> {
        self.by_name.get(name).copied()
    }

    /// Whether this is a service's full name.
    pub(super) fn is_full_name(&self, name: &str) -> bool {
        self.find(name).is_some_and(|service| service.host.as_str() == name)
    }
}
