//! Documents that read well and mean nonsense: each gives one clear line, and nothing of it serves.

use mesh_core::{
    dialect::Setting,
    source::Batch,
    watch::{Ledger, Standing},
};
use std::sync::Arc;

fn faults_of(text: &str) -> Vec<String> {
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let (_, status) = Ledger::new(Setting::default()).take(&[batch]);
    let is_serving = status.documents.iter().any(|document| document.standing == Standing::Serving);
    let errors: Vec<_> =
        status.faults.iter().filter(|fault| fault.is_error()).map(ToString::to_string).collect();
    assert_ne!(errors.is_empty(), !is_serving, "an error and serving exclude one another: {text}");
    errors
}

fn document(kind: &str, spec: &str) -> String {
    format!("apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n{spec}")
}

/// Checks that a document is refused for one reason, on one line and at one path.
#[track_caller]
fn is_refused(kind: &str, spec: &str, expected: &str) {
    assert_eq!(faults_of(&document(kind, spec)), [format!("shop.yaml:{expected}")], "{spec}");
}

#[track_caller]
fn route_is_refused(http: &str, expected: &str) {
    is_refused("VirtualService", &format!("  hosts: [product]\n  http:\n  - {http}\n"), expected);
}

const TO_PRODUCT: &str = "route: [{destination: {host: product}}]";

#[test]
fn a_virtual_service_that_does_nothing_is_refused() {
    is_refused(
        "VirtualService",
        "  hosts: [product]\n",
        "4: VirtualService/x: spec: http, tcp or tls must be provided in virtual service \
         (write at least one rule below spec.http)",
    );
    route_is_refused(
        "timeout: 1s",
        "7: VirtualService/x: spec.http[0]: HTTP route, redirect or direct_response is required \
         (say where matching requests go: route: [{destination: {host: …}}])",
    );
}

#[test]
fn hosts_must_be_names_and_differ() {
    for (hosts, expected) in [
        (
            "['a b']",
            "5: VirtualService/x: spec.hosts[0]: domain name \"a b.shop.svc.cluster.local\" invalid \
             (label \"a b\" must be 1 to 63 letters, digits and '-')",
        ),
        (
            "[a.com, a.com]",
            "5: VirtualService/x: spec.hosts[1]: duplicate hosts in virtual service: a.com & a.com \
             (write each host once)",
        ),
        (
            "['*.a.com', b.a.com]",
            "5: VirtualService/x: spec.hosts[1]: duplicate hosts in virtual service: *.a.com & b.a.com \
             (write each host once)",
        ),
        (
            "['*']",
            "5: VirtualService/x: spec.hosts[0]: wildcard host * is not allowed for virtual services bound to the \
             mesh gateway (name the hosts, or bind it to a gateway)",
        ),
        (
            "[10.0.0.300]",
            "5: VirtualService/x: spec.hosts[0]: domain name \"10.0.0.300\" invalid \
             (top level domain \"300\" cannot be all-numeric)",
        ),
    ] {
        is_refused("VirtualService", &format!("  hosts: {hosts}\n  http:\n  - {TO_PRODUCT}\n"), expected);
    }
}

#[test]
fn actions_exclude_one_another() {
    for (action, reason) in [
        ("redirect: {uri: /a}", "HTTP route cannot contain both route and redirect"),
        ("directResponse: {status: 200}", "HTTP route cannot contain both route and direct_response"),
    ] {
        route_is_refused(
            &format!("{{{TO_PRODUCT}, {action}}}"),
            &format!("7: VirtualService/x: spec.http[0]: {reason} (keep one of them)"),
        );
    }
}

#[test]
fn destinations_must_be_possible() {
    for (route, expected) in [
        (
            "[{weight: 1}]",
            "7: VirtualService/x: spec.http[0].route[0]: destination is required (write destination: {host: …})",
        ),
        (
            "[{destination: {subset: old}}]",
            "7: VirtualService/x: spec.http[0].route[0].destination: host is missing (name a service)",
        ),
        (
            "[{destination: {host: '*a'}}]",
            "7: VirtualService/x: spec.http[0].route[0].destination.host: invalid destination host *a \
             (name one service)",
        ),
        (
            "[{destination: {host: a, port: {number: 70000}}}]",
            "7: VirtualService/x: spec.http[0].route[0].destination.port.number: \
             port number 70000 must be in the range 1..65535",
        ),
        (
            "[{destination: {host: a, subset: No!}}]",
            "7: VirtualService/x: spec.http[0].route[0].destination.subset: subset name is invalid: No!",
        ),
        (
            "[{destination: {host: a}, weight: -1}]",
            "7: VirtualService/x: spec.http[0].route[0].weight: weight -1 < 0",
        ),
        (
            "[{destination: {host: a}}, {destination: {host: b}}]",
            "7: VirtualService/x: spec.http[0].route: total destination weight = 0 \
             (give at least one destination a weight)",
        ),
    ] {
        route_is_refused(&format!("route: {route}"), expected);
    }
}

