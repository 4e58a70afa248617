//! Documents and requests that bytes choose, each value from a handful, so that they often meet.

mod change;
mod sent;

pub(super) use self::{change::Change, sent::Sent};

use crate::build::*;
use arbitrary::Unstructured;
use http::StatusCode;
use mesh_core::{
    identity::Claims,
    model::*,
    table::{GatewayRole, Viewpoint},
};
use serde_json::{Map, Value};
use std::sync::Arc;

const PROTOCOLS: [ServerProtocol; 4] =
    [ServerProtocol::Http, ServerProtocol::Https, ServerProtocol::Sealed, ServerProtocol::Other];
const NAMESPACES: [&str; 4] = ["shop", "shop", "other", "istio-system"];
const SERVICES: [&str; 5] = ["a.shop", "b.other", "b.shop", "api.x.com", "a.x.com"];
const HOSTS: [&str; 10] = [
    "a.shop.svc.cluster.local",
    "b.other.svc.cluster.local",
    "*.shop.svc.cluster.local",
    "*.cluster.local",
    "*",
    "*.x.com",
    "a.x.com",
    "api.x.com",
    "*.com",
    "a.shop",
];
const AUTHORITIES: [&str; 14] = [
    "a.shop.svc.cluster.local",
    "a",
    "a.shop",
    "A.Shop.svc:80",
    "b.other",
    "b",
    "b.other.svc.cluster.local.",
    "c.shop.svc.cluster.local",
    "a.x.com",
    "b.x.com:8080",
    "api.x.com",
    "y.com",
    "shop.a.x.com",
    "",
];
const PATHS: [&str; 8] = ["/", "/a", "/a/", "/a/b", "/A", "/ab", "/b", "/é"];
const WORDS: [&str; 4] = ["a", "ab", "b", "B"];
const HEADERS: [&str; 3] = ["x-group", "x-colour", "host"];
const PORTS: [u16; 5] = [80, 80, 80, 81, 8080];

