//! What the documents describe, by name.

use crate::{
    document::ServiceEntry,
    model::{Gateway, GatewayName, Host, HostPattern, Model, Service, SubsetRule},
};
use std::{collections::HashMap, sync::Arc};

/// Finds what documents refer to.
pub(super) struct Registry<'a> {
    services: HashMap<&'a str, Vec<&'a Service>>,
    aliases: HashMap<&'a str, &'a Host>,
    /// One Kubernetes service for each short name, to guess what was meant.
    namesakes: HashMap<&'a str, &'a Host>,
    /// Entries for many hosts, which the model leaves to the default for unknown ones.
    wildcards: Vec<HostPattern>,
    /// The rules for one host, by that host, and those for many.
    subset_rules: HashMap<&'a str, Vec<&'a SubsetRule>>,
    wide_subset_rules: Vec<&'a SubsetRule>,
    gateways: HashMap<&'a GatewayName, &'a Gateway>,
}

impl<'a> Registry<'a> {
    pub(super) fn new(model: &'a Model, entries: &[&ServiceEntry]) -> Self {
        let names = entries.iter().flat_map(|entry| &entry.hosts);
        let wildcards = names.filter_map(|name| HostPattern::parse(name).ok());
        let mut registry = Self {
            services: HashMap::new(),
            aliases: HashMap::new(),
            namesakes: HashMap::new(),
            wildcards: wildcards.filter(|host| !matches!(host, HostPattern::Exact(_))).collect(),
            subset_rules: HashMap::new(),
            wide_subset_rules: Vec::new(),
            gateways: model.gateways.iter().map(|gateway| (&gateway.name, &**gateway)).collect(),
        };
        for service in model.services.iter().map(Arc::as_ref) {
            registry.name(service);
        }
        for rule in model.subset_rules.iter().map(Arc::as_ref) {
            match &rule.host {
                HostPattern::Exact(host) => {
                    registry.subset_rules.entry(host.as_str()).or_default().push(rule);
                }
                _ => registry.wide_subset_rules.push(rule),
            }
        }
        registry
    }

    fn name(&mut self, service: &'a Service) {
        let host = service.host.as_str();
        self.services.entry(host).or_default().push(service);
        for alias in &service.aliases {
            self.aliases.entry(alias.as_str()).or_insert(&service.host);
        }
        if let Some(name) = &service.short_name {
            self.namesakes.entry(name.as_str()).or_insert(&service.host);
        }
    }

    /// Whether any service is described.
    pub(super) fn has_services(&self) -> bool {
        !self.services.is_empty() || !self.wildcards.is_empty()
    }

    /// Whether any DestinationRule is there.
    pub(super) fn has_subset_rules(&self) -> bool {
        !self.subset_rules.is_empty() || !self.wide_subset_rules.is_empty()
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
    pub(super) fn services(&self, host: &str) -> &[&'a Service] {
        self.services.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether somebody describes these hosts, or one of them.
    pub(super) fn knows(&self, host: &HostPattern) -> bool {
        let covered = || self.wildcards.iter().any(|wildcard| wildcard.narrower(host).is_some());
        match host {
            HostPattern::Exact(exact) => self.services.contains_key(exact.as_str()) || covered(),
            wide => covered() || self.services.keys().any(|name| wide.matches(name)),
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
        let own = self.subset_rules.get(host.as_str()).into_iter().flatten();
        let wide = self.wide_subset_rules.iter().filter(|rule| rule.host.matches(host.as_str()));
        own.chain(wide).any(|rule| rule.subsets.iter().any(|other| *other.name == *subset))
    }

    /// The gateway of a name.
    pub(super) fn gateway(&self, name: &GatewayName) -> Option<&'a Gateway> {
        self.gateways.get(name).copied()
    }
}