#[test]
fn conditions_must_be_comparisons() {
    for (condition, expected) in [
        ("uri: {regex: ''}", "uri: regex string match should not be empty"),
        (
            "headers: {a: {prefix: ''}}",
            "headers[\"a\"]: prefix string match should not be empty (write {} to ask only for presence)",
        ),
        ("headers: {'a b': {exact: c}}", "headers[\"a b\"]: header name a b is not a valid header name"),
        ("port: 0", "port: port number 0 must be in the range 1..65535"),
        ("sourceNamespace: No!", "sourceNamespace: sourceNamespace match No! is invalid"),
    ] {
        route_is_refused(
            &format!("{{match: [{{{condition}}}], {TO_PRODUCT}}}"),
            &format!("7: VirtualService/x: spec.http[0].match[0].{expected}"),
        );
    }
}

#[test]
fn a_bad_or_huge_regex_is_refused_in_its_own_words() {
    for (regex, part) in [("a(b", "unclosed group"), ("a)(b", "unopened group"), ("(?=a)b", "look-around")] {
        let text = format!("{{match: [{{uri: {{regex: '{regex}'}}}}], {TO_PRODUCT}}}");
        let faults =
            faults_of(&document("VirtualService", &format!("  hosts: [product]\n  http:\n  - {text}\n")));
        let [fault] = faults.as_slice() else { panic!("one fault for {regex}, not {faults:?}") };
        assert!(fault.contains("spec.http[0].match[0].uri: invalid regex: "), "{fault}");
        assert!(fault.contains(part) && fault.ends_with("Istio uses RE2 style regex-based match"), "{fault}");
    }
    route_is_refused(
        &format!("{{match: [{{uri: {{regex: '{}'}}}}], {TO_PRODUCT}}}", "a".repeat(1025)),
        "7: VirtualService/x: spec.http[0].match[0].uri: regex is too large, max length allowed is 1024",
    );
    route_is_refused(
        &format!("{{match: [{{uri: {{regex: '((a{{1000}}){{1000}}){{1000}}'}}}}], {TO_PRODUCT}}}"),
        "7: VirtualService/x: spec.http[0].match[0].uri: invalid regex: it compiles to more than 1 MiB; \
         Istio uses RE2 style regex-based match",
    );
}

#[test]
fn faults_must_be_possible() {
    for (fault, expected) in [
        ("{}", "fault: HTTP fault injection must have an abort and/or a delay"),
        ("{delay: {percent: 5}}", "fault.delay: fixedDelay is missing (write fixedDelay: 2s)"),
        (
            "{delay: {percent: 101, fixedDelay: 1s}}",
            "fault.delay.percentage: percentage 101 is neither 0.0, nor in range [0.0001, 100.0]",
        ),
        (
            "{abort: {percent: 5, httpStatus: 99}}",
            "fault.abort.httpStatus: HTTP status 99 is not in range 200-599",
        ),
        (
            "{abort: {percent: 5, grpcStatus: NO}}",
            "fault.abort.grpcStatus: gRPC status \"NO\" is not supported (write its canonical name, such as UNAVAILABLE)",
        ),
    ] {
        route_is_refused(
            &format!("{{fault: {fault}, {TO_PRODUCT}}}"),
            &format!("7: VirtualService/x: spec.http[0].{expected}"),
        );
    }
}

