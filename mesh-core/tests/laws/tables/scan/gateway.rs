//! Whose a request is at a gateway, and which of their rules it meets.

use super::{
    Found, Reader,
    names::{has_labels, is_within, means, rank, sees},
};
use mesh_core::{model::*, table::GatewayRole};

impl<'a> Reader<'a> {
    pub(super) fn at_gateway(&self, host: &str) -> Found<'a> {
        let domains = self.domains();
        let mut meant: Vec<_> =
            domains.iter().map(|domain| &domain.pattern).filter(|pattern| means(pattern, host)).collect();
        meant.sort_by_key(|pattern| std::cmp::Reverse(rank(pattern)));
        // A domain without a rule is as if nobody had named it.
        let mut rules = meant.into_iter().map(|pattern| self.rules_of_domain(pattern, &domains));
        let Some(rules) = rules.find(|rules| !rules.is_empty()) else { return Found::Nobody };
        let found = rules.into_iter().find(|(_, block)| self.holds(block));
        found.map_or(Found::NoRule, |(route, _)| Found::Route(route))
    }

    /// Those of every VirtualService of a domain, each up to what takes everything, which comes last of all.
    fn rules_of_domain(&self, pattern: &str, domains: &[Domain<'a>]) -> Vec<(&'a Route, Block)> {
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for service in &self.model.virtual_services {
            let ways =
                domains.iter().filter(|domain| domain.pattern == *pattern && *domain.owner == **service);
            let ways: Vec<_> = ways.map(|domain| Attachment::Gateway(domain.gateway.clone())).collect();
            if ways.is_empty() {
                continue;
            }
            let rules = self.rules_at_gateway(service, &ways);
            first.extend(rules.iter().take_while(|rule| !is_catch_all(rule)).cloned());
            last.extend(rules.into_iter().find(is_catch_all));
        }
        first.into_iter().chain(last).collect()
    }

    /// The rules of a VirtualService that can apply at the gateways it is reached through.
    fn rules_at_gateway(&self, service: &'a VirtualService, ways: &[Attachment]) -> Vec<(&'a Route, Block)> {
        let is_here = |block: &Block| match &*block.attachments {
            [] => self.is_client(block),
            attachments => attachments.iter().any(|attachment| ways.contains(attachment)),
        };
        let mut rules = Vec::new();
        for route in &service.routes {
            let blocks = if route.blocks.is_empty() { vec![Block::default()] } else { route.blocks.clone() };
            let here = blocks.into_iter().filter(|block| is_here(block));
            let of_port = here.filter(|block| block.port.is_none_or(|port| port == self.view.port));
            rules.extend(of_port.map(|block| (&**route, block)));
        }
        rules
    }

    /// Every domain of the listener, by owner and gateway.
    fn domains(&self) -> Vec<Domain<'a>> {
        let mut domains = Vec::new();
        for owner in &self.model.virtual_services {
            for gateway in self.model.gateways.iter().filter(|gateway| self.is(gateway)) {
                let is_attached = owner.attachments.contains(&Attachment::Gateway(gateway.name.clone()))
                    && sees(&owner.export, &gateway.name.namespace);
                let servers = gateway.servers.iter().filter(|server| server.port == self.view.port);
                for server in servers.filter(|server| is_attached && is_http(server.protocol)) {
                    let open = server.hosts.iter().filter(|host| {
                        host.namespace.as_ref().is_none_or(|namespace| *namespace == owner.namespace)
                    });
                    for (host, of_owner) in open.flat_map(|host| owner.hosts.iter().map(move |of| (host, of)))
                    {
                        let (a, b) = (host.pattern.to_string(), of_owner.to_string());
                        // The narrower of both, when every host of one is one of the other.
                        let pattern = if is_within(&a, &b) { a } else { b.clone() };
                        if is_within(&pattern, &b) && is_within(&pattern, &host.pattern.to_string()) {
                            domains.push(Domain { pattern, owner, gateway: &gateway.name });
                        }
                    }
                }
            }
        }
        domains
    }

    fn is(&self, gateway: &Gateway) -> bool {
        match &self.viewpoint.gateway {
            GatewayRole::None => false,
            GatewayRole::BySelector => has_labels(&self.viewpoint.labels, &gateway.selector),
            GatewayRole::Named(name) => *name == gateway.name,
        }
    }
}

fn is_http(protocol: ServerProtocol) -> bool {
    matches!(protocol, ServerProtocol::Http | ServerProtocol::Https)
}

/// A host of a gateway's listener, through whom, and whose.
struct Domain<'a> {
    pattern: String,
    owner: &'a VirtualService,
    gateway: &'a GatewayName,
}

fn is_catch_all((_, block): &(&Route, Block)) -> bool {
    let path = block.conditions.path.as_ref().map(|path| &path.text);
    let is_any_path = match path {
        None | Some(TextMatch::Present) => true,
        Some(TextMatch::Prefix(prefix)) => matches!(&**prefix, "" | "/"),
        Some(TextMatch::Regex(pattern)) => pattern.as_str() == ".*",
        Some(TextMatch::Exact(_)) => false,
    };
    is_any_path && Conditions { path: None, ..block.conditions.clone() } == Conditions::default()
}
