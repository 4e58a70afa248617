//! The virtual hosts of a service of the mesh.
//!
//! As in Istio, each port has its own: rules for a host that is a service hold on the ports that it lists, those for any
//! other host on port 80, and a service's ports that speak no HTTP have no rules.

use super::{
    assemble::Compiler,
    rules::{Place, applies, default_rule, rules_of},
};
use crate::{
    model::{Attachment, HostPattern, Port, Protocol, Service, VirtualService},
    table::{hosts::HostIndex, outbound::Outbound},
};
use rustc_hash::FxHashSet;
use std::{cell::Cell, sync::Arc};

/// Where rules hold for hosts that are no services.
const PLAIN: u16 = 80;

/// Which rules claim a host, oldest first.
struct Claims<'a> {
    patterns: HostIndex,
    groups: Vec<Vec<&'a Arc<VirtualService>>>,
}

/// What was met among the services.
#[derive(Default)]
struct Met {
    /// Wildcards that rules name, by the number of their group, and the ports on which a service is one of theirs.
    wildcards: FxHashSet<(u32, u16)>,
    /// Ports on which some service speaks HTTP.
    open: FxHashSet<u16>,
}

impl<'a> Compiler<'a> {
    /// Makes a virtual host for every service, and for every host of a VirtualService that is no service.
    ///
    /// Names are claimed in this order: full names of services, hosts that somebody wrote, further names of services.
    pub(super) fn mesh(&mut self) -> Arc<Outbound> {
        self.replace_rules().unwrap_or_else(|| Arc::new(self.assign()))
    }

    fn assign(&mut self) -> Outbound {
        let rules = self.mesh_rules();
        let claims = Claims::new(&rules);
        let services = self.backends.directory.services();
        // The full name, a short one, and further ones.
        let names: usize = services.iter().map(|service| 2 + service.aliases.len()).sum();
        let (mut outbound, mut met) = (Outbound::with_capacity(names.max(rules.len())), Met::default());
        let mut sites = Vec::with_capacity(services.len());
        for service in services {
            let site = outbound.site(self.site_of(service, &claims, &mut met));
            outbound.claim(&service.host.to_pattern(), site);
            sites.push(site);
        }
        for rules in &rules {
            self.add_other_hosts(rules, &claims, &met, &mut outbound);
        }
        for (service, site) in services.iter().zip(sites) {
            let is_own = *service.namespace == *self.viewpoint.namespace;
            for name in service.short_name.iter().filter(|_| is_own).chain(&service.aliases) {
                outbound.claim(&name.to_pattern(), site);
            }
        }
        outbound
    }

    /// The virtual hosts of those services that have one of these names, by no rules but their own defaults: what a gateway
    /// calls itself.
    pub(super) fn called(&mut self, names: &[&str]) -> Arc<Outbound> {
        let (claims, mut met) = (Claims::new(&[]), Met::default());
        let mut outbound = Outbound::with_capacity(names.len());
        for service in self.backends.directory.services() {
            let own = service.short_name.iter().filter(|_| *service.namespace == *self.viewpoint.namespace);
            let all = [&service.host].into_iter().chain(&service.aliases).chain(own);
            let called: Vec<_> = all.filter(|name| names.contains(&name.as_str())).collect();
            if !called.is_empty() {
                let site = outbound.site(self.site_of(service, &claims, &mut met));
                called.into_iter().for_each(|name| outbound.claim(&name.to_pattern(), site));
            }
        }
        Arc::new(outbound)
    }

