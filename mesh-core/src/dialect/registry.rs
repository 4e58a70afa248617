//! Services find their instances; the room's page says where.

use super::{DefaultExport, Instance, NamedService, NamespaceSetting, Pod, Slice};
use crate::model::{Endpoint, Labels, Service, TrafficDistribution};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

/// Services by name, before they have found their instances.
pub(super) struct Registry<'a> {
    default_export: &'a DefaultExport,
    /// Several entries for one host of one namespace are one service, in the order of the first of them.
    named: Vec<Vec<&'a Arc<NamedService>>>,
    places: HashMap<(&'a str, &'a str), usize>,
    entries: HashMap<&'a str, ByLabel<'a>>,
    /// Instances that only ServiceEntries select.
    running: HashMap<&'a str, ByLabel<'a>>,
    pods: HashMap<(&'a str, &'a str), &'a Pod>,
    slices: HashMap<(&'a str, &'a str), Vec<&'a Slice>>,
    /// What Services of a namespace prefer that do not say.
    distributions: HashMap<&'a str, TrafficDistribution>,
}

/// The instances of one namespace, and which of them have a label.
#[derive(Default)]
struct ByLabel<'a> {
    all: Vec<&'a Instance>,
    having: HashMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> Registry<'a> {
    /// A registry of services that are seen by whom `default_export` says where they do not say themselves.
    pub(super) fn new(default_export: &'a DefaultExport) -> Self {
        Self {
            default_export,
            named: Vec::new(),
            places: HashMap::new(),
            entries: HashMap::new(),
            running: HashMap::new(),
            pods: HashMap::new(),
            slices: HashMap::new(),
            distributions: HashMap::new(),
        }
    }

    pub(super) fn name(&mut self, service: &'a Arc<NamedService>) {
        match self.places.entry((&service.namespace, service.host.as_str())) {
            Entry::Occupied(place) => self.named[*place.get()].push(service),
            Entry::Vacant(slot) => {
                slot.insert(self.named.len());
                self.named.push(vec![service]);
            }
        }
    }

    pub(super) fn add_instance(&mut self, instance: &'a Instance) {
        self.entries.entry(&instance.namespace).or_default().add(instance);
    }

    pub(super) fn add_namespace(&mut self, namespace: &'a NamespaceSetting) {
        self.distributions.entry(&namespace.name).or_insert(namespace.distribution);
    }

    pub(super) fn add_pod(&mut self, pod: &'a Pod) {
        self.pods.entry((&pod.namespace, &pod.name)).or_insert(pod);
        if let Some(instance) = &pod.instance {
            self.running.entry(&pod.namespace).or_default().add(instance);
        }
    }

    pub(super) fn add_slice(&mut self, slice: &'a Slice) {
        self.slices.entry((&slice.namespace, &slice.service)).or_default().push(slice);
    }

    pub(super) fn services(&self) -> Vec<Arc<Service>> {
        self.named.iter().map(|parts| Arc::new(self.service(parts))).collect()
    }

    fn service(&self, parts: &[&Arc<NamedService>]) -> Service {
        let first = parts[0];
        let export = self.default_export.instead_of(&first.export, &first.namespace);
        let mut whole = Service {
            short_name: first.short_name.clone(),
            resolution: first.resolution.clone(),
            selects: parts.iter().find_map(|part| part.selects.clone()),
            keeps_gateway_ports: first.keeps_gateway_ports,
            distribution: self.distribution(first),
            is_external: first.is_external,
            export: export.unwrap_or_else(|| first.export.clone()),
            ..Service::new(first.host.clone(), Arc::clone(&first.namespace))
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
            let names = part.subject_alt_names.iter();
            let names: Vec<_> =
                names.filter(|name| !whole.subject_alt_names.contains(name)).cloned().collect();
            whole.subject_alt_names.extend(names);
            self.add_endpoints(part, &mut endpoints);
        }
        whole.endpoints = endpoints.into();
        whole
    }

    /// What a Service prefers; what is no Service of Kubernetes has no preference.
    fn distribution(&self, named: &NamedService) -> TrafficDistribution {
        let of_namespace = || named.short_name.is_some().then(|| self.distributions.get(&*named.namespace));
        named.distribution.or_else(|| of_namespace()?.copied()).unwrap_or_default()
    }

    fn add_endpoints(&self, part: &NamedService, endpoints: &mut Vec<Endpoint>) {
        // What each part says for itself is taken as it is said; only several sources can name an endpoint twice.
        let mut earlier = endpoints.len();
        let mut add = |endpoint: Endpoint, earlier: usize| {
            if !endpoints[..earlier].contains(&endpoint) {
                endpoints.push(endpoint);
            }
            endpoints.len()
        };
        for instance in &part.endpoints {
            add(endpoint(instance, part), earlier);
        }
        for sliced in self.sliced(part) {
            earlier = add(sliced, earlier);
        }
        let Some(labels) = &part.selects else { return };
        let is_entry = part.short_name.is_none();
        let running = self.running.get(&*part.namespace).filter(|_| is_entry);
        for nearby in self.entries.get(&*part.namespace).into_iter().chain(running) {
            for instance in nearby.selected(labels) {
                add(endpoint(instance, part), earlier);
            }
        }
    }

    /// The endpoints that slices list for a Kubernetes Service.
    fn sliced<'s>(&'s self, part: &'s NamedService) -> impl Iterator<Item = Endpoint> + 's {
        let name = part.short_name.as_ref().map(|name| (&*part.namespace, name.as_str()));
        let slices = name.and_then(|name| self.slices.get(&name)).into_iter().flatten();
        let listed = slices.flat_map(|slice| slice.endpoints.iter().map(move |listed| (slice, listed)));
        let counted = listed.filter(|(_, listed)| listed.is_ready || part.takes_unready);
        counted.map(|(slice, listed)| {
            let name = listed.pod.as_deref();
            let pod = name.and_then(|name| self.pods.get(&(&*slice.namespace, name)));
            let known = endpoint(&listed.instance, part);
            pod.map_or(known.clone(), |pod| Endpoint {
                labels: Arc::clone(&pod.labels),
                locality: pod.locality.clone(),
                network: Arc::clone(&pod.network),
                service_account: Arc::clone(&pod.service_account),
                ..known
            })
        })
    }
}

