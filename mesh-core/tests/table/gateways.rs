//! What a gateway opens and whom it serves.

use crate::build::*;
use mesh_core::{
    model::{
        Attachment, Block, Export, Gateway, GatewayName, GatewayServer, Model, ServerHost, ServerProtocol,
        VirtualService,
    },
    table::{GatewayRole, Snapshot, Viewpoint},
};
use std::sync::Arc;

fn name(text: &str) -> GatewayName {
    let (namespace, name) = text.split_once('/').expect("namespace/name");
    GatewayName { namespace: namespace.into(), name: name.into() }
}

/// A server on `port` for hosts written as `host` or `namespace/host`.
fn server(port: u16, hosts: &[&str]) -> GatewayServer {
    let host = |text: &&str| match text.split_once('/') {
        Some((namespace, host)) => ServerHost { namespace: Some(namespace.into()), pattern: pattern(host) },
        None => ServerHost { namespace: None, pattern: pattern(text) },
    };
    GatewayServer {
        bind: None,
        port,
        port_name: "http".into(),
        protocol: ServerProtocol::Http,
        hosts: hosts.iter().map(host).collect(),
        tls: None,
        redirects_to_https: false,
    }
}

fn gateway(text: &str, servers: Vec<GatewayServer>) -> Gateway {
    Gateway { name: name(text), selector: labels(&[("istio", "ingress")]), services: Vec::new(), servers }
}

/// A VirtualService of namespace `shop`, attached to gateways, whose only rule is for paths under `/` and its name.
fn attached(to: &[&str], text: &str, hosts: &[&str]) -> VirtualService {
    let rule = text.split_once('/').expect("namespace/name").1;
    let mut service =
        virtual_service(text, hosts, vec![answer(rule, vec![path(prefix(&format!("/{rule}")))])]);
    service.attachments = to.iter().map(|gateway| Attachment::Gateway(name(gateway))).collect();
    service
}

fn with_gateways(gateways: Vec<Gateway>, virtual_services: Vec<VirtualService>) -> Model {
    let gateways = gateways.into_iter().map(Arc::new).collect();
    Model { gateways, ..model(vec![service("product.shop")], virtual_services, vec![]) }
}

fn ingress() -> Viewpoint {
    let labels = labels(&[("istio", "ingress"), ("app", "gateway")]);
    Viewpoint { namespace: "edge".into(), labels, gateway: GatewayRole::BySelector, ..Viewpoint::default() }
}

fn compile(model: &Model) -> Snapshot {
    Snapshot::compile(model, &ingress(), None)
}

#[test]
fn a_workload_acts_as_the_gateways_that_select_it_or_as_the_one_named() {
    let mut other = gateway("shop/other", vec![server(81, &["*"])]);
    other.selector = labels(&[("istio", "egress")]);
    let mut everyone = gateway("shop/everyone", vec![server(82, &["*"])]);
    everyone.selector.clear();
    let model = with_gateways(vec![gateway("shop/door", vec![server(80, &["*"])]), other, everyone], vec![]);
    let ports = |gateway: GatewayRole| {
        let table = Snapshot::compile(&model, &Viewpoint { gateway, ..ingress() }, None);
        table.listeners().iter().map(|listener| listener.port).collect::<Vec<_>>()
    };
    assert_eq!(ports(GatewayRole::BySelector), [80, 82]);
    assert_eq!(ports(GatewayRole::Named(name("shop/other"))), [81]);
    assert!(ports(GatewayRole::None).is_empty());
}

