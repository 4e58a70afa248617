//! The listeners of a gateway.

use super::{
    assemble::{Compiler, origin},
    rules::{Place, rules_of},
};
use crate::{
    model::{
        Attachment, Gateway, GatewayName, GatewayServer, HostPattern, Labels, ServerProtocol, Service,
        VirtualService,
    },
    table::{
        hosts::HostIndex,
        snapshot::{Listener, ListenerServer, Rule},
        viewpoint::{GatewayRole, Viewpoint},
    },
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A server, and the gateway it belongs to.
pub(super) type Server<'a> = (&'a Gateway, &'a GatewayServer);

/// A domain of a listener, and who has rules for it: oldest first.
struct Domain<'a> {
    pattern: &'a HostPattern,
    attached: Vec<Attached<'a>>,
}

/// Rules, the gateways through which they apply, and the port that those servers name, which need not be the one that is
/// opened.
struct Attached<'a> {
    service: &'a VirtualService,
    names: Vec<&'a GatewayName>,
    port: u16,
}

impl<'a> Compiler<'a> {
    /// Makes one listener for each port of the gateways that the workload acts as.
    pub(super) fn gateways(&mut self) -> Vec<Listener> {
        let mut ports: BTreeMap<u16, Vec<Server<'a>>> = BTreeMap::new();
        for gateway in self.model.gateways.iter().filter(|gateway| acts_as(self.viewpoint, gateway)) {
            for server in &gateway.servers {
                for port in self.opened(gateway, server.port) {
                    ports.entry(port).or_default().push((gateway, server));
                }
            }
        }
        ports.into_iter().map(|(port, servers)| self.listener(port, &servers)).collect()
    }

    fn listener(&mut self, port: u16, servers: &[Server<'a>]) -> Listener {
        let mut hosts = HostIndex::default();
        for domain in domains(&self.model.virtual_services, servers) {
            let rules = self.merged_rules(&domain);
            // As if nobody had named it: a wider domain has its requests.
            if rules.is_empty() {
                continue;
            }
            let origins = domain.attached.iter().map(|attached| origin(attached.service)).collect();
            let number = self.add(&domain.pattern.to_string(), origins, rules);
            hosts.claim(domain.pattern, number);
        }
        let sealed = self.sealed(servers);
        Listener { port, servers: servers.iter().map(listener_server).collect(), hosts, sealed }
    }

    /// The rules of every VirtualService of a domain, one after the other, those that match everything last.
    fn merged_rules(&mut self, domain: &Domain<'_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for Attached { service, names, port } in &domain.attached {
            let place = Place::Gateways { names, port: *port };
            rules.extend(rules_of(service, place, self.viewpoint, &mut self.backends));
        }
        rules.sort_by_key(Rule::is_catch_all);
        rules
    }

    /// The ports to open for one that a gateway names.
    ///
    /// That is the port of a service in front of the workload, which leads to a port of the workload: the target of the
    /// first such service. A port that no such service has is opened itself; not so for a gateway that names its
    /// services, each of which may lead to another port.
    fn opened(&self, gateway: &Gateway, port: u16) -> Vec<u16> {
        let services = self.model.services.iter().map(|service| &**service);
        let own = services.filter(|service| *service.namespace == *self.viewpoint.namespace);
        if gateway.services.is_empty() {
            let fronting = own.filter(|service| !service.keeps_gateway_ports);
            let mut targets = fronting.filter_map(|service| self.target(service, port));
            return vec![targets.next().unwrap_or(port)];
        }
        let named = own.filter(|service| gateway.services.contains(&service.host));
        let ports = named.flat_map(|service| service.ports.iter().filter(|own| own.number == port));
        let mut targets: Vec<u16> = ports.map(|port| port.target).collect();
        targets.dedup();
        targets
    }

    /// The port of this workload that a port of a service leads to, if the service is in front of it.
    fn target(&self, service: &Service, port: u16) -> Option<u16> {
        let port = service.ports.iter().find(|own| own.number == port)?;
        let is_here = |labels: &Labels| {
            let mut pairs = labels.iter();
            !labels.is_empty() && pairs.all(|(key, value)| self.viewpoint.labels.get(key) == Some(value))
        };
        let own = service.endpoints.iter().find(|endpoint| is_here(&endpoint.labels));
        let target = own.map(|endpoint| endpoint.ports.get(&port.name).copied().unwrap_or(port.target));
        target.or_else(|| service.selects.as_ref().filter(|labels| is_here(labels)).map(|_| port.target))
    }
}

fn acts_as(viewpoint: &Viewpoint, gateway: &Gateway) -> bool {
    match &viewpoint.gateway {
        GatewayRole::None => false,
        GatewayRole::BySelector => {
            gateway.selector.iter().all(|(key, value)| viewpoint.labels.get(key) == Some(value))
        }
        GatewayRole::Named(name) => *name == gateway.name,
    }
}

fn listener_server((gateway, server): &Server<'_>) -> ListenerServer {
    ListenerServer {
        gateway: gateway.name.to_string().into(),
        hosts: server.hosts.iter().map(|host| host.pattern.clone()).collect(),
        bind: server.bind,
        protocol: server.protocol,
        tls: server.tls.clone(),
        redirects_to_https: server.redirects_to_https,
    }
}

fn domains<'a>(
    virtual_services: &'a [std::sync::Arc<VirtualService>],
    servers: &[Server<'a>],
) -> Vec<Domain<'a>> {
    let mut domains: Vec<Domain<'a>> = Vec::new();
    let mut numbers: FxHashMap<&HostPattern, usize> = FxHashMap::default();
    for service in virtual_services {
        for (gateway, server) in servers.iter().filter(|server| is_attached(service, server)) {
            for pattern in patterns(service, server) {
                let number = *numbers.entry(pattern).or_insert_with(|| {
                    domains.push(Domain { pattern, attached: Vec::new() });
                    domains.len() - 1
                });
                domains[number].attach(service, &gateway.name, server.port);
            }
        }
    }
    domains
}

fn is_attached(service: &VirtualService, (gateway, server): &Server<'_>) -> bool {
    let is_here =
        |attachment: &Attachment| matches!(attachment, Attachment::Gateway(name) if *name == gateway.name);
    matches!(server.protocol, ServerProtocol::Http | ServerProtocol::Https)
        && service.export.reaches(&gateway.name.namespace)
        && service.attachments.iter().any(is_here)
}

/// The narrower of every host of a server and every host of a VirtualService that the server lets in.
fn patterns<'a>(
    service: &'a VirtualService,
    server: &'a GatewayServer,
) -> impl Iterator<Item = &'a HostPattern> {
    let open = server
        .hosts
        .iter()
        .filter(|host| host.namespace.as_ref().is_none_or(|namespace| *namespace == service.namespace));
    open.flat_map(|host| service.hosts.iter().filter_map(|pattern| host.pattern.narrower(pattern)))
}

impl<'a> Domain<'a> {
    fn attach(&mut self, service: &'a VirtualService, gateway: &'a GatewayName, port: u16) {
        // VirtualServices come one after the other, so the same one can only be among the last.
        let mut own =
            self.attached.iter_mut().rev().take_while(|attached| std::ptr::eq(attached.service, service));
        match own.find(|attached| attached.port == port) {
            Some(attached) => attached.names.push(gateway),
            None => self.attached.push(Attached { service, names: vec![gateway], port }),
        }
    }
}
