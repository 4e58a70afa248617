//! VirtualService: rules for TLS and TCP.

use super::{is_accepted, is_refused, later};

const TO_MAIL: &str = "route: [{destination: {host: mail, port: {number: 25}}}]";

#[test]
fn tls_rules_ask_for_names_of_the_virtual_service() {
    for (rule, expected) in [
        (format!("{{{TO_MAIL}}}"), ": TLS route must have at least one match condition"),
        (
            format!("{{match: [{{port: 443}}], {TO_MAIL}}}"),
            ".match[0]: TLS match must have at least one SNI host",
        ),
        ("{match: [{sniHosts: [a.example]}]}".to_owned(), ": TLS route is required"),
        (
            format!("{{match: [{{sniHosts: [b.example]}}], {TO_MAIL}}}"),
            ".match[0].sniHosts[0]: SNI host \"b.example\" is not a compatible subset of any of the virtual service \
             hosts: [a.example, *.c.example]",
        ),
        (
            format!("{{match: [{{sniHosts: [a.example], destinationSubnets: [10.0.0.0/33]}}], {TO_MAIL}}}"),
            ".match[0].destinationSubnets[0]: 10.0.0.0/33 is not a valid CIDR block",
        ),
    ] {
        let spec = format!("{{hosts: [a.example, '*.c.example'], tls: [{rule}]}}");
        is_refused("VirtualService", &spec, &format!("spec.tls[0]{expected}"));
    }
    let rule = |port| format!("{{match: [{{port: {port}, sniHosts: [a.example, d.c.example]}}], {TO_MAIL}}}");
    let spec = format!("{{hosts: [a.example, '*.c.example'], tls: [{}, {}]}}", rule(443), rule(444));
    is_accepted("VirtualService", &spec, &[&later("spec.tls")]);
}

#[test]
fn tcp_rules_go_somewhere() {
    for (rule, expected) in [
        ("{}".to_owned(), ": TCP route is required"),
        (
            format!("{{match: [{{destinationSubnets: [here]}}], {TO_MAIL}}}"),
            ".match[0].destinationSubnets[0]: here is not a valid IP",
        ),
        (
            format!("{{match: [{{port: 70000}}], {TO_MAIL}}}"),
            ".match[0].port: port number 70000 must be in the range 1..65535",
        ),
        (
            format!("{{match: [{{sourceLabels: {{'a b': c}}}}], {TO_MAIL}}}"),
            ".match[0].sourceLabels[\"a b\"]: invalid tag key: \"a b\"",
        ),
        ("{route: [{}]}".to_owned(), ".route[0]: destination is required"),
        ("{route: [{destination: {host: mail}, weight: -1}]}".to_owned(), ".route[0].weight: weight -1 < 0"),
        (
            "{route: [{destination: {host: a}}, {destination: {host: b}}]}".to_owned(),
            ".route: total destination weight = 0",
        ),
        (format!("{{match: [{{sniHosts: [a]}}], {TO_MAIL}}}"), ".match[0].sniHosts: unknown field"),
    ] {
        let spec = format!("{{hosts: [mail], tcp: [{rule}]}}");
        is_refused("VirtualService", &spec, &format!("spec.tcp[0]{expected}"));
    }
    let spec =
        format!("{{hosts: [mail], tcp: [{{match: [{{port: 25, sourceNamespace: shop}}], {TO_MAIL}}}]}}");
    is_accepted("VirtualService", &spec, &[&later("spec.tcp")]);
}
