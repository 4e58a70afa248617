//! What the documents describe, by name.

use super::{
    documents::{All, Documents},
    gateways::server_hosts,
    hosts::HostIndex,
    subject::Subject,
    workloads::Workloads,
};
use crate::{
    document::{DestinationRule, Gateway, Service, ServiceEntry},
    model::{self, GatewayName, Host, HostPattern, Labels, Model},
};
use std::{collections::HashMap, sync::Arc};

/// Finds what documents refer to.
pub(super) struct Registry<'a> {
    services: HashMap<&'a str, Vec<&'a model::Service>>,
    aliases: HashMap<&'a str, &'a Host>,
    /// One Kubernetes service for each short name, to guess what was meant.
    namesakes: HashMap<&'a str, &'a Host>,
    /// Entries for many hosts, which the model leaves to the default for unknown ones.
    wildcards: HostIndex<HostPattern>,
    /// The namespaces and labels by which the services of a host select what runs them.
    selectors: HashMap<String, Vec<(&'a str, &'a Labels)>>,
    subset_rules: HostIndex<&'a DestinationRule>,
    /// The hosts of each Gateway, by its namespace and name.
    gateways: HashMap<&'a str, HashMap<&'a str, GatewayHosts<'a>>>,
}

/// The hosts that one Gateway serves, each with the namespace whose rules may serve it; any when `None`.
#[derive(Default)]
pub(super) struct GatewayHosts<'a> {
    patterns: Vec<(Option<&'a str>, HostPattern)>,
    index: HostIndex<Option<&'a str>>,
}

impl<'a> Registry<'a> {
    pub(super) fn new(model: &'a Model, documents: &Documents<'a>) -> Self {
        let mut registry = Self {
            services: HashMap::new(),
            aliases: HashMap::new(),
            namesakes: HashMap::new(),
            wildcards: HostIndex::default(),
            selectors: HashMap::new(),
            subset_rules: HostIndex::default(),
            gateways: HashMap::new(),
        };
        for service in model.services.iter().map(Arc::as_ref) {
            registry.name(service);
        }
        registry.add_entries(&documents.service_entries);
        registry.add_selectors(&documents.services);
        for (subject, written) in &documents.destination_rules {
            if let Some(host) = subject.host(&written.host) {
                registry.subset_rules.add(&host, written);
            }
        }
        for (subject, written) in &documents.gateways {
            let metadata = subject.metadata();
            let hosts = GatewayHosts::of(subject, written);
            registry.gateways.entry(&metadata.namespace).or_default().entry(&metadata.name).or_insert(hosts);
        }
        registry
    }

    fn name(&mut self, service: &'a model::Service) {
        let host = service.host.as_str();
        self.services.entry(host).or_default().push(service);
        for alias in &service.aliases {
            self.aliases.entry(alias.as_str()).or_insert(&service.host);
        }
        if let Some(name) = &service.short_name {
            self.namesakes.entry(name.as_str()).or_insert(&service.host);
        }
    }

    fn add_entries(&mut self, entries: &All<'a, ServiceEntry>) {
        for (subject, written) in entries {
            for host in written.hosts.iter().filter_map(|name| HostPattern::parse(name).ok()) {
                if let (HostPattern::Exact(host), Some(selector)) = (&host, &written.workload_selector) {
                    let selectors = self.selectors.entry(host.as_str().to_owned()).or_default();
                    selectors.push((subject.namespace(), &selector.labels));
                } else if !matches!(host, HostPattern::Exact(_)) {
                    self.wildcards.add(&host, host.clone());
                }
            }
        }
    }

    fn add_selectors(&mut self, services: &All<'a, Service>) {
        for (subject, written) in services.iter().filter(|(_, written)| !written.selector.is_empty()) {
            let selectors = self.selectors.entry(subject.service_name()).or_default();
            selectors.push((subject.namespace(), &written.selector));
        }
    }