impl<'a> ByLabel<'a> {
    fn add(&mut self, instance: &'a Instance) {
        for (key, value) in &*instance.labels {
            self.having.entry((key, value)).or_default().push(self.all.len());
        }
        self.all.push(instance);
    }

    /// The instances that have all of these labels, in their order.
    fn selected<'s>(&'s self, labels: &'s Labels) -> impl Iterator<Item = &'a Instance> + 's {
        let having = |(key, value): (&'s String, &'s String)| {
            self.having.get(&(key.as_str(), value.as_str())).map(Vec::as_slice).unwrap_or_default()
        };
        // Through the rarest label, so that services need not look at every instance.
        let rarest = labels.iter().map(having).min_by_key(|numbers| numbers.len());
        let all = rarest.is_none().then_some(0..self.all.len()).into_iter().flatten();
        let candidates = rarest.into_iter().flatten().copied().chain(all).map(|number| self.all[number]);
        candidates
            .filter(|instance| labels.iter().all(|(key, value)| instance.labels.get(key) == Some(value)))
    }
}

fn endpoint(instance: &Instance, of: &NamedService) -> Endpoint {
    let mut ports = instance.ports.clone();
    for (port, target) in &of.target_names {
        if let Some(number) = instance.ports.get(target) {
            ports.entry(Arc::clone(port)).or_insert(*number);
        }
    }
    Endpoint {
        address: instance.address.clone(),
        ports,
        labels: Arc::clone(&instance.labels),
        weight: instance.weight,
        locality: instance.locality.clone(),
        network: Arc::clone(&instance.network),
        service_account: Arc::clone(&instance.service_account),
    }
}
