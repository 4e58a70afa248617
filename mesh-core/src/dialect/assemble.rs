//! All meanings together: services find their instances, rules what they hand over to, and the model is whole.

use super::{
    Meaning, Setting,
    istio::{Name, expand},
    registry::Registry,
};
use crate::model::{Model, VirtualService};
use std::{collections::HashMap, sync::Arc};

/// Puts meanings together, in the order of precedence: oldest first. `digest` is that of their documents.
#[must_use]
pub fn assemble<'a>(
    meanings: impl IntoIterator<Item = &'a Meaning>,
    setting: &Setting,
    digest: u64,
) -> Model {
    let mut model = Model { unknown_hosts: setting.unknown_hosts, digest, ..Model::default() };
    let mut registry = Registry::default();
    let mut roots = Vec::new();
    let mut delegates: HashMap<Name, &VirtualService> = HashMap::new();
    for meaning in meanings {
        match meaning {
            Meaning::VirtualService(rules) => model.virtual_services.push(Arc::clone(rules)),
            Meaning::Root(root) => {
                // Keeps its place among the others, which is its precedence.
                roots.push((model.virtual_services.len(), root));
                model.virtual_services.push(Arc::new(root.rules.clone()));
            }
            Meaning::Delegate(rules) => {
                delegates.entry((Arc::clone(&rules.namespace), Arc::clone(&rules.name))).or_insert(&**rules);
            }
            Meaning::SubsetRule(rule) => model.subset_rules.push(Arc::clone(rule)),
            Meaning::Gateway(gateway) => model.gateways.push(Arc::clone(gateway)),
            Meaning::Sidecar(sidecar) => model.sidecars.push(Arc::clone(sidecar)),
            Meaning::Instance(instance) => registry.add_instance(instance),
            Meaning::Pod(pod) => registry.add_pod(pod),
            Meaning::Slice(slice) => registry.add_slice(slice),
            Meaning::Services(services) => services.iter().for_each(|service| registry.name(service)),
            Meaning::Nothing => {}
        }
    }
    for (place, root) in roots {
        model.virtual_services[place] = Arc::new(expand(root, &delegates));
    }
    model.services = registry.services();
    model
}
