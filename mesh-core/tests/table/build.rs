//! Short ways to write models and requests, and to read decisions.

use http::{Request, StatusCode};
use mesh_core::{
    model::*,
    table::{Decision, RequestView, Snapshot, Viewpoint},
};
use std::sync::Arc;

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn host(name: &str) -> Host {
    Host::parse(name).expect("a host name")
}

pub(crate) fn pattern(text: &str) -> HostPattern {
    HostPattern::parse(text).expect("a host pattern")
}

/// The full name of a service called `name.namespace`.
pub(crate) fn full(name: &str) -> String {
    format!("{name}.svc.cluster.local")
}

/// A Kubernetes service called `name.namespace`, with port 80 for two endpoints: version `v1` and version `v2`.
pub(crate) fn service(name: &str) -> Service {
    let (short, namespace) = name.split_once('.').expect("name.namespace");
    let endpoint = |ip: [u8; 4], version: &str| Endpoint {
        labels: Arc::new(labels(&[("version", version)])),
        ..Endpoint::at(Address::Ip(ip.into()))
    };
    Service {
        aliases: vec![host(name), host(&format!("{name}.svc"))],
        short_name: Some(host(short)),
        ports: vec![port(80, "http", 8080)],
        endpoints: [endpoint([10, 0, 0, 1], "v1"), endpoint([10, 0, 0, 2], "v2")].into(),
        ..Service::new(host(&full(name)), namespace.into())
    }
}

pub(crate) fn port(number: u16, name: &str, target: u16) -> Port {
    Port { number, name: name.into(), protocol: Protocol::Http, target }
}

/// The VirtualService `namespace/name`, for the mesh.
pub(crate) fn virtual_service(name: &str, hosts: &[&str], routes: Vec<Route>) -> VirtualService {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    VirtualService {
        namespace: namespace.into(),
        name: name.into(),
        hosts: hosts.iter().map(|text| pattern(text)).collect(),
        attachments: vec![Attachment::Mesh],
        export: Export::Everywhere,
        routes: routes.into_iter().map(Arc::new).collect(),
        sealed: Vec::new(),
    }
}

/// A rule that answers by itself, so that a test sees which one matched.
pub(crate) fn answer(name: &str, blocks: Vec<Block>) -> Route {
    let response = DirectResponse { status: StatusCode::OK, body: bytes::Bytes::new() };
    route(name, blocks, Action::Respond(response))
}

pub(crate) fn forward(name: &str, blocks: Vec<Block>, destinations: Vec<Destination>) -> Route {
    route(name, blocks, Action::Forward(destinations))
}

pub(crate) fn route(name: &str, blocks: Vec<Block>, action: Action) -> Route {
    Route {
        name: name.into(),
        line: Line::default(),
        blocks,
        action,
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

/// A destination `host`, `host|subset`, `host|subset|port` or `host||port`.
pub(crate) fn to(text: &str, weight: u32) -> Destination {
    let mut parts = text.split('|');
    Destination {
        host: host(parts.next().expect("a host")),
        subset: parts.next().filter(|subset| !subset.is_empty()).map(Into::into),
        port: parts.next().map(|port| port.parse().expect("a port")),
        weight,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}

pub(crate) fn exact(text: &str) -> TextMatch {
    TextMatch::Exact(text.into())
}

pub(crate) fn prefix(text: &str) -> TextMatch {
    TextMatch::Prefix(text.into())
}

pub(crate) fn regex(text: &str) -> TextMatch {
    TextMatch::Regex(Pattern::parse(text).expect("a pattern"))
}

pub(crate) fn path(text: TextMatch) -> Block {
    when(Conditions { path: Some(PathMatch { text, ignore_case: false }), ..Conditions::default() })
}

pub(crate) fn when(conditions: Conditions) -> Block {
    Block { conditions, ..Block::default() }
}

pub(crate) fn header(name: &'static str, value: TextMatch) -> HeaderMatch {
    HeaderMatch { name: http::HeaderName::from_static(name), value }
}

/// The DestinationRule `namespace/name`; subsets are called after the version they select.
pub(crate) fn subset_rule(name: &str, of: &str, versions: &[&str]) -> SubsetRule {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let subset = |version: &&str| Subset {
        name: (*version).into(),
        labels: labels(&[("version", version)]),
        policy: None,
    };
    SubsetRule {
        host: pattern(of),
        namespace: namespace.into(),
        name: name.into(),
        policy: None,
        subsets: versions.iter().map(subset).collect(),
        export: Export::Everywhere,
        clients: None,
    }
}

pub(crate) fn model(
    services: Vec<Service>,
    virtual_services: Vec<VirtualService>,
    subset_rules: Vec<SubsetRule>,
) -> Model {
    Model {
        services: services.into_iter().map(Arc::new).collect(),
        virtual_services: virtual_services.into_iter().map(Arc::new).collect(),
        subset_rules: subset_rules.into_iter().map(Arc::new).collect(),
        ..Model::default()
    }
}

/// A workload without labels in a namespace.
pub(crate) fn from(namespace: &str) -> Viewpoint {
    Viewpoint { namespace: namespace.into(), ..Viewpoint::default() }
}

/// The table of a workload in namespace `shop`.
pub(crate) fn table(model: &Model) -> Snapshot {
    Snapshot::compile(model, &from("shop"), None)
}

pub(crate) fn get(url: &str) -> Request<()> {
    Request::get(url).body(()).expect("a request")
}

/// What a service's request comes to: `rule -> backend`, `rule answers`, `pass` or `refuse …`.
pub(crate) fn outcome(table: &Snapshot, request: &Request<()>) -> String {
    in_words(table, &RequestView::outbound(request), 0)
}

/// What a request to a gateway's port comes to.
pub(crate) fn outcome_at(table: &Snapshot, port: u16, host: &str, path: &str) -> String {
    let request = Request::get(path).header("host", host).body(()).expect("a request");
    in_words(table, &RequestView::at_gateway(&request, port, false), 0)
}

pub(crate) fn in_words(table: &Snapshot, request: &RequestView<'_>, roll: u32) -> String {
    match table.decide(request, roll) {
        Decision::Forward(chosen) => {
            let target = table.target(chosen).expect("a target");
            let backend = target.backend(request.port).expect("a backend");
            format!("{} -> {}", table.rule(chosen).name, backend.name)
        }
        Decision::Answer(chosen) => format!("{} answers", table.rule(chosen).name),
        Decision::Pass => "pass".to_owned(),
        Decision::Refuse(refusal) => format!("refuse {refusal:?}"),
    }
}
