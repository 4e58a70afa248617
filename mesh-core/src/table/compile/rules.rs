//! Routes to rules: one for each block of conditions that can hold here.

use super::backends::Backends;
use crate::{
    model::{
        Action, Attachment, Block, Destination, GatewayName, HeaderEdits, Injection, Line, Mirror, Rewrite,
        Route, SealedRoute, Service, VirtualService,
    },
    table::{
        matcher::Condition,
        snapshot::{MirrorTarget, Rule, Target, TargetBackend},
        viewpoint::Viewpoint,
    },
};
use smallvec::SmallVec;
use std::{collections::BTreeSet, sync::Arc};

/// The name of the rule of a service that nobody wrote rules for.
const DEFAULT: &str = "default";

/// Where rules are made for.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// A service of the mesh.
    Mesh,
    /// A port of these gateways.
    Gateways { names: &'a [&'a GatewayName], port: u16 },
}

/// The rules of a VirtualService that can match here, up to the first that matches everything.
pub(super) fn rules_of(
    service: &VirtualService,
    place: Place<'_>,
    viewpoint: &Viewpoint,
    backends: &mut Backends<'_>,
) -> Vec<Rule> {
    let always = Block::default();
    let mut rules = Vec::new();
    for route in &service.routes {
        let blocks = if route.blocks.is_empty() { std::slice::from_ref(&always) } else { &route.blocks };
        for block in blocks.iter().filter(|block| place.admits(block, viewpoint)) {
            let rule = rule(route, block, place, backends);
            let ends_here = rule.is_catch_all();
            rules.push(rule);
            if ends_here {
                return rules;
            }
        }
    }
    rules
}

/// The ports on which any rule of a VirtualService of the mesh can hold; every one when `None`.
pub(super) fn reach(service: &VirtualService, viewpoint: &Viewpoint) -> Option<BTreeSet<u16>> {
    let mut ports = BTreeSet::new();
    for route in &service.routes {
        if route.blocks.is_empty() {
            return None;
        }
        for block in route.blocks.iter().filter(|block| Place::Mesh.admits(block, viewpoint)) {
            ports.insert(block.port?);
        }
    }
    Some(ports)
}

/// Whether any rule of a VirtualService can hold for requests to a port here.
pub(super) fn applies(service: &VirtualService, place: Place<'_>, viewpoint: &Viewpoint, port: u16) -> bool {
    let holds =
        |block: &Block| place.admits(block, viewpoint) && block.port.is_none_or(|asked| asked == port);
    service.routes.iter().any(|route| route.blocks.is_empty() || route.blocks.iter().any(holds))
}

/// The rule of a service without a VirtualService: to the service, at the port that the request came to.
pub(super) fn default_rule(service: &Service, backends: &mut Backends<'_>) -> Rule {
    let destination = Destination {
        host: service.host.clone(),
        subset: None,
        port: None,
        weight: 100,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    };
    only_rule(DEFAULT, destination, backends.by_port(service))
}

/// A rule that sends everything to one destination.
pub(super) fn only_rule(name: &str, destination: Destination, backend: TargetBackend) -> Rule {
    let target = target(&destination, 100, backend);
    let route = forwarding(name, Line::default(), vec![destination]);
    Rule {
        name: Arc::clone(&route.name),
        conditions: SmallVec::default(),
        route: Arc::new(route),
        is_whole: target.is_whole(),
        targets: [target].into(),
        total_weight: 100,
        mirrors: Box::default(),
    }
}

/// The rule for connections whose TLS is not ended: where they go is all that it says.
pub(super) fn sealed_rule(sealed: &SealedRoute, place: Place<'_>, backends: &mut Backends<'_>) -> Rule {
    let route = Arc::new(forwarding("", sealed.line.clone(), sealed.destinations.clone()));
    rule(&route, &Block::default(), place, backends)
}

fn forwarding(name: &str, line: Line, destinations: Vec<Destination>) -> Route {
    Route {
        name: name.into(),
        line,
        blocks: Vec::new(),
        action: Action::Forward(destinations),
        rewrite: Rewrite::default(),
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        timeout: None,
        retries: None,
        mirrors: Vec::new(),
        cors: None,
        injection: Injection::default(),
    }
}