#[test]
fn there_is_one_listener_for_each_port_with_every_server_of_it() {
    let mut redirecting = server(80, &["a.com", "shop/b.com"]);
    redirecting.redirects_to_https = true;
    let mut raw = server(9000, &["*"]);
    raw.protocol = ServerProtocol::Other;
    let servers = vec![redirecting, raw];
    let table = compile(&with_gateways(
        vec![gateway("shop/a", servers), gateway("shop/b", vec![server(80, &["*.c.com"])])],
        vec![attached(&["shop/a"], "shop/rules", &["*"])],
    ));
    let [plain, raw] = table.listeners() else { panic!("two listeners") };
    let seen: Vec<_> =
        plain.servers.iter().map(|server| (&*server.gateway, server.redirects_to_https)).collect();
    assert_eq!((plain.port, seen), (80, vec![("shop/a", true), ("shop/b", false)]));
    assert_eq!(plain.servers[0].hosts, [pattern("a.com"), pattern("b.com")]);
    assert_eq!((raw.port, raw.servers[0].protocol), (9000, ServerProtocol::Other));
    // Nobody serves requests where something else than HTTP is spoken.
    assert_eq!(outcome_at(&table, 9000, "a.com", "/rules"), "refuse NoRoute");
}

#[test]
fn a_domain_is_the_narrower_of_the_servers_host_and_the_rules() {
    for (of_server, of_rules, hosts, refused) in [
        ("*", "a.com", &["a.com", "A.com:80"][..], &["b.com"][..]),
        ("*.a.com", "*", &["x.a.com"], &["a.com", "b.com"]),
        ("*.a.com", "x.a.com", &["x.a.com"], &["y.a.com"]),
        ("x.a.com", "*.a.com", &["x.a.com"], &["y.a.com"]),
        ("a.com", "b.com", &[], &["a.com", "b.com"]),
        // A wildcard does not cover the name below which it stands.
        ("*.a.com", "a.com", &[], &["a.com", "x.a.com"]),
    ] {
        let gateways = vec![gateway("shop/door", vec![server(80, &[of_server])])];
        let table =
            compile(&with_gateways(gateways, vec![attached(&["shop/door"], "shop/rules", &[of_rules])]));
        for host in hosts {
            assert_eq!(
                outcome_at(&table, 80, host, "/rules"),
                "rules answers",
                "{of_server} {of_rules} {host}"
            );
        }
        for host in refused {
            assert_eq!(
                outcome_at(&table, 80, host, "/rules"),
                "refuse NoRoute",
                "{of_server} {of_rules} {host}"
            );
        }
    }
}

#[test]
fn a_servers_host_may_be_for_the_rules_of_one_namespace() {
    let gateways = vec![gateway("edge/door", vec![server(80, &["shop/a.com", "b.com"])])];
    let foreign = attached(&["edge/door"], "other/foreign", &["a.com", "b.com"]);
    let own = attached(&["edge/door"], "shop/own", &["a.com", "b.com"]);
    let table = compile(&with_gateways(gateways, vec![foreign, own]));
    assert_eq!(outcome_at(&table, 80, "a.com", "/foreign"), "refuse NoRoute");
    assert_eq!(outcome_at(&table, 80, "a.com", "/own"), "own answers");
    assert_eq!(outcome_at(&table, 80, "b.com", "/foreign"), "foreign answers");
}

#[test]
fn rules_must_be_attached_and_exported_to_the_gateway() {
    let gateways =
        vec![gateway("edge/door", vec![server(80, &["*"])]), gateway("edge/back", vec![server(81, &["*"])])];
    let at_back = attached(&["edge/back"], "shop/back", &["a.com"]);
    let mut hidden = attached(&["edge/door"], "shop/hidden", &["a.com"]);
    hidden.export = Export::To(vec!["shop".into()]);
    let in_mesh = virtual_service("shop/mesh", &["a.com"], vec![answer("mesh", vec![])]);
    let table = compile(&with_gateways(gateways, vec![at_back, hidden, in_mesh]));
    for path in ["/back", "/hidden", "/"] {
        assert_eq!(outcome_at(&table, 80, "a.com", path), "refuse NoRoute", "{path}");
    }
    assert_eq!(outcome_at(&table, 81, "a.com", "/back"), "back answers");
}

