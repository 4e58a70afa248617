//! All meanings together: services find their instances, and the model is whole.

use super::{
    Instance, Meaning, NamedService, Setting,
    istio::{Name, expand},
};
use crate::model::{Endpoint, Labels, Model, Service, Subset, VirtualService};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

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
            Meaning::Instance(instance) => {
                registry.instances.entry(&instance.namespace).or_default().push(instance);
            }
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

/// Services by name, before they have found their instances.
#[derive(Default)]
struct Registry<'a> {
    /// Several entries for one host of one namespace are one service, in the order of the first of them.
    named: Vec<Vec<&'a Arc<NamedService>>>,
    places: HashMap<(&'a str, &'a str), usize>,
    instances: HashMap<&'a str, Vec<&'a Arc<Instance>>>,
}

impl<'a> Registry<'a> {
    fn name(&mut self, service: &'a Arc<NamedService>) {
        match self.places.entry((&service.namespace, service.host.as_str())) {
            Entry::Occupied(place) => self.named[*place.get()].push(service),
            Entry::Vacant(slot) => {
                slot.insert(self.named.len());
                self.named.push(vec![service]);
            }
        }
    }

    fn services(&self) -> Vec<Arc<Service>> {
        let service = |parts: &Vec<&Arc<NamedService>>| {
            let nearby = self.instances.get(&*parts[0].namespace).map(Vec::as_slice).unwrap_or_default();
            Arc::new(service(parts, nearby))
        };
        self.named.iter().map(service).collect()
    }
}

fn service(parts: &[&Arc<NamedService>], nearby: &[&Arc<Instance>]) -> Service {
    let first = parts[0];
    let mut whole = Service {
        host: first.host.clone(),
        namespace: Arc::clone(&first.namespace),
        aliases: Vec::new(),
        short_name: first.short_name.clone(),
        ports: Vec::new(),
        endpoints: [].into(),
        export: first.export.clone(),
    };
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for part in parts {
        let aliases = part.aliases.iter().filter(|alias| !whole.aliases.contains(alias));
        let aliases: Vec<_> = aliases.cloned().collect();
        whole.aliases.extend(aliases);
        for port in &part.ports {
            if !whole.ports.iter().any(|other| other.number == port.number) {
                whole.ports.push(port.clone());
            }
        }
        let selected = part.selects.as_ref().into_iter().flat_map(|labels| selected(labels, nearby));
        for instance in part.endpoints.iter().chain(selected) {
            let endpoint = endpoint(instance);
            // Only entries that share a host can name an endpoint twice.
            if parts.len() == 1 || !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
    }
    whole.endpoints = endpoints.into();
    whole
}

fn selected<'a>(labels: &Labels, nearby: &'a [&Arc<Instance>]) -> impl Iterator<Item = &'a Arc<Instance>> {
    let selector = Subset { name: "".into(), labels: labels.clone(), policy: None };
    nearby.iter().copied().filter(move |instance| selector.selects(&instance.labels))
}

fn endpoint(instance: &Instance) -> Endpoint {
    Endpoint {
        address: instance.address.clone(),
        ports: instance.ports.clone(),
        labels: Arc::clone(&instance.labels),
        weight: instance.weight,
    }
}