    /// Whether any service is described.
    pub(super) fn has_services(&self) -> bool {
        !self.services.is_empty() || !self.wildcards.is_empty()
    }

    /// Whether any DestinationRule is there.
    pub(super) fn has_subset_rules(&self) -> bool {
        !self.subset_rules.is_empty()
    }

    /// Whether any Gateway is there.
    pub(super) fn has_gateways(&self) -> bool {
        !self.gateways.is_empty()
    }

    /// The full name of the service that a destination's host means, which may be one of its other names.
    pub(super) fn full_name<'h>(&'h self, host: &'h Host) -> &'h Host {
        match self.aliases.get(host.as_str()) {
            Some(full) if !self.services.contains_key(host.as_str()) => full,
            _ => host,
        }
    }

    /// The services of a full name: several namespaces may describe one host.
    pub(super) fn services(&self, host: &str) -> &[&'a model::Service] {
        self.services.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The labels of everything that runs the services of a full name.
    pub(super) fn endpoints<'r>(&'r self, host: &str, workloads: &'r Workloads<'_>) -> Vec<&'r Labels> {
        let described = self.services(host).iter().flat_map(|service| service.endpoints.iter());
        let selectors = self.selectors.get(host).into_iter().flatten();
        let selected = selectors.flat_map(|(namespace, selector)| workloads.selected(namespace, selector));
        described
            .map(|endpoint| &*endpoint.labels)
            .chain(selected.map(|workload| &*workload.labels))
            .collect()
    }

    /// Whether somebody describes these hosts, or one of them.
    pub(super) fn knows(&self, host: &HostPattern) -> bool {
        match host {
            HostPattern::Exact(exact) if self.services.contains_key(exact.as_str()) => true,
            host if self.wildcards.covering(host).next().is_some() => true,
            HostPattern::Exact(_) => false,
            wide => {
                self.services.keys().any(|name| wide.matches(name))
                    || self.wildcards.iter().any(|narrow| wide.covers(narrow))
            }
        }
    }

    /// A Kubernetes service of the same short name in another namespace.
    pub(super) fn namesake(&self, host: &str) -> Option<&'a Host> {
        let name = host.split('.').next()?;
        let namesake = self.namesakes.get(name)?;
        // What is outside the cluster may begin as anything in it does.
        let domain = namesake.as_str().splitn(3, '.').nth(2)?;
        host.ends_with(domain).then_some(*namesake)
    }

    /// Whether a rule names this subset of a host.
    pub(super) fn has_subset(&self, host: &Host, subset: &str) -> bool {
        let host = HostPattern::Exact(host.clone());
        self.subset_rules.covering(&host).any(|rule| rule.subsets.iter().any(|other| other.name == subset))
    }

    /// The hosts of the Gateway of a name.
    pub(super) fn gateway(&self, name: &GatewayName) -> Option<&GatewayHosts<'a>> {
        self.gateways.get(&*name.namespace)?.get(&*name.name)
    }
}

impl<'a> GatewayHosts<'a> {
    fn of(subject: &Subject<'a>, written: &'a Gateway) -> Self {
        let mut hosts = Self::default();
        for (namespace, host) in written.servers.iter().flat_map(|server| server_hosts(subject, server)) {
            hosts.index.add(&host, namespace);
            hosts.patterns.push((namespace, host));
        }
        hosts
    }

    /// Whether a server is for this host, or for one of those that it stands for, of rules in this namespace.
    pub(super) fn serve(&self, namespace: &str, host: &HostPattern) -> bool {
        let is_for = |own: &Option<&str>| own.is_none_or(|own| own == namespace);
        let is_wide = !matches!(host, HostPattern::Exact(_));
        let mut narrower = self.patterns.iter().filter(|(own, narrow)| is_for(own) && host.covers(narrow));
        self.index.covering(host).any(is_for) || is_wide && narrower.next().is_some()
    }
}
