//! Which DestinationRule a client goes by.

use crate::build::*;
use mesh_core::{
    model::{Export, SubsetRule},
    table::{Snapshot, Viewpoint},
};

const HOST: &str = "product.other.svc.cluster.local";

/// Which of the subsets `names` a client finds at a service of namespace `other`.
fn seen_by(viewpoint: &Viewpoint, rules: &[SubsetRule], names: &[&str]) -> Vec<String> {
    let routes = names.iter().map(|name| {
        let destination = to(&format!("{HOST}|{name}"), 0);
        forward(name, vec![path(exact(&format!("/{name}")))], vec![destination])
    });
    let rules_of_product = virtual_service("other/rules", &[HOST], routes.collect());
    let model = model(vec![service("product.other")], vec![rules_of_product], rules.to_vec());
    let table = Snapshot::compile(&model, viewpoint, None);
    let found = |name: &&&str| outcome(&table, &get(&format!("http://{HOST}/{name}"))).contains("->");
    names.iter().filter(found).map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_clients_namespace_comes_before_the_services_and_that_before_the_root() {
    let own = subset_rule("shop/rule", HOST, &["own"]);
    let theirs = subset_rule("other/rule", HOST, &["theirs"]);
    let root = subset_rule("istio-system/rule", HOST, &["root"]);
    let elsewhere = subset_rule("elsewhere/rule", HOST, &["elsewhere"]);
    let all = ["own", "theirs", "root", "elsewhere"];
    for (rules, expected) in [
        (&[elsewhere.clone(), root.clone(), theirs.clone(), own][..], &["own"][..]),
        (&[elsewhere.clone(), root.clone(), theirs.clone()], &["theirs"]),
        (&[elsewhere.clone(), root.clone()], &["root"]),
        (&[elsewhere], &[]),
    ] {
        assert_eq!(seen_by(&from("shop"), rules, &all), expected);
    }
    // For a client in the root namespace its own rules are the last resort too.
    assert_eq!(seen_by(&from("istio-system"), &[root, theirs], &all), ["theirs"]);
}

#[test]
fn a_rule_that_is_not_exported_to_the_client_is_passed_over() {
    let private = SubsetRule {
        export: Export::To(vec!["other".into()]),
        ..subset_rule("other/rule", HOST, &["private"])
    };
    let root = subset_rule("istio-system/rule", HOST, &["root"]);
    let rules = [private, root];
    assert_eq!(seen_by(&from("shop"), &rules, &["private", "root"]), ["root"]);
    assert_eq!(seen_by(&from("other"), &rules, &["private", "root"]), ["private"]);
}

#[test]
fn within_a_namespace_the_most_specific_host_wins() {
    let any = subset_rule("shop/any", "*", &["any"]);
    let short = subset_rule("shop/short", "*.cluster.local", &["short"]);
    let long = subset_rule("shop/long", "*.other.svc.cluster.local", &["long"]);
    let exact = subset_rule("shop/exact", HOST, &["exact"]);
    let mut rules = vec![any, short, long, exact];
    for expected in ["exact", "long", "short", "any"] {
        assert_eq!(seen_by(&from("shop"), &rules, &["any", "short", "long", "exact"]), [expected]);
        rules.pop();
    }
}

#[test]
fn rules_of_the_same_namespace_and_host_are_united_and_the_first_of_a_name_wins() {
    let first = subset_rule("shop/first", HOST, &["v1"]);
    let mut second = subset_rule("shop/second", HOST, &["v1", "v2"]);
    second.subsets[0].labels = labels(&[("version", "v2")]);
    let rules = [first, second];
    assert_eq!(seen_by(&from("shop"), &rules, &["v1", "v2", "v3"]), ["v1", "v2"]);

    let routes = vec![forward("r", vec![], vec![to(&format!("{HOST}|v1"), 0)])];
    let rules_of_product = virtual_service("shop/rules", &[HOST], routes);
    let table = table(&model(vec![service("product.other")], vec![rules_of_product], rules.to_vec()));
    let backend = table.backends().next().expect("a backend");
    let addresses: Vec<_> = backend.endpoints.iter().map(|endpoint| endpoint.address.to_string()).collect();
    assert_eq!(addresses, ["10.0.0.1"]);
}

#[test]
fn a_rule_for_certain_clients_comes_first_for_those_and_is_nothing_to_others() {
    let everyone = subset_rule("shop/everyone", HOST, &["everyone"]);
    let mut testers = subset_rule("shop/testers", HOST, &["testers"]);
    testers.clients = Some(labels(&[("group", "test")]));
    let mut strangers = subset_rule("other/strangers", HOST, &["strangers"]);
    strangers.clients = testers.clients.clone();
    let rules = [everyone, testers, strangers];
    let all = ["everyone", "testers", "strangers"];
    let tester = Viewpoint { labels: labels(&[("group", "test")]), ..from("shop") };
    assert_eq!(seen_by(&tester, &rules, &all), ["testers"]);
    assert_eq!(seen_by(&from("shop"), &rules, &all), ["everyone"]);
    // A rule for certain clients means those of its own namespace.
    assert_eq!(seen_by(&tester, &rules[2..], &all), [""; 0]);
}

#[test]
fn a_subset_without_labels_has_every_endpoint_and_one_that_nobody_carries_has_none() {
    let mut rule = subset_rule("shop/rule", HOST, &["all", "v9"]);
    rule.subsets[0].labels.clear();
    let destinations = vec![to(&format!("{HOST}|all"), 1), to(&format!("{HOST}|v9"), 1)];
    let rules = virtual_service("shop/rules", &[HOST], vec![forward("r", vec![], destinations)]);
    let table = table(&model(vec![service("product.other")], vec![rules], vec![rule]));
    let counts: Vec<_> = table.backends().map(|backend| backend.endpoints.len()).collect();
    assert_eq!(counts, [2, 0]);
}