impl Place<'_> {
    /// Whether a block's conditions about client and place hold; what remains is up to each request.
    pub(super) fn admits(self, block: &Block, viewpoint: &Viewpoint) -> bool {
        // A block that names its places says nothing about the client.
        let admits_client = match &*block.attachments {
            [] => is_client(block, viewpoint),
            attachments => attachments.iter().any(|attachment| self.is(attachment)),
        };
        let admits_port = match self {
            Self::Mesh => true,
            Self::Gateways { port, .. } => block.port.is_none_or(|asked| asked == port),
        };
        admits_client && admits_port
    }

    fn is(self, attachment: &Attachment) -> bool {
        match (self, attachment) {
            (Self::Mesh, Attachment::Mesh) => true,
            (Self::Gateways { names, .. }, Attachment::Gateway(name)) => names.contains(&name),
            _ => false,
        }
    }
}

fn is_client(block: &Block, viewpoint: &Viewpoint) -> bool {
    block.source_namespace.as_deref().is_none_or(|namespace| namespace == viewpoint.namespace)
        && block.source_labels.iter().all(|(key, value)| viewpoint.labels.get(key) == Some(value))
}

fn rule(route: &Arc<Route>, block: &Block, place: Place<'_>, backends: &mut Backends<'_>) -> Rule {
    let targets = targets(route, place, backends);
    Rule {
        name: name(route, block),
        conditions: Condition::of(block.port.filter(|_| matches!(place, Place::Mesh)), &block.conditions),
        route: Arc::clone(route),
        total_weight: targets.iter().map(|target| u64::from(target.weight)).sum(),
        is_whole: targets.iter().all(Target::is_whole),
        targets,
        mirrors: mirrors(route, backends),
    }
}

/// Who gets copies of the requests that a rule forwards.
fn mirrors(route: &Route, backends: &mut Backends<'_>) -> Box<[MirrorTarget]> {
    if !matches!(route.action, Action::Forward(_)) {
        return Box::default();
    }
    let mirror = |to: &Mirror| MirrorTarget {
        host: to.host.clone(),
        subset: to.subset.clone(),
        share: to.share,
        backend: backends.find(&to.host, to.subset.as_deref(), to.port),
    };
    route.mirrors.iter().map(mirror).collect()
}

fn name(route: &Route, block: &Block) -> Arc<str> {
    match (&*route.name, &*block.name) {
        (_, "") => Arc::clone(&route.name),
        ("", _) => Arc::clone(&block.name),
        (route, block) => format!("{route}.{block}").into(),
    }
}

/// Where a rule can forward to. With one destination its header changes win over the rule's; with several the rule's
/// are made last, as Envoy does.
fn targets(route: &Route, place: Place<'_>, backends: &mut Backends<'_>) -> Box<[Target]> {
    let Action::Forward(destinations) = &route.action else { return Box::default() };
    let mut backend = |to: &Destination| {
        let found = backends.find(&to.host, to.subset.as_deref(), to.port);
        match place {
            Place::Mesh => found,
            Place::Gateways { port, .. } => found.only_at(port),
        }
    };
    if let [only] = &**destinations {
        let request_headers = route.request_headers.joined(&only.request_headers);
        let response_headers = route.response_headers.joined(&only.response_headers);
        return [Target { request_headers, response_headers, ..target(only, 100, backend(only)) }].into();
    }
    let weighted = destinations.iter().filter(|to| to.weight > 0);
    weighted
        .map(|to| Target {
            request_headers: to.request_headers.then(&route.request_headers),
            response_headers: to.response_headers.then(&route.response_headers),
            ..target(to, to.weight, backend(to))
        })
        .collect()
}

fn target(to: &Destination, weight: u32, backend: TargetBackend) -> Target {
    Target {
        host: to.host.clone(),
        subset: to.subset.clone(),
        weight,
        backend,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}