#[test]
fn rewrites_redirects_and_headers_must_be_possible() {
    for (part, expected) in [
        (
            "rewrite: {}",
            "rewrite: rewrite must specify at least one of URI, UriRegexRewrite, or authority (write one, or remove rewrite)",
        ),
        (
            "headers: {request: {set: {':path': /a}}}",
            "headers.request.set[\":path\"]: invalid header \":path\": header cannot have \":\" prefix",
        ),
        (
            "headers: {response: {set: {Host: a}}}",
            "headers.response.set[\"Host\"]: invalid header \"Host\": cannot set Host header",
        ),
        (
            "headers: {request: {set: {a: '100%'}}}",
            "headers.request.set[\"a\"]: header value configuration: unbalanced % (write %% for a percent sign)",
        ),
        ("timeout: 10us", "timeout: duration must be greater than 1ms"),
    ] {
        route_is_refused(
            &format!("{{{part}, {TO_PRODUCT}}}"),
            &format!("7: VirtualService/x: spec.http[0].{expected}"),
        );
    }
    route_is_refused(
        "redirect: {uri: /a, redirectCode: 200}",
        "7: VirtualService/x: spec.http[0].redirect.redirectCode: 200 is not a valid redirect code, must be 3xx \
         (use 301, 302, 303, 307 or 308)",
    );
}

#[test]
fn gateways_must_be_able_to_open() {
    for (server, expected) in [
        ("{hosts: [a.com]}", ": port is missing (write port: {number: …, name: …, protocol: …})"),
        (
            "{port: {number: 80, name: a, protocol: SMTP}, hosts: [a.com]}",
            ".port.protocol: invalid protocol \"SMTP\" (supported protocols are HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, TCP, TLS)",
        ),
        (
            "{port: {number: 443, name: a, protocol: HTTPS}, hosts: [a.com]}",
            ": server must have TLS settings for HTTPS/TLS protocols (write tls: {mode: SIMPLE, credentialName: …})",
        ),
        (
            "{port: {number: 443, name: a, protocol: HTTPS}, hosts: [a.com], tls: {mode: SIMPLE}}",
            ".tls: SIMPLE TLS requires a server certificate (write credentialName, or serverCertificate and privateKey)",
        ),
        (
            "{port: {number: 443, name: a, protocol: HTTPS}, hosts: [a.com], tls: {mode: SIMPLE, credentialName: ../a}}",
            ".tls.credentialName: \"../a\" is not the name of a secret (write a name without a path)",
        ),
        (
            "{port: {number: 80, name: a, protocol: HTTP}, hosts: [shop]}",
            ".hosts[0]: short names (non FQDN) are not allowed: \"shop\" (write the full name, such as shop.example.com)",
        ),
    ] {
        is_refused(
            "Gateway",
            &format!("  servers:\n  - {server}\n"),
            &format!("6: Gateway/x: spec.servers[0]{expected}"),
        );
    }
}

#[test]
fn services_and_instances_must_be_somewhere() {
    is_refused(
        "WorkloadEntry",
        "  labels: {app: a}\n",
        "4: WorkloadEntry/x: spec: address is required (write address: 10.0.0.7, say)",
    );
    is_refused(
        "ServiceEntry",
        "  hosts: [a.com]\n  resolution: STATIC\n  endpoints: [{address: b.com}]\n",
        "7: ServiceEntry/x: spec.endpoints[0].address: endpoint address \"b.com\" is not a valid IP address \
         (write an IP address, or make the resolution DNS)",
    );
    is_refused(
        "ServiceEntry",
        "  hosts: ['*']\n",
        "5: ServiceEntry/x: spec.hosts[0]: invalid host * (name the host, or a wildcard such as *.example.com)",
    );
}

#[test]
fn subsets_must_have_names_of_their_own() {
    is_refused(
        "DestinationRule",
        "  host: product\n  subsets: [{name: old}, {name: old}]\n",
        "6: DestinationRule/x: spec.subsets[1].name: duplicate subset names: old (give each subset a name of its own)",
    );
    is_refused(
        "DestinationRule",
        "  subsets: []\n",
        "4: DestinationRule/x: spec: host is missing (name the service that this is for)",
    );
}

#[test]
fn rules_for_tcp_alone_leave_http_requests_to_the_default() {
    let text = document(
        "VirtualService",
        "  hosts: [product]\n  tcp: [{route: [{destination: {host: product}}]}]\n",
    );
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let (model, status) = Ledger::new(Setting::default()).take(&[batch]);
    assert_eq!(model.virtual_services, []);
    assert_eq!(status.faults.len(), 1, "{:?}", status.faults);
}
