//! Which rules a VirtualService comes to.

use crate::build::*;
use mesh_core::{
    model::{Attachment, Block, Conditions, GatewayName, Route},
    table::{Snapshot, Viewpoint},
};

const HOST: &str = "product.shop.svc.cluster.local";

fn compile(routes: Vec<Route>, viewpoint: &Viewpoint) -> Snapshot {
    let rules = virtual_service("shop/rules", &[HOST], routes);
    Snapshot::compile(&model(vec![service("product.shop")], vec![rules], vec![]), viewpoint, None)
}

fn names(table: &Snapshot) -> Vec<String> {
    let hosts = table.virtual_hosts();
    hosts.flat_map(|host| host.rules.iter()).map(|rule| rule.name.to_string()).collect()
}

#[test]
fn each_block_becomes_a_rule_in_order_named_after_route_and_block() {
    let named = |name: &str, block: Block| Block { name: name.into(), ..block };
    let routes = vec![
        answer("a", vec![named("x", path(exact("/x"))), path(exact("/y"))]),
        answer("", vec![named("z", path(exact("/z"))), path(exact("/0"))]),
    ];
    let table = compile(routes, &from("shop"));
    assert_eq!(names(&table), ["a.x", "a", "z", ""]);
    assert_eq!(outcome(&table, &get("http://product/y")), "a answers");
}

#[test]
fn nothing_follows_the_first_rule_that_matches_everything() {
    for everything in [vec![], vec![path(prefix("/"))], vec![path(regex(".*"))], vec![Block::default()]] {
        let routes = vec![
            answer("first", vec![path(exact("/first"))]),
            answer("everything", everything),
            answer("unreachable", vec![path(exact("/unreachable"))]),
        ];
        assert_eq!(names(&compile(routes, &from("shop"))), ["first", "everything"]);
    }
}

#[test]
fn a_rule_for_one_port_does_not_match_everything() {
    let routes =
        vec![answer("port", vec![Block { port: Some(8080), ..Block::default() }]), answer("rest", vec![])];
    let rules = virtual_service("shop/rules", &[HOST], routes);
    let mut product = service("product.shop");
    product.ports.push(port(8080, "http-alt", 8080));
    let table = table(&model(vec![product], vec![rules], vec![]));
    assert_eq!(names(&table), ["port", "rest"]);
    assert_eq!(outcome(&table, &get("http://product:8080/")), "port answers");
    assert_eq!(outcome(&table, &get("http://product/")), "rest answers");
}

#[test]
fn blocks_for_other_clients_are_left_out() {
    let testers = Block { source_labels: labels(&[("group", "test")]), ..Block::default() };
    let neighbours = Block { source_namespace: Some("other".into()), ..Block::default() };
    let routes = vec![
        answer("testers", vec![testers]),
        answer("neighbours", vec![neighbours]),
        answer("rest", vec![]),
    ];
    let tester = Viewpoint { labels: labels(&[("group", "test"), ("app", "a")]), ..from("shop") };
    for (viewpoint, expected) in
        [(&tester, &["testers"][..]), (&from("other"), &["neighbours"]), (&from("shop"), &["rest"])]
    {
        assert_eq!(names(&compile(routes.clone(), viewpoint)), expected);
    }
}

#[test]
fn blocks_for_other_places_are_left_out_and_named_places_do_not_look_at_the_client() {
    let door = Attachment::Gateway(GatewayName { namespace: "shop".into(), name: "door".into() });
    let at = |attachments| Block { attachments, source_namespace: Some("other".into()), ..Block::default() };
    let routes = vec![
        answer("door", vec![at(vec![door.clone()])]),
        answer("both", vec![at(vec![door, Attachment::Mesh])]),
    ];
    assert_eq!(names(&compile(routes, &from("shop"))), ["both"]);
}

#[test]
fn a_virtual_service_without_a_rule_for_this_client_is_as_good_as_not_there() {
    let nobody = Block { source_namespace: Some("other".into()), ..Block::default() };
    let table = compile(vec![answer("a", vec![nobody])], &from("shop"));
    assert_eq!(outcome(&table, &get("http://product/")), format!("default -> outbound|80||{HOST}"));
}

#[test]
fn conditions_within_a_block_must_all_hold_and_one_block_is_enough() {
    let both = Conditions {
        method: Some(exact("GET")),
        headers: vec![header("x-group", exact("test"))],
        ..Conditions::default()
    };
    let table = compile(vec![answer("a", vec![when(both), path(exact("/open"))])], &from("shop"));
    let mut request = get("http://product/");
    assert_eq!(outcome(&table, &request), "refuse NoRoute");
    request.headers_mut().insert("x-group", http::HeaderValue::from_static("test"));
    assert_eq!(outcome(&table, &request), "a answers");
    *request.method_mut() = http::Method::POST;
    assert_eq!(outcome(&table, &request), "refuse NoRoute");
    assert_eq!(outcome(&table, &get("http://product/open?x")), "a answers");
}
