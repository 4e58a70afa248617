//! ExternalName services: further names of other services.

use super::*;

fn alias(name: &str, of: &str, ports: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, \
         spec: {{type: ExternalName, externalName: {of}, ports: {ports}}}}}\n"
    )
}

#[test]
fn an_alias_leads_to_the_service_it_names_on_that_services_ports() {
    let text = [
        service("mail.office", "[{port: 80, name: http}, {port: 90, name: http-admin}]"),
        alias("post", "mail.office.svc.cluster.local", "[]"),
        alias("letters", "post.shop.svc.cluster.local", "[]"),
    ]
    .concat();
    let table = table(&text);
    for (url, expected) in [
        ("http://post/", "outbound|80||mail.office.svc.cluster.local"),
        ("http://letters:90/", "outbound|90||mail.office.svc.cluster.local"),
        ("http://post:91/", "pass"),
    ] {
        assert_eq!(goes(&table, url), expected, "{url}");
    }
}

#[test]
fn rules_of_an_alias_are_its_own_and_not_those_of_its_service() {
    let text = [
        plain("mail.office"),
        alias("post", "mail.office.svc.cluster.local", "[]"),
        alias("letters", "mail.office.svc.cluster.local", "[]"),
        answering("shop/of-alias", "[post]"),
        answering("shop/of-service", "[mail.office.svc.cluster.local]"),
    ]
    .concat();
    let table = table(&text);
    assert_eq!(goes(&table, "http://post/"), "shop-of-alias answers");
    assert_eq!(goes(&table, "http://mail.office/"), "shop-of-service answers");
    assert_eq!(goes(&table, "http://letters/"), "outbound|80||mail.office.svc.cluster.local");
}

#[test]
fn a_destination_may_be_an_alias_with_subsets_of_its_own() {
    let instance = |number: u8, version: &str| {
        istio(
            "WorkloadEntry",
            &format!("office/e{number}"),
            &format!("{{address: 10.0.0.{number}, labels: {{app: mail, version: {version}}}}}"),
        )
    };
    let text = [
        plain("mail.office"),
        instance(1, "v1"),
        instance(2, "v2"),
        alias("post", "mail.office.svc.cluster.local", "[]"),
        istio("DestinationRule", "shop/post", "{host: post, subsets: [{name: new, labels: {version: v2}}]}"),
        istio(
            "VirtualService",
            "shop/a",
            "{hosts: [a.example], http: [{route: [{destination: {host: post, subset: new}}]}]}",
        ),
    ]
    .concat();
    let table = table(&text);
    let expected = "outbound|80|new|mail.office.svc.cluster.local";
    assert_eq!(goes(&table, "http://a.example/"), expected);
    assert_eq!(endpoints(&table, expected), ["10.0.0.2:80"]);
}

#[test]
fn an_alias_of_a_name_that_is_no_service_leads_to_that_name() {
    let text = [
        alias("search", "www.example.com", "[]"),
        alias("own", "www.example.org", "[{port: 8080, name: http}]"),
    ]
    .concat();
    let table = table(&text);
    assert_eq!(goes(&table, "http://search/"), "outbound|80||search.shop.svc.cluster.local");
    assert_eq!(endpoints(&table, "outbound|80||search.shop.svc.cluster.local"), ["www.example.com:80"]);
    assert_eq!(endpoints(&table, "outbound|8080||own.shop.svc.cluster.local"), ["www.example.org:8080"]);
}

#[test]
fn aliases_that_lead_to_one_another_lead_nowhere_else() {
    let text = [
        alias("a", "b.shop.svc.cluster.local", "[{port: 80, name: http}]"),
        alias("b", "a.shop.svc.cluster.local", "[{port: 80, name: http}]"),
    ]
    .concat();
    assert_eq!(
        endpoints(&table(&text), "outbound|80||a.shop.svc.cluster.local"),
        ["b.shop.svc.cluster.local:80"]
    );
}
