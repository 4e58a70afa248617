//! Where rules forward to: weights, ports, header changes, and what is missing.

use crate::build::*;
use http::{HeaderName, HeaderValue};
use mesh_core::{
    model::{Destination, Edit, Export, HeaderEdits, Port, Protocol},
    table::{Backend, Decision, RequestView, Snapshot},
};

const HOST: &str = "product.shop.svc.cluster.local";

fn forwarding(destinations: Vec<Destination>) -> Snapshot {
    let hosts = [HOST, &full("stock.shop")];
    let rules = virtual_service("shop/rules", &hosts, vec![forward("r", vec![], destinations)]);
    let with_ports = |name: &str, ports: [u16; 2]| {
        let mut service = service(name);
        service.ports = ports.iter().map(|number| port(*number, &format!("http-{number}"), 8080)).collect();
        service
    };
    let services = vec![
        service("product.shop"),
        with_ports("review.shop", [80, 90]),
        with_ports("stock.shop", [90, 91]),
    ];
    let rule = subset_rule("shop/rule", HOST, &["v1", "v2", "v3"]);
    table(&model(services, vec![rules], vec![rule]))
}

/// How many of the rolls of a grid fall on each subset, in the order of the subsets' names.
fn spread(table: &Snapshot, rolls: u32) -> Vec<(String, u32)> {
    let request = get("http://product/");
    let view = RequestView::outbound(&request);
    let mut counts = std::collections::BTreeMap::new();
    for step in 0..rolls {
        let roll =
            u32::try_from(u64::from(step) * u64::from(u32::MAX) / u64::from(rolls - 1)).expect("a roll");
        *counts.entry(in_words(table, &view, roll)).or_default() += 1;
    }
    counts.into_iter().collect()
}

fn backend<'a>(table: &'a Snapshot, name: &str) -> &'a Backend {
    table.backends().find(|backend| backend.name.to_string() == name).expect("the backend")
}

#[test]
fn weights_of_100_and_0_are_exact() {
    for (weights, subset) in [([100, 0], "v1"), ([0, 100], "v2"), ([1, 0], "v1")] {
        let table =
            forwarding(vec![to(&format!("{HOST}|v1"), weights[0]), to(&format!("{HOST}|v2"), weights[1])]);
        assert_eq!(spread(&table, 1001), [(format!("r -> outbound|80|{subset}|{HOST}"), 1001)]);
    }
}

#[test]
fn three_weights_share_the_rolls_by_their_sum() {
    let weights = [("v1", 1), ("v2", 2), ("v3", 5)];
    let table =
        forwarding(weights.iter().map(|(subset, weight)| to(&format!("{HOST}|{subset}"), *weight)).collect());
    let counts = spread(&table, 8000);
    for ((subset, weight), (name, count)) in weights.iter().zip(&counts) {
        assert_eq!(*name, format!("r -> outbound|80|{subset}|{HOST}"));
        assert!(count.abs_diff(weight * 1000) <= 1, "{subset}: {count}");
    }
}

#[test]
fn the_largest_weights_do_not_overflow() {
    let table = forwarding(vec![to(&format!("{HOST}|v1"), u32::MAX), to(&format!("{HOST}|v2"), u32::MAX)]);
    let counts: Vec<_> = spread(&table, 1000).into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, [500, 500]);
}

#[test]
fn a_lone_destination_gets_everything_whatever_its_weight() {
    for weight in [0, 1, 100] {
        let table = forwarding(vec![to(HOST, weight)]);
        assert_eq!(spread(&table, 11), [(format!("r -> outbound|80||{HOST}"), 11)]);
        let host = table.virtual_hosts().next().expect("a virtual host");
        assert_eq!((host.rules[0].targets[0].weight, host.rules[0].total_weight), (100, 100));
    }
}

#[test]
fn a_port_is_the_one_named_else_the_only_one_else_the_requests() {
    let review = "review.shop.svc.cluster.local";
    for (destination, url, expected) in [
        (HOST, "http://stock:91/", format!("r -> outbound|80||{HOST}")),
        (review, "http://product/", format!("r -> outbound|80||{review}")),
        (review, "http://stock:90/", format!("r -> outbound|90||{review}")),
        (review, "http://stock:91/", "refuse Missing(Port)".to_owned()),
        ("review.shop.svc.cluster.local||90", "http://product/", format!("r -> outbound|90||{review}")),
        ("review.shop.svc.cluster.local||91", "http://product/", "refuse Missing(Port)".to_owned()),
        // A name that is valid everywhere leads to the same backend.
        ("review.shop||90", "http://product/", format!("r -> outbound|90||{review}")),
    ] {
        assert_eq!(
            outcome(&forwarding(vec![to(destination, 0)]), &get(url)),
            expected,
            "{destination} {url}"
        );
    }
}

