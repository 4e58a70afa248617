//! What is said in Istio's words.

use super::convert;
use crate::documents::{is_kind, name, take};
use serde_json::{Value, json};

fn service(name: &str, namespace: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    })
}

fn gateway(listeners: Value) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": "door", "namespace": "default"}, "spec": {"listeners": listeners},
    })
}

fn plain(name: &str, hostname: Value) -> Value {
    json!({"name": name, "port": 80, "protocol": "HTTP", "hostname": hostname})
}

fn route(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "default"}, "spec": spec,
    })
}

/// A route at the Gateway's door with these rules.
fn at_door(rules: Value) -> Value {
    route("route", json!({"parentRefs": [{"name": "door"}], "rules": rules}))
}

fn to(name: &str) -> Value {
    json!([{"name": name, "port": 80}])
}

/// The VirtualServices of documents that the mesh accepts all.
fn virtual_services(documents: &[Value]) -> Vec<Value> {
    let converted = convert(documents).unwrap();
    let status = take(&converted).1;
    assert!(status.faults.iter().all(|fault| !fault.is_refusal()), "{:?}", status.faults);
    converted
        .into_iter()
        .filter(|document| is_kind(document, "networking.istio.io", "VirtualService"))
        .collect()
}

/// The rules of the one VirtualService that a route at the door becomes.
fn rules(rules: Value) -> Vec<Value> {
    let documents = [
        gateway(json!([plain("http", Value::Null)])),
        at_door(rules),
        service("a", "default"),
        service("b", "default"),
    ];
    let services = virtual_services(&documents);
    let [one] = &services[..] else { panic!("{services:?}") };
    one["spec"]["http"].as_array().unwrap().clone()
}

fn refused(rule: Value) -> String {
    let documents =
        [gateway(json!([plain("http", Value::Null)])), at_door(json!([rule])), service("a", "default")];
    convert(&documents).unwrap_err()
}

fn uris(rules: &[Value]) -> Vec<Value> {
    rules.iter().map(|rule| rule["match"][0]["uri"].clone()).collect()
}

#[test]
fn a_prefix_is_one_of_whole_segments() {
    let path = |value: &str| json!([{"path": {"type": "PathPrefix", "value": value}}]);
    let rules = rules(json!([
        {"matches": path("/a/b/"), "backendRefs": to("a")},
        {"matches": path("/"), "backendRefs": to("b")},
    ]));
    assert_eq!(uris(&rules), [json!({"exact": "/a/b"}), json!({"prefix": "/a/b/"}), json!({"prefix": "/"})]);
}

#[test]
fn rules_come_in_the_order_of_the_gateway_api() {
    let rule = |name: &str, asked: Value| json!({"name": name, "matches": [asked], "backendRefs": to("a")});
    let path = |kind: &str, value: &str| json!({"type": kind, "value": value});
    let header = |name: &str| json!({"name": name, "value": "1"});
    let rules = rules(json!([
        rule("everything", json!({})),
        rule("query", json!({"queryParams": [header("q")]})),
        rule("header", json!({"headers": [header("x")]})),
        rule("headers", json!({"headers": [header("x"), header("y")]})),
        rule("method", json!({"method": "GET"})),
        rule("short", json!({"path": path("PathPrefix", "/a")})),
        rule("long", json!({"path": path("PathPrefix", "/aa")})),
        rule("exact", json!({"path": path("Exact", "/a")})),
        rule("last", json!({})),
    ]));
    let mut names: Vec<_> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    names.dedup();
    let expected = ["exact", "long", "short", "method", "headers", "header", "query", "everything", "last"];
    assert_eq!(names, expected);
}

#[test]
fn a_replaced_prefix_keeps_what_follows_it() {
    let path = json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new/"});
    let asked = json!([{"path": {"type": "PathPrefix", "value": "/old"}}]);
    let rewrite = json!([{"type": "URLRewrite", "urlRewrite": {"hostname": "h", "path": path}}]);
    let rules_of =
        |filters: &Value| rules(json!([{"matches": asked, "filters": filters, "backendRefs": to("a")}]));
    let rewrites: Vec<_> = rules_of(&rewrite).iter().map(|rule| rule["rewrite"].clone()).collect();
    assert_eq!(
        rewrites,
        [json!({"authority": "h", "uri": "/new"}), json!({"authority": "h", "uri": "/new/"})]
    );
    let redirect = json!([{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "path": path}}]);
    let redirects = rules_of(&redirect);
    assert_eq!(redirects[0]["redirect"]["uri"], "/new");
    assert_eq!(redirects[1]["redirect"]["prefixRewrite"], "/new/");
    assert_eq!(redirects[1]["redirect"]["derivePort"], "FROM_PROTOCOL_DEFAULT");
    assert_eq!(redirects[1]["redirect"]["redirectCode"], 302);
}

