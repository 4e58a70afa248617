//! Where a gateway sends connections whose TLS it does not end.

use super::{
    assemble::{Compiler, origin},
    gateway::Server,
    rules::{Place, sealed_rule},
};
use crate::{
    model::{Attachment, HostPattern, ServerProtocol, VirtualService},
    table::hosts::HostIndex,
};

impl<'a> Compiler<'a> {
    /// One virtual host for each name that clients may ask for. Of rules for the same name the oldest counts.
    pub(super) fn sealed(&mut self, servers: &[Server<'a>]) -> HostIndex {
        let mut index = HostIndex::default();
        let mut known: Vec<HostPattern> = Vec::new();
        for service in &self.model.virtual_services {
            for server in servers.iter().filter(|server| is_attached(service, server)) {
                for (pattern, rule) in self.sealed_rules(service, server) {
                    if !known.contains(&pattern) {
                        let number = self.add(&pattern.to_string(), vec![origin(service)], vec![rule]);
                        index.claim(&pattern, number);
                        known.push(pattern);
                    }
                }
            }
        }
        index
    }

    fn sealed_rules(
        &mut self,
        service: &VirtualService,
        (gateway, server): &Server<'a>,
    ) -> Vec<(HostPattern, crate::table::Rule)> {
        let names = [&gateway.name];
        let place = Place::Gateways { names: &names, port: server.port };
        let mut rules = Vec::new();
        for route in &service.sealed {
            let blocks = route.blocks.iter().filter(|block| place.admits(&block.place, self.viewpoint));
            let patterns: Vec<_> = blocks
                .flat_map(|block| &block.hosts)
                .flat_map(|asked| {
                    let open = server.hosts.iter().filter(|host| {
                        host.namespace.as_ref().is_none_or(|namespace| *namespace == service.namespace)
                    });
                    open.filter_map(|host| host.pattern.narrower(asked)).cloned()
                })
                .collect();
            for pattern in patterns {
                rules.push((pattern, sealed_rule(route, place, &mut self.backends)));
            }
        }
        rules
    }
}

fn is_attached(service: &VirtualService, (gateway, server): &Server<'_>) -> bool {
    let is_here =
        |attachment: &Attachment| matches!(attachment, Attachment::Gateway(name) if *name == gateway.name);
    server.protocol == ServerProtocol::Sealed
        && !service.sealed.is_empty()
        && service.export.reaches(&gateway.name.namespace)
        && service.attachments.iter().any(is_here)
}