    fn mesh_rules(&self) -> Vec<&'a Arc<VirtualService>> {
        let all = self.model.virtual_services.iter();
        let attached = all.filter(|service| service.attachments.contains(&Attachment::Mesh));
        attached.filter(|service| service.export.reaches(&self.viewpoint.namespace)).collect()
    }

    /// The virtual hosts of a service, by port: those with the same owner are one.
    fn site_of(&mut self, service: &'a Service, claims: &Claims<'a>, met: &mut Met) -> Vec<(u16, u32)> {
        let mut made: Vec<(Option<&Arc<VirtualService>>, u32)> = Vec::new();
        let mut site = Vec::new();
        for port in &self.backends.directory.concrete(service).ports {
            if !self.scope.shows(service, port.number) {
                continue;
            }
            let groups = claims.patterns.wildcards(service.host.as_str());
            met.wildcards.extend(groups.map(|group| (group, port.number)));
            let owner = self.owner(service, port, claims);
            if is_http(port) {
                met.open.insert(port.number);
            }
            let known = made.iter().find(|(of, _)| match (of, owner) {
                (Some(of), Some(owner)) => Arc::ptr_eq(of, owner),
                (of, owner) => of.is_none() && owner.is_none(),
            });
            let number = match known {
                Some((_, number)) => *number,
                None => {
                    let number = self.add_service(service, owner);
                    made.push((owner, number));
                    number
                }
            };
            site.push((port.number, number));
        }
        site
    }

    /// The rules for a service on a port: the oldest of the most specific host that has any to apply.
    fn owner(&self, service: &Service, port: &Port, claims: &Claims<'a>) -> Option<&'a Arc<VirtualService>> {
        if !is_http(port) {
            return None;
        }
        let first = |group: u32| {
            let group = &claims.groups[group as usize];
            group.iter().find(|rules| self.are_rules(rules, port.number)).copied()
        };
        let owner = Cell::new(None);
        let has_owner = |group| {
            owner.set(first(group));
            owner.get().is_some()
        };
        claims.patterns.find_where(service.host.as_str(), has_owner).and(owner.get())
    }

    fn are_rules(&self, rules: &VirtualService, port: u16) -> bool {
        self.scope.applies(rules, port) && applies(rules, Place::Mesh, self.viewpoint, port)
    }

    fn add_service(&mut self, service: &'a Service, owner: Option<&Arc<VirtualService>>) -> u32 {
        let name = service.host.as_str();
        match owner {
            Some(owner) => self.add_ruled(name, owner),
            None => self.add_of(name, None, |compiler| {
                let concrete = compiler.backends.directory.concrete(service);
                vec![default_rule(concrete, &mut compiler.backends)]
            }),
        }
    }

    fn add_other_hosts(
        &mut self,
        rules: &Arc<VirtualService>,
        claims: &Claims<'_>,
        met: &Met,
        outbound: &mut Outbound,
    ) {
        // On the ports of services that share the rules too.
        let ports: Vec<u16> = self
            .ports_beside(rules)
            .into_iter()
            .filter(|port| {
                // What a workload imports decides which ports Istio opens for it; without imports all of them are.
                let is_open = self.scope.sidecar.is_none() || met.open.contains(port);
                is_open && self.are_rules(rules, *port)
            })
            .collect();
        for pattern in &rules.hosts {
            let free = ports.iter().copied().filter(|port| !self.is_service(pattern, *port, claims, met));
            let free: Vec<u16> = free.collect();
            if !free.is_empty() {
                let number = self.add_ruled(&pattern.to_string(), rules);
                let site = outbound.site(free.into_iter().map(|port| (port, number)));
                outbound.claim(pattern, site);
            }
        }
    }

    /// Where the hosts of rules count that are no services.
    fn ports_beside(&self, rules: &VirtualService) -> Vec<u16> {
        let mut ports = vec![PLAIN];
        for host in rules.hosts.iter().filter(|_| rules.hosts.len() > 1) {
            let service = self.seen(host);
            for port in service.iter().flat_map(|service| &service.ports).filter(|port| is_http(port)) {
                if !ports.contains(&port.number) {
                    ports.push(port.number);
                }
            }
        }
        ports
    }

    fn is_service(&self, pattern: &HostPattern, port: u16, claims: &Claims<'_>, met: &Met) -> bool {
        let service = self.seen(pattern).filter(|service| self.scope.shows(service, port));
        service.is_some_and(|service| {
            self.backends.directory.concrete(service).ports.iter().any(|own| own.number == port)
        }) || claims.group(pattern).is_some_and(|group| met.wildcards.contains(&(group, port)))
    }

    /// The service whose full name, or wildcard, a pattern is.
    fn seen(&self, pattern: &HostPattern) -> Option<&'a Service> {
        let service = match pattern {
            HostPattern::Exact(host) => self.backends.directory.named(host.as_str()),
            HostPattern::Suffix(_) | HostPattern::Any => {
                self.backends.directory.named(pattern.to_name().as_str())
            }
        };
        service.filter(|service| self.scope.shows_somewhere(service))
    }

    fn add_ruled(&mut self, name: &str, owner: &Arc<VirtualService>) -> u32 {
        self.add_of(name, Some(owner), |compiler| {
            rules_of(owner, Place::Mesh, compiler.viewpoint, &mut compiler.backends)
        })
    }
}

impl<'a> Claims<'a> {
    fn new(rules: &[&'a Arc<VirtualService>]) -> Self {
        let patterns = HostIndex::with_capacity(rules.len());
        let mut claims = Self { patterns, groups: Vec::with_capacity(rules.len()) };
        for rules in rules {
            for pattern in &rules.hosts {
                let group = claims.patterns.claim(pattern, claims.groups.len() as u32) as usize;
                if group == claims.groups.len() {
                    claims.groups.push(Vec::new());
                }
                claims.groups[group].push(rules);
            }
        }
        claims
    }

    /// The group of a wildcard.
    fn group(&self, pattern: &HostPattern) -> Option<u32> {
        match pattern {
            HostPattern::Exact(_) => None,
            HostPattern::Suffix(_) | HostPattern::Any => {
                self.patterns.find(pattern.to_name().as_str()).map(|found| found.owner)
            }
        }
    }
}

fn is_http(port: &Port) -> bool {
    port.protocol != Protocol::Opaque
}