#[test]
fn filters_of_a_rule_and_of_its_backends_change_headers() {
    let set = |name: &str| json!([{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": name, "value": "1"}]}}]);
    let backends =
        json!([{"name": "a", "port": 80, "weight": 3, "filters": set("X-A")}, {"name": "b", "port": 80}]);
    let rules = rules(json!([{"filters": set("X-All"), "backendRefs": backends}]));
    assert_eq!(rules[0]["headers"], json!({"request": {"set": {"x-all": "1"}}}));
    assert_eq!(rules[0]["route"][0]["headers"], json!({"request": {"set": {"x-a": "1"}}}));
    assert_eq!((&rules[0]["route"][0]["weight"], &rules[0]["route"][1]["weight"]), (&json!(3), &json!(1)));
}

#[test]
fn the_shorter_of_two_times_is_that_of_the_request() {
    let timeout = |timeouts: Value| {
        rules(json!([{"timeouts": timeouts, "backendRefs": to("a")}]))[0]["timeout"].clone()
    };
    assert_eq!(timeout(json!({"request": "1s", "backendRequest": "500ms"})), "500ms");
    assert_eq!(timeout(json!({"request": "0s", "backendRequest": "2s"})), "2s");
    assert_eq!(timeout(json!({"request": "0s"})), Value::Null);
}

#[test]
fn a_route_is_at_the_listeners_it_names_for_the_hosts_they_share() {
    let listeners = json!([plain("all", Value::Null), plain("wild", json!("*.example.com"))]);
    let parents = json!([{"name": "door", "sectionName": "wild"}]);
    let spec = |hosts: Value| json!({"parentRefs": parents, "hostnames": hosts, "rules": [{"backendRefs": to("a")}]});
    let hosts = |hosts: Value| {
        let documents = [gateway(listeners.clone()), route("route", spec(hosts)), service("a", "default")];
        let services = virtual_services(&documents);
        services.iter().map(|service| service["spec"]["hosts"][0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(hosts(json!([])), ["*.example.com"]);
    assert_eq!(hosts(json!(["a.example.com", "other.com"])), ["a.example.com"]);
}

#[test]
fn a_listener_has_no_rules_for_the_hosts_of_a_more_specific_one() {
    let listeners = json!([plain("all", Value::Null), plain("wild", json!("*.example.com"))]);
    let spec = json!({
        "parentRefs": [{"name": "door", "sectionName": "all"}],
        "hostnames": ["a.example.com", "b.com"], "rules": [{"backendRefs": to("a")}],
    });
    let services = virtual_services(&[gateway(listeners), route("route", spec), service("a", "default")]);
    assert_eq!(services.len(), 1);
    assert_eq!(services[0]["spec"]["hosts"], json!(["b.com"]));
}

#[test]
fn a_listener_lets_in_the_namespaces_it_names() {
    let mut listener = plain("http", Value::Null);
    let there = |listener: &Value| {
        let mut elsewhere = at_door(json!([{"backendRefs": to("a")}]));
        elsewhere["metadata"]["namespace"] = json!("shop");
        elsewhere["spec"]["parentRefs"][0]["namespace"] = json!("default");
        let labelled = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"tier": "1"}}});
        let documents = [gateway(json!([listener])), elsewhere, service("a", "shop"), labelled];
        virtual_services(&documents).len()
    };
    assert_eq!(there(&listener), 0);
    listener["allowedRoutes"] = json!({"namespaces": {"from": "All"}});
    assert_eq!(there(&listener), 1);
    for (tier, expected) in [("1", 1), ("2", 0)] {
        let selector = json!({"matchLabels": {"tier": tier}});
        listener["allowedRoutes"] = json!({"namespaces": {"from": "Selector", "selector": selector}});
        assert_eq!(there(&listener), expected, "{tier}");
    }
}

#[test]
fn a_backend_that_may_not_be_named_is_answered_with_500_until_it_is_granted() {
    let backends = json!([{"name": "a", "namespace": "shop", "port": 80}]);
    let mut documents = vec![
        gateway(json!([plain("http", Value::Null)])),
        at_door(json!([{"backendRefs": backends}])),
        service("a", "shop"),
    ];
    assert_eq!(virtual_services(&documents)[0]["spec"]["http"][0]["directResponse"], json!({"status": 500}));
    documents.push(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ReferenceGrant",
        "metadata": {"name": "grant", "namespace": "shop"},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "default"}],
            "to": [{"group": "", "kind": "Service"}],
        },
    }));
    let host = virtual_services(&documents)[0]["spec"]["http"][0]["route"][0]["destination"]["host"].clone();
    assert_eq!(host, "a.shop.svc.cluster.local");
}

#[test]
fn a_client_s_own_rules_for_a_service_come_before_the_service_s() {
    let spec = |port: u16| {
        let parent =
            json!({"group": "", "kind": "Service", "name": "a", "namespace": "default", "port": port});
        json!({"parentRefs": [parent], "rules": [{"backendRefs": [{"name": "a", "namespace": "default", "port": 80}]}]})
    };
    let mut consumer = route("consumer", spec(81));
    consumer["metadata"]["namespace"] = json!("shop");
    let services = virtual_services(&[route("producer", spec(80)), consumer, service("a", "default")]);
    let exports: Vec<_> = services.iter().map(|service| service["spec"]["exportTo"][0].clone()).collect();
    assert_eq!(exports, [".", "*"]);
    assert_eq!(services[1]["spec"]["http"][0]["match"][0]["port"], 80);
    assert_eq!(services.iter().map(name).collect::<Vec<_>>(), ["a.default.svc.cluster.local"; 2]);
}

#[test]
fn what_a_virtual_service_cannot_say_is_refused_with_the_reason() {
    let to_both = json!([{"name": "a", "port": 80}, {"name": "nobody", "port": 80}]);
    for (rule, reason) in [
        (json!({"retry": {"attempts": 1}, "backendRefs": to("a")}), "retries"),
        (json!({"backendRefs": to_both}), "answered with 500"),
        (json!({"filters": [{"type": "ExtensionRef"}], "backendRefs": to("a")}), "ExtensionRef"),
        (
            json!({"matches": [{"headers": [{"type": "Odd", "name": "x"}]}], "backendRefs": to("a")}),
            "type Odd",
        ),
        (json!({"backendRefs": [{"kind": "Bucket", "name": "a"}]}), "kind Bucket"),
    ] {
        let refused = refused(rule);
        assert!(refused.contains(reason), "{refused}");
    }
}
