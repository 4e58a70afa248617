//! Which virtual host a request belongs to, in the mesh.

use crate::build::*;
use http::Request;
use mesh_core::{
    model::{Export, Model, UnknownHosts},
    table::{Generation, Snapshot},
};

const PRODUCT: &str = "product.shop.svc.cluster.local";

fn went_to(name: &str) -> String {
    format!("default -> outbound|80||{}", full(name))
}

#[test]
fn a_service_without_rules_is_forwarded_to_under_each_of_its_names() {
    let table = table(&model(vec![service("product.shop")], vec![], vec![]));
    for name in
        ["product", "product.shop", "product.shop.svc", PRODUCT, "Product:80", "product.", "PRODUCT.shop:80"]
    {
        assert_eq!(outcome(&table, &get(&format!("http://{name}/"))), went_to("product.shop"), "{name}");
    }
}

#[test]
fn a_short_name_means_the_service_of_ones_own_namespace() {
    let model = model(vec![service("product.other"), service("product.shop")], vec![], vec![]);
    let request = get("http://product/");
    for namespace in ["shop", "other"] {
        let table = Snapshot::compile(&model, &from(namespace), None);
        assert_eq!(outcome(&table, &request), went_to(&format!("product.{namespace}")));
        assert_eq!(outcome(&table, &get("http://product.other/")), went_to("product.other"));
    }
    assert_eq!(outcome(&Snapshot::compile(&model, &from("elsewhere"), None), &request), "pass");
}

#[test]
fn of_two_services_with_one_name_that_of_ones_own_namespace_wins_then_the_first() {
    let mut theirs = service("product.other");
    theirs.host = host("api.example.com");
    let mut ours = service("product.shop");
    ours.host = host("api.example.com");
    ours.ports[0].target = 9090;
    let model = model(vec![theirs, ours], vec![], vec![]);
    for (namespace, port) in [("shop", 9090), ("elsewhere", 8080)] {
        let table = Snapshot::compile(&model, &from(namespace), None);
        let backend = table.backends().next().expect("a backend");
        assert_eq!((backend.endpoints[0].port, table.backends().count()), (port, 1), "{namespace}");
    }
}

#[test]
fn a_full_name_is_worth_more_than_a_further_name_of_another_service() {
    let mut greedy = service("greedy.shop");
    greedy.aliases.push(host("api.example.com"));
    let mut api = service("api.other");
    api.host = host("api.example.com");
    let table = table(&model(vec![greedy, api], vec![], vec![]));
    assert_eq!(outcome(&table, &get("http://api.example.com/")), "default -> outbound|80||api.example.com");
}

#[test]
fn what_is_not_exported_to_a_namespace_is_not_there() {
    let mut hidden = service("product.other");
    hidden.export = Export::To(vec!["other".into()]);
    let mut rules = virtual_service("other/rules", &[PRODUCT], vec![answer("rules", vec![])]);
    rules.export = Export::To(vec!["other".into()]);
    let model = model(vec![hidden, service("product.shop")], vec![rules], vec![]);
    assert_eq!(outcome(&table(&model), &get("http://product.other/")), "pass");
    assert_eq!(outcome(&table(&model), &get("http://product/")), went_to("product.shop"));
    let other = Snapshot::compile(&model, &from("other"), None);
    assert_eq!(outcome(&other, &get("http://product.other/")), went_to("product.other"));
    assert_eq!(outcome(&other, &get("http://product.shop/")), "rules answers");
}

#[test]
fn unknown_hosts_pass_or_are_refused_and_no_host_is_no_route() {
    let known = model(vec![service("product.shop")], vec![], vec![]);
    let strict = Model { unknown_hosts: UnknownHosts::Refuse, ..known.clone() };
    let request = get("http://nowhere/");
    assert_eq!(outcome(&table(&known), &request), "pass");
    assert_eq!(outcome(&table(&strict), &request), "refuse UnknownHost");
    let hostless = Request::get("/").body(()).unwrap();
    assert_eq!(outcome(&table(&known), &hostless), "refuse NoRoute");
}

#[test]
fn an_exact_host_beats_a_longer_wildcard_which_beats_a_shorter_one() {
    let rules = |name: &str, host: &str| {
        virtual_service(&format!("shop/{name}"), &[host], vec![answer(name, vec![])])
    };
    let virtual_services = vec![
        rules("short", "*.cluster.local"),
        rules("long", "*.shop.svc.cluster.local"),
        rules("exact", PRODUCT),
        rules("web", "*.example.com"),
    ];
    let services = vec![service("product.shop"), service("review.shop"), service("stock.other")];
    let table = table(&model(services, virtual_services, vec![]));
    for (host, rule) in
        [("product", "exact"), ("review", "long"), ("stock.other", "short"), ("a.b.example.com", "web")]
    {
        assert_eq!(outcome(&table, &get(&format!("http://{host}/"))), format!("{rule} answers"), "{host}");
    }
    // A wildcard that covers services is for those alone.
    for host in ["nothing.shop.svc.cluster.local", "nothing.other.svc.cluster.local"] {
        assert_eq!(outcome(&table, &get(&format!("http://{host}/"))), "pass", "{host}");
    }
    assert_eq!(outcome(&table, &get("http://example.com/")), "pass");
}

#[test]
fn the_oldest_virtual_service_owns_a_host_and_later_ones_are_ignored_entirely() {
    let oldest =
        virtual_service("shop/a", &[PRODUCT, "api.example.com"], vec![answer("a", vec![path(prefix("/a"))])]);
    let later =
        virtual_service("shop/b", &["api.example.com", PRODUCT, "b.example.com"], vec![answer("b", vec![])]);
    let table = table(&model(vec![service("product.shop")], vec![oldest, later], vec![]));
    for (url, expected) in [
        ("http://product/a", "a answers"),
        ("http://product/b", "refuse NoRoute"),
        ("http://api.example.com/a", "a answers"),
        ("http://api.example.com/b", "refuse NoRoute"),
        ("http://b.example.com/b", "b answers"),
    ] {
        assert_eq!(outcome(&table, &get(url)), expected, "{url}");
    }
}

#[test]
fn a_host_that_somebody_wrote_beats_a_further_name_of_a_service() {
    let written = virtual_service("shop/a", &["product.shop"], vec![answer("written", vec![])]);
    let table = table(&model(vec![service("product.shop")], vec![written], vec![]));
    assert_eq!(outcome(&table, &get("http://product.shop/")), "written answers");
    assert_eq!(outcome(&table, &get("http://product/")), went_to("product.shop"));
}

#[test]
fn a_virtual_service_for_gateways_alone_does_not_count_in_the_mesh() {
    let mut outside = virtual_service("shop/a", &[PRODUCT], vec![answer("outside", vec![])]);
    outside.attachments.clear();
    let table = table(&model(vec![service("product.shop")], vec![outside], vec![]));
    assert_eq!(outcome(&table, &get("http://product/")), went_to("product.shop"));
}

#[test]
fn the_empty_table_knows_nobody_and_is_generation_0() {
    let empty = Snapshot::empty();
    assert_eq!(empty.generation(), Generation(0));
    assert_eq!(outcome(&empty, &get("http://product/")), "pass");
    let model = Model { digest: 7, ..Model::default() };
    let next = Snapshot::compile(&model, &from("shop"), Some(&empty));
    assert_eq!((next.generation(), next.digest()), (Generation(1), 7));
}