#[test]
fn rules_of_one_domain_are_merged_in_order_with_those_that_match_everything_last() {
    let gateways = vec![gateway("shop/door", vec![server(80, &["*"])])];
    let mut first = attached(&["shop/door"], "shop/first", &["a.com"]);
    let mut routes = vec![answer("specific", vec![path(exact("/x"))]), answer("everything", vec![])];
    first.routes = routes.drain(..).map(Arc::new).collect();
    let second = attached(&["shop/door"], "shop/second", &["a.com"]);
    let mut third = attached(&["shop/door"], "shop/third", &["a.com"]);
    third.routes = vec![Arc::new(answer("everything too", vec![]))];
    let table = compile(&with_gateways(gateways, vec![first, second, third]));
    let host = table.virtual_hosts().next().expect("a virtual host");
    let names: Vec<_> = host.rules.iter().map(|rule| &*rule.name).collect();
    assert_eq!(names, ["specific", "second", "everything", "everything too"]);
    assert_eq!(host.origins, ["shop/first".into(), "shop/second".into(), "shop/third".into()]);
    assert_eq!(outcome_at(&table, 80, "a.com", "/second"), "second answers");
    assert_eq!(outcome_at(&table, 80, "a.com", "/other"), "everything answers");
}

#[test]
fn a_virtual_service_at_two_gateways_of_one_port_counts_once_and_blocks_may_name_either() {
    let gateways = vec![
        gateway("shop/a", vec![server(80, &["*"])]),
        gateway("shop/b", vec![server(80, &["*"]), server(81, &["*"])]),
    ];
    let mut rules = attached(&["shop/a", "shop/b"], "shop/rules", &["x.com"]);
    let at = |text: &str| {
        let attachments = vec![Attachment::Gateway(name(text))];
        // A block that names gateways says nothing about the client.
        Block { attachments, source_labels: labels(&[("a", "b")]), ..path(exact("/")) }
    };
    rules.routes = vec![Arc::new(answer("a", vec![at("shop/a")])), Arc::new(answer("b", vec![at("shop/b")]))];
    let table = compile(&with_gateways(gateways, vec![rules]));
    let names =
        |host: &mesh_core::table::VirtualHost| host.rules.iter().map(|rule| rule.name.to_string()).collect();
    let names: Vec<Vec<_>> = table.virtual_hosts().map(names).collect();
    assert_eq!(names, [vec!["a", "b"], vec!["b"]]);
}

#[test]
fn the_port_of_a_block_is_settled_by_the_listeners() {
    let gateways = vec![gateway("shop/door", vec![server(80, &["*"]), server(81, &["*"])])];
    let mut rules = attached(&["shop/door"], "shop/rules", &["x.com"]);
    let at = |port| vec![Block { port: Some(port), ..Block::default() }];
    rules.routes = vec![Arc::new(answer("80", at(80))), Arc::new(answer("81", at(81)))];
    let later = attached(&["shop/door"], "shop/later", &["x.com"]);
    let table = compile(&with_gateways(gateways, vec![rules, later]));
    for port in [80, 81] {
        assert_eq!(outcome_at(&table, port, "x.com", "/"), format!("{port} answers"));
        assert_eq!(outcome_at(&table, port, "x.com", "/later"), "later answers");
    }
}

#[test]
fn a_gateway_forwards_into_the_mesh_but_has_no_virtual_hosts_of_it() {
    let gateways = vec![gateway("shop/door", vec![server(80, &["*"])])];
    let mut rules = attached(&["shop/door"], "shop/rules", &["x.com"]);
    rules.routes = vec![Arc::new(forward("r", vec![], vec![to(&full("product.shop"), 0)]))];
    let table = compile(&with_gateways(gateways, vec![rules]));
    assert_eq!(outcome_at(&table, 80, "x.com", "/"), "r -> outbound|80||product.shop.svc.cluster.local");
    assert_eq!(outcome_at(&table, 80, "product.shop.svc.cluster.local", "/"), "refuse NoRoute");
    assert_eq!(outcome_at(&table, 81, "x.com", "/"), "refuse NoRoute");
    assert_eq!(outcome(&table, &get("http://product.shop.svc.cluster.local/")), "refuse NoRoute");
    assert_eq!(outcome(&table, &get("http://x.com/")), "refuse NoRoute");
}
