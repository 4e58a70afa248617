//! The services that a workload can see, by name.

use super::scope::Scope;
use crate::{
    model::{Host, Model, Resolution, Service},
    table::viewpoint::Viewpoint,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many services one may be a further name for, one after the other.
const MOST_HOPS: usize = 8;

/// Finds services by full name or by a name they have everywhere.
#[derive(Debug)]
pub(super) struct Directory {
    services: Vec<Arc<Service>>,
    /// Which of them has a name.
    by_name: FxHashMap<Host, u32>,
    /// How many of the services are seen; the others are destinations of rules alone.
    seen: usize,
}

impl Directory {
    pub(super) fn new(model: &Model, viewpoint: &Viewpoint, scope: Scope<'_>) -> Self {
        let exported = model.services.iter().filter(|service| service.export.reaches(&viewpoint.namespace));
        let (mut seen, mut others): (Vec<_>, Vec<_>) =
            exported.partition(|service| scope.shows_somewhere(service));
        // Of services that claim the same name, one in the client's own namespace wins, then the older one.
        seen.sort_by_key(|service| *service.namespace != *viewpoint.namespace);
        // What a Sidecar hides can still be the destination of a rule that it shows.
        others.sort_by_key(|service| (*service.namespace != *viewpoint.namespace, &service.namespace));

        let mut directory =
            Self { services: Vec::with_capacity(seen.len()), by_name: FxHashMap::default(), seen: 0 };
        directory.add(&seen);
        directory.seen = directory.services.len();
        directory.add(&others);
        // A full name is worth more than another service's further name, so these come second.
        for (number, service) in (0..).zip(&directory.services) {
            for alias in &service.aliases {
                directory.by_name.entry(alias.clone()).or_insert(number);
            }
        }
        directory
    }

    fn add(&mut self, services: &[&Arc<Service>]) {
        for service in services {
            self.by_name.entry(service.host.clone()).or_insert_with(|| {
                self.services.push(Arc::clone(service));
                self.services.len() as u32 - 1
            });
        }
    }

    /// Every service that is seen, those of the client's own namespace first; of the same full name only the first.
    pub(super) fn services(&self) -> &[Arc<Service>] {
        &self.services[..self.seen]
    }

    /// The service of a name that is valid in every namespace.
    pub(super) fn find(&self, name: &str) -> Option<&Service> {
        self.by_name.get(name).map(|number| &*self.services[*number as usize])
    }

    /// The service that has this as its full name.
    pub(super) fn named(&self, name: &str) -> Option<&Service> {
        self.find(name).filter(|service| service.host.as_str() == name)
    }

    /// The service that one is a further name for; itself when it is none, or for a name that nobody knows.
    pub(super) fn concrete<'a>(&'a self, service: &'a Service) -> &'a Service {
        let mut concrete = service;
        for _ in 0..MOST_HOPS {
            let Resolution::Alias(host) = &concrete.resolution else { return concrete };
            let Some(next) = self.find(host.as_str()) else { return concrete };
            concrete = next;
        }
        // They lead to one another in a circle.
        service
    }
}
