//! The decision about one request by reading all documents from the start: slow, plain, and without any index.

mod destination;
mod gateway;
mod names;
mod request;

use mesh_core::{
    model::*,
    table::{GatewayRole, Missing, Refusal, RequestView, Viewpoint},
};
use names::{means, rank, sees};

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Pass,
    Refuse(Refusal),
    /// The rule of this name answers.
    Answer(String),
    Forward {
        rule: String,
        backend: String,
        endpoints: Vec<String>,
        /// Connections at most, errors that eject, retries at least: numbers of the policy's three parts.
        policy: [Option<u32>; 3],
    },
}

/// Decides a request as somebody would who reads the documents.
pub(super) fn scan(model: &Model, viewpoint: &Viewpoint, view: &RequestView<'_>, roll: u32) -> Outcome {
    let host = view.authority.split(':').next().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let reader = Reader { model, viewpoint, view };
    let is_gateway = viewpoint.gateway != GatewayRole::None;
    let found = if is_gateway { reader.at_gateway(&host) } else { reader.in_mesh(&host) };
    match found {
        Found::Route(route) => reader.carried_out(route, roll),
        Found::Service(service) => {
            let own = |port: &&Port| port.number == view.port;
            match service.ports.iter().find(own) {
                Some(port) => reader.forwarded("default", service, None, port),
                None => Outcome::Refuse(Refusal::Missing(Missing::Port)),
            }
        }
        Found::NoRule => Outcome::Refuse(Refusal::NoRoute),
        Found::Nobody if is_gateway || host.is_empty() => Outcome::Refuse(Refusal::NoRoute),
        Found::Nobody => match model.unknown_hosts {
            UnknownHosts::Pass => Outcome::Pass,
            UnknownHosts::Refuse => Outcome::Refuse(Refusal::UnknownHost),
        },
    }
}

/// What is responsible for a request.
enum Found<'a> {
    Route(&'a Route),
    /// A service that nobody wrote rules for.
    Service(&'a Service),
    NoRule,
    Nobody,
}

struct Reader<'a> {
    model: &'a Model,
    viewpoint: &'a Viewpoint,
    view: &'a RequestView<'a>,
}

