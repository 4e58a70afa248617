//! The listeners of a gateway.

use super::{
    assemble::{Compiler, origin},
    rules::{Place, rules_of},
};
use crate::{
    model::{Attachment, Gateway, GatewayName, GatewayServer, HostPattern, ServerProtocol, VirtualService},
    table::{
        hosts::HostIndex,
        snapshot::{GatewayRole, Listener, ListenerServer, Rule, Viewpoint},
    },
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A server, and the gateway it belongs to.
type Server<'a> = (&'a Gateway, &'a GatewayServer);

/// A domain of a listener, and who has rules for it: oldest first, each with the gateways through which it applies.
struct Domain<'a> {
    pattern: &'a HostPattern,
    attached: Vec<(&'a VirtualService, Vec<&'a GatewayName>)>,
}

impl<'a> Compiler<'a> {
    /// Makes one listener for each port of the gateways that the workload acts as.
    pub(super) fn gateways(&mut self) -> Vec<Listener> {
        let mut ports: BTreeMap<u16, Vec<Server<'a>>> = BTreeMap::new();
        for gateway in self.model.gateways.iter().filter(|gateway| acts_as(self.viewpoint, gateway)) {
            for server in &gateway.servers {
                ports.entry(server.port).or_default().push((gateway, server));
            }
        }
        ports.into_iter().map(|(port, servers)| self.listener(port, &servers)).collect()
    }

    fn listener(&mut self, port: u16, servers: &[Server<'a>]) -> Listener {
        let mut hosts = HostIndex::default();
        for domain in domains(&self.model.virtual_services, servers) {
            let rules = self.merged_rules(port, &domain);
            // As if nobody had named it: a wider domain has its requests.
            if rules.is_empty() {
                continue;
            }
            let origins = domain.attached.iter().map(|(service, _)| origin(service)).collect();
            let number = self.add(&domain.pattern.to_string(), origins, rules);
            hosts.claim(domain.pattern, number);
        }
        Listener { port, servers: servers.iter().map(listener_server).collect(), hosts }
    }

    /// The rules of every VirtualService of a domain, one after the other, those that match everything last.
    fn merged_rules(&mut self, port: u16, domain: &Domain<'_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (service, names) in &domain.attached {
            rules.extend(rules_of(
                service,
                Place::Gateways { names, port },
                self.viewpoint,
                &mut self.backends,
            ));
        }
        rules.sort_by_key(Rule::is_catch_all);
        rules
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
                domains[number].attach(service, &gateway.name);
            }
        }
    }
    domains
}

fn is_attached(service: &VirtualService, (gateway, server): &Server<'_>) -> bool {
    let is_here =
        |attachment: &Attachment| matches!(attachment, Attachment::Gateway(name) if *name == gateway.name);
    server.protocol != ServerProtocol::Other
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
    fn attach(&mut self, service: &'a VirtualService, gateway: &'a GatewayName) {
        match self.attached.last_mut() {
            // VirtualServices come one after the other, so the same one can only be the last.
            Some((last, gateways)) if std::ptr::eq(*last, service) => gateways.push(gateway),
            _ => self.attached.push((service, vec![gateway])),
        }
    }
}