#[test]
fn a_service_without_rules_is_reached_at_the_port_of_the_request_alone() {
    let table = table(&model(vec![service("product.shop")], vec![], vec![]));
    assert_eq!(outcome(&table, &get("http://product/")), format!("default -> outbound|80||{HOST}"));
    assert_eq!(outcome(&table, &get("http://product:81/")), "pass");
}

#[test]
fn a_destination_that_is_not_there_is_refused_when_it_is_chosen() {
    for (destination, missing) in [
        ("nowhere.shop.svc.cluster.local", "Service"),
        ("product.shop.svc.cluster.local|v9", "Subset"),
        ("product.shop.svc.cluster.local|v1|81", "Port"),
    ] {
        let table = forwarding(vec![to(destination, 50), to(HOST, 50)]);
        let expected =
            [(format!("r -> outbound|80||{HOST}"), 50), (format!("refuse Missing({missing})"), 50)];
        assert_eq!(spread(&table, 100), expected);
    }
}

#[test]
fn a_destination_that_is_not_exported_to_the_client_is_not_there() {
    let mut hidden = service("stock.other");
    hidden.export = Export::To(vec!["other".into()]);
    let routes = vec![forward("r", vec![], vec![to(&full("stock.other"), 0)])];
    let rules = virtual_service("shop/rules", &["a.example.com"], routes);
    let table = table(&model(vec![hidden], vec![rules], vec![]));
    assert_eq!(outcome(&table, &get("http://a.example.com/")), "refuse Missing(Service)");
}

#[test]
fn endpoints_listen_on_the_port_of_that_name_else_on_the_target() {
    let raw = Port { protocol: Protocol::Opaque, ..port(90, "raw", 9090) };
    let mut product = service("product.shop");
    product.ports = vec![port(80, "http", 8080), raw];
    let mut endpoints = product.endpoints.to_vec();
    endpoints[0].ports.insert("http".into(), 7070);
    endpoints[1].weight = 0;
    product.endpoints = endpoints.into();
    let table = table(&model(vec![product], vec![], vec![]));
    let seen = |name: &str| {
        let endpoints = backend(&table, name).endpoints.iter();
        endpoints
            .map(|endpoint| format!("{}:{} {}", endpoint.address, endpoint.port, endpoint.weight))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&format!("outbound|80||{HOST}")), ["10.0.0.1:7070 1", "10.0.0.2:8080 1"]);
    assert_eq!(seen(&format!("outbound|90||{HOST}")), ["10.0.0.1:9090 1", "10.0.0.2:9090 1"]);
    // Whoever asks for HTTP on a port that does not say so gets it.
    assert_eq!(backend(&table, &format!("outbound|90||{HOST}")).protocol, Protocol::Opaque);
    assert_eq!(outcome(&table, &get("http://product:90/")), format!("default -> outbound|90||{HOST}"));
}

fn sets(value: &'static str) -> HeaderEdits {
    HeaderEdits::new(vec![Edit::Set(HeaderName::from_static("x-a"), HeaderValue::from_static(value))])
}

fn edited(count: usize) -> (HeaderValue, HeaderValue) {
    let destination = || Destination {
        request_headers: sets("destination"),
        response_headers: sets("destination"),
        ..to(HOST, 1)
    };
    let mut route = forward("r", vec![], (0..count).map(|_| destination()).collect());
    route.request_headers = sets("route");
    route.response_headers = sets("route");
    let rules = virtual_service("shop/rules", &[HOST], vec![route]);
    let table = table(&model(vec![service("product.shop")], vec![rules], vec![]));
    let request = get("http://product/");
    let Decision::Forward(chosen) = table.decide(&RequestView::outbound(&request), 0) else {
        panic!("forwarded")
    };
    let target = table.target(chosen).expect("a target");
    let applied = |edits: &HeaderEdits| {
        let mut headers = http::HeaderMap::new();
        edits.apply(&mut headers);
        headers["x-a"].clone()
    };
    (applied(&target.request_headers), applied(&target.response_headers))
}

#[test]
fn a_lone_destinations_headers_win_over_the_rules_and_those_of_several_lose() {
    assert_eq!(edited(1), (HeaderValue::from_static("destination"), HeaderValue::from_static("destination")));
    assert_eq!(edited(2), (HeaderValue::from_static("route"), HeaderValue::from_static("route")));
}