/// Chooses until its bytes are used up, and the first of everything from then on.
pub(super) struct Any<'a> {
    bytes: Unstructured<'a>,
    /// The few hosts and services that everything is about.
    hosts: [&'static str; 3],
    services: [&'static str; 2],
}

impl<'a> Any<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut any = Self { bytes: Unstructured::new(bytes), hosts: [""; 3], services: [""; 2] };
        any.hosts = [any.of(&HOSTS), any.of(&HOSTS), any.of(&HOSTS)];
        any.services = [any.of(&SERVICES), any.of(&SERVICES)];
        any
    }

    fn up_to(&mut self, most: usize) -> usize {
        self.bytes.int_in_range(0..=most).expect("a range")
    }

    fn of<T: Copy>(&mut self, handful: &[T]) -> T {
        *self.bytes.choose(handful).expect("a handful")
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.up_to(times - 1) == times - 1
    }

    fn maybe<T>(&mut self, once_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(once_in).then(|| make(self))
    }

    fn list<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self, usize) -> T) -> Vec<T> {
        let count = least + self.up_to(most - least);
        (0..count).map(|number| make(self, number)).collect()
    }

    pub(super) fn roll(&mut self) -> u32 {
        self.bytes.arbitrary().unwrap_or_default()
    }

    pub(super) fn model(&mut self) -> Model {
        let services = self.list(1, 5, |any, _| any.service());
        let subset_rules = self.list(0, 3, Self::subset_rule);
        let gateways = self.list(1, 2, |any, number| Arc::new(any.gateway(number)));
        let unknown_hosts = self.of(&[UnknownHosts::Pass, UnknownHosts::Refuse]);
        let virtual_services = self.list(1, 4, Self::virtual_service);
        Model { gateways, unknown_hosts, ..model(services, virtual_services, subset_rules) }
    }

    pub(super) fn change(&mut self) -> Change {
        Change { kind: self.up_to(5), which: self.up_to(7) }
    }

    pub(super) fn viewpoint(&mut self) -> Viewpoint {
        let roles = [
            GatewayRole::BySelector,
            GatewayRole::Named(gateway_name(0)),
            GatewayRole::Named(gateway_name(1)),
        ];
        let gateway = roles.get(self.up_to(5)).cloned().unwrap_or_default();
        Viewpoint {
            namespace: self.of(&NAMESPACES).into(),
            labels: self.labels(),
            gateway,
            ..Viewpoint::default()
        }
    }

    pub(super) fn sent(&mut self, viewpoint: &Viewpoint) -> Sent {
        let port = self.of(&PORTS);
        let values: [&[u8]; 5] = [b"a", b"ab", b"B", b"", b"\xff"];
        let pair = |any: &mut Self, _| format!("{}={}", any.of(&WORDS), any.of(&WORDS));
        Sent {
            method: self.of(&["GET", "PUT"]),
            scheme: self.of(&["http", "https"]),
            authority: self.authority(),
            path: self.of(&PATHS),
            query: self.maybe(2, |any| any.list(0, 3, pair).join("&")),
            headers: self.list(0, 5, |any, _| (any.of(&HEADERS), any.of(&values))),
            port,
            listener: (viewpoint.gateway != GatewayRole::None).then_some(port),
            claims: self.maybe(2, |any| {
                let texts = any.list(1, 2, |any, _| any.of(&WORDS).into());
                let value = if any.once_in(2) { Value::Array(texts) } else { texts[0].clone() };
                Claims::new(Map::from_iter([(any.of(&WORDS).to_owned(), value)]))
            }),
        }
    }

    fn host(&mut self) -> &'static str {
        let hosts = self.hosts;
        self.of(&hosts)
    }

    fn authority(&mut self) -> String {
        match self.up_to(2) {
            0 => self.of(&AUTHORITIES).to_owned(),
            _ => self.host().replace('*', "a"),
        }
    }

    fn labels(&mut self) -> Labels {
        labels(self.of(&[&[][..], &[("app", "a")], &[("app", "b"), ("zone", "1")]]))
    }

    fn export(&mut self) -> Export {
        match self.up_to(6) {
            0..=5 => Export::Everywhere,
            _ => Export::To(self.list(0, 2, |any, _| any.of(&NAMESPACES).into())),
        }
    }

    fn service(&mut self) -> Service {
        let services = self.services;
        let name = self.of(&services);
        let mut service = if name.ends_with(".com") {
            let outside = service("outside.other");
            Service { host: host(name), aliases: vec![], short_name: None, ..outside }
        } else {
            service(name)
        };
        service.ports = match self.up_to(4) {
            0 | 1 => vec![port(80, "http", 8080)],
            2 | 3 => vec![port(80, "http", 8080), port(81, "grpc", 81)],
            _ => vec![],
        };
        service.namespace = if self.once_in(5) { self.of(&NAMESPACES).into() } else { service.namespace };
        service.endpoints = service.endpoints.iter().skip(self.up_to(2)).cloned().collect();
        service.export = self.export();
        service
    }

    /// The full name of a service.
    fn service_host(&mut self) -> String {
        let [first, second] = self.services;
        let name = self.of(&[first, first, second]);
        if name.ends_with(".com") { name.to_owned() } else { full(name) }
    }

    fn subset_rule(&mut self, number: usize) -> SubsetRule {
        let namespace = self.of(&NAMESPACES);
        let versions = self.list(0, 3, |any, _| any.of(&["v1", "v1", "v2", "v3"]));
        let host = if self.once_in(3) { self.host().to_owned() } else { self.service_host() };
        let mut rule = subset_rule(&format!("{namespace}/{number}"), &host, &versions);
        for subset in &mut rule.subsets {
            subset.labels = labels(self.of(&[&[("version", "v1")][..], &[("version", "v2")], &[]]));
            subset.policy = self.maybe(2, |any| Arc::new(any.policy()));
        }
        rule.policy = self.maybe(2, |any| Arc::new(any.policy()));
        rule.export = self.export();
        rule.clients = self.maybe(3, Self::labels);
        rule
    }

    /// A policy of numbers that tell it from others.
    fn policy(&mut self) -> WrittenPolicy {
        let port = |any: &mut Self, _| (any.of(&PORTS), any.blocks());
        let budget = |any: &mut Self| {
            let min_concurrency = any.of(&[1, 2, 3]);
            RetryBudget { share: Share::ALL, min_concurrency, interval: None }
        };
        WrittenPolicy {
            blocks: self.blocks(),
            ports: self.list(0, 2, port).into_iter().collect(),
            retry_budget: self.maybe(2, budget),
            ..WrittenPolicy::default()
        }
    }

    fn blocks(&mut self) -> PolicyBlocks {
        let pool = |max_connections| ConnectionPool { max_connections, ..ConnectionPool::default() };
        let outlier = |consecutive_5xx| OutlierDetection { consecutive_5xx, ..OutlierDetection::default() };
        PolicyBlocks {
            connection_pool: self.maybe(2, |any| pool(any.of(&[1, 2, 3]))),
            outlier_detection: self.maybe(2, |any| outlier(any.of(&[1, 2, 3]))),
            ..PolicyBlocks::default()
        }
    }

    fn gateway(&mut self, number: usize) -> Gateway {
        let host = |any: &mut Self, _| ServerHost {
            namespace: any.maybe(3, |any| any.of(&NAMESPACES).into()),
            pattern: pattern(any.host()),
        };
        let server = |any: &mut Self, _| GatewayServer {
            bind: None,
            port: any.of(&PORTS),
            port_name: "http".into(),
            protocol: any.of(&PROTOCOLS),
            hosts: any.list(1, 2, host),
            tls: None,
            redirects_to_https: false,
        };
        Gateway {
            name: gateway_name(number),
            selector: self.maybe(3, Self::labels).unwrap_or_default(),
            services: vec![],
            servers: self.list(1, 3, server),
        }
    }

    fn attachment(&mut self) -> Attachment {
        match self.up_to(3) {
            0 | 1 => Attachment::Mesh,
            number => Attachment::Gateway(gateway_name(number - 2)),
        }
    }

    fn virtual_service(&mut self, number: usize) -> VirtualService {
        let hosts = self.list(1, 3, |any, _| any.host());
        let name = format!("{}/{number}", self.of(&NAMESPACES));
        let routes = self.list(1, 9, |any, place| any.route(&format!("{number}.{place}")));
        let mut service = virtual_service(&name, &hosts, routes);
        service.attachments = self.list(1, 3, |any, _| any.attachment());
        service.export = self.export();
        service
    }

    fn route(&mut self, name: &str) -> Route {
        let blocks = self.list(0, 2, |any, _| any.block());
        match self.up_to(3) {
            0 => answer(name, blocks),
            1 => {
                let (port, status) = (RedirectPort::Keep, StatusCode::FOUND);
                let (path, prefix) = (Some("/new".into()), None);
                let redirect = Redirect { status, scheme: None, authority: None, port, path, prefix };
                route(name, blocks, Action::Redirect(redirect))
            }
            _ => {
                let mut to = self.list(1, 3, |any, _| any.destination());
                // A sum of 0 is no rule.
                to[0].weight += u32::from(to.iter().all(|to| to.weight == 0));
                forward(name, blocks, to)
            }
        }
    }

    fn destination(&mut self) -> Destination {
        let host = match self.up_to(7) {
            0 => "a.shop".to_owned(),
            1 => "no.com".to_owned(),
            _ => self.service_host(),
        };
        let mut destination = to(&host, self.of(&[0, 1, 2, 99]));
        destination.subset = self.maybe(2, |any| any.of(&["v1", "v1", "v2", "v3"]).into());
        destination.port = self.maybe(3, |any| any.of(&PORTS));
        destination
    }

    fn block(&mut self) -> Block {
        Block {
            conditions: self.conditions(),
            port: self.maybe(5, |any| any.of(&PORTS)),
            source_labels: self.maybe(5, Self::labels).unwrap_or_default(),
            source_namespace: self.maybe(5, |any| any.of(&NAMESPACES).into()),
            attachments: self.maybe(5, |any| any.list(1, 2, |any, _| any.attachment())).unwrap_or_default(),
            name: Arc::default(),
        }
    }

    fn conditions(&mut self) -> Conditions {
        let header = |any: &mut Self, _| header(any.of(&HEADERS), any.text(&WORDS));
        Conditions {
            path: self.maybe(2, |any| PathMatch { text: any.text(&PATHS), ignore_case: any.once_in(4) }),
            method: self.maybe(9, |any| any.text(&["GET", "P"])),
            scheme: self.maybe(8, |any| any.text(&["http", "https"])),
            authority: self.maybe(8, |any| any.text(&AUTHORITIES)),
            headers: self.maybe(4, |any| any.list(1, 2, header)).unwrap_or_default(),
            without_headers: self.maybe(6, |any| any.list(1, 2, header)).unwrap_or_default(),
            query: self.maybe(6, |any| any.list(1, 2, |any, _| any.query())).unwrap_or_default(),
            claims: self.maybe(12, |any| any.list(1, 1, |any, _| any.claim())).unwrap_or_default(),
            without_claims: self.maybe(12, |any| any.list(1, 1, |any, _| any.claim())).unwrap_or_default(),
        }
    }

    fn claim(&mut self) -> ClaimMatch {
        ClaimMatch { path: vec![self.of(&WORDS).into()], value: self.text(&WORDS) }
    }

    fn query(&mut self) -> QueryMatch {
        QueryMatch { name: self.of(&WORDS).into(), value: self.text(&WORDS) }
    }

    fn text(&mut self, words: &[&str]) -> TextMatch {
        let word = self.of(words);
        match self.up_to(9) {
            0 => TextMatch::Present,
            1..=5 => exact(word),
            6 | 7 => prefix(word),
            8 => regex(&format!("{word}(a|/b)?.?")),
            _ => regex(self.of(&["(?i)/a|b+", ".*", "/[a-b]+/?.*", "(a|ab)(b|)"])),
        }
    }
}

fn gateway_name(number: usize) -> GatewayName {
    let namespace = if number == 0 { "shop" } else { "other" };
    GatewayName { namespace: namespace.into(), name: "door".into() }
}