impl<'a> Reader<'a> {
    /// Visible services, those of the own namespace first.
    fn services(&self) -> Vec<&'a Service> {
        let own = &*self.viewpoint.namespace;
        let all = self.model.services.iter().map(|service| &**service);
        let (own, others): (Vec<_>, Vec<_>) =
            all.filter(|service| sees(&service.export, own)).partition(|service| *service.namespace == *own);
        let mut services: Vec<&Service> = Vec::new();
        for service in own.into_iter().chain(others) {
            if !services.iter().any(|known| known.host == service.host) {
                services.push(service);
            }
        }
        services
    }

    fn in_mesh(&self, host: &str) -> Found<'a> {
        if host.is_empty() {
            return Found::Nobody;
        }
        let all = self.model.virtual_services.iter().map(|service| &**service);
        let mesh: Vec<_> = all
            .filter(|service| service.attachments.contains(&Attachment::Mesh))
            .filter(|service| sees(&service.export, &self.viewpoint.namespace))
            .collect();
        let names = names_of(host, &mesh);
        let found = names.iter().find_map(|name| self.by_name(name, &mesh));
        found.unwrap_or(Found::Nobody)
    }

    /// Who goes by exactly this name, a wildcard perhaps, on the request's port.
    fn by_name(&self, name: &str, mesh: &[&'a VirtualService]) -> Option<Found<'a>> {
        let services = self.services();
        let listening = || services.iter().filter(|service| self.listens(service));
        if let Some(service) = listening().find(|service| service.host.as_str() == name) {
            return Some(self.of_service(mesh, service));
        }
        let is_wildcard = name.starts_with('*');
        let stands_for_services =
            is_wildcard && listening().any(|service| means(name, service.host.as_str()));
        let named = |rules: &&&VirtualService| rules.hosts.iter().any(|of| of.to_string() == name);
        let beside = |rules: &&&VirtualService| self.ports_beside(rules).contains(&self.view.port);
        let mut owners = mesh.iter().filter(named).filter(beside).filter(|rules| self.applies(rules));
        if let Some(owner) = owners.find(|_| !stands_for_services) {
            return Some(self.of_rules(owner));
        }
        let further = |service: &&&&Service| {
            let is_own = *service.namespace == *self.viewpoint.namespace;
            let short = service.short_name.iter().filter(|_| is_own);
            service.aliases.iter().chain(short).any(|of| of.as_str() == name)
        };
        let listening: Vec<_> = listening().collect();
        listening.iter().find(further).map(|service| self.of_service(mesh, service))
    }

    fn listens(&self, service: &Service) -> bool {
        service.ports.iter().any(|port| port.number == self.view.port)
    }

    /// Rules for hosts that are no services hold on port 80, and where a service listens that shares them.
    fn ports_beside(&self, rules: &VirtualService) -> Vec<u16> {
        let services = self.services();
        let shared = services.iter().filter(|service| {
            rules.hosts.len() > 1 && rules.hosts.iter().any(|host| host.to_string() == service.host.as_str())
        });
        shared.flat_map(|service| &service.ports).map(|port| port.number).chain([80]).collect()
    }

    /// Whether any of these rules can be for a client like this on the request's port.
    fn applies(&self, rules: &VirtualService) -> bool {
        let is_open = |block: &Block| {
            let here = match &*block.attachments {
                [] => self.is_client(block),
                attachments => attachments.contains(&Attachment::Mesh),
            };
            here && block.port.is_none_or(|port| port == self.view.port)
        };
        rules.routes.iter().any(|route| route.blocks.is_empty() || route.blocks.iter().any(is_open))
    }

    fn of_service(&self, mesh: &[&'a VirtualService], service: &'a Service) -> Found<'a> {
        let rules: Vec<_> = mesh.iter().copied().filter(|rules| self.applies(rules)).collect();
        most_specific(&rules, service.host.as_str())
            .map_or(Found::Service(service), |owner| self.of_rules(owner))
    }

    fn of_rules(&self, owner: &'a VirtualService) -> Found<'a> {
        let admitted = |block: &Block| match &*block.attachments {
            [] => self.is_client(block),
            attachments => attachments.contains(&Attachment::Mesh),
        };
        let matching = owner.routes.iter().find(|route| self.is_for(route, admitted));
        matching.map_or(Found::NoRule, |route| Found::Route(route))
    }

    fn is_for(&self, route: &Route, admitted: impl Fn(&Block) -> bool) -> bool {
        route.blocks.is_empty() || route.blocks.iter().any(|block| admitted(block) && self.holds(block))
    }
}

/// The names by which somebody may be responsible for a host, the most specific first.
fn names_of(host: &str, rules: &[&VirtualService]) -> Vec<String> {
    let written = rules.iter().flat_map(|rules| &rules.hosts).map(ToString::to_string);
    let mut wildcards: Vec<_> = written.filter(|name| name.starts_with('*') && means(name, host)).collect();
    wildcards.sort_by_key(|name| std::cmp::Reverse(rank(name)));
    [vec![host.to_owned()], wildcards].concat()
}

/// The VirtualService with the most specific pattern for a host, and of several the first.
fn most_specific<'a>(services: &[&'a VirtualService], host: &str) -> Option<&'a VirtualService> {
    let patterns = services
        .iter()
        .rev()
        .flat_map(|service| service.hosts.iter().map(move |of| (of.to_string(), service)));
    let meant = patterns.filter(|(pattern, _)| means(pattern, host));
    meant.max_by_key(|(pattern, _)| rank(pattern)).map(|(_, service)| *service)
}
