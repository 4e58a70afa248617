//! VirtualService: what applies to a rule of HTTP.

use super::{is_accepted, is_refused};

const TO_CATALOG: &str = "route: [{destination: {host: catalog}}]";

#[track_caller]
fn rule_is_refused(part: &str, expected: &str) {
    let spec = format!("{{hosts: [catalog], http: [{{{part}, {TO_CATALOG}}}]}}");
    is_refused("VirtualService", &spec, &format!("spec.http[0]{expected}"));
}

#[track_caller]
fn rule_warns(part: &str, warnings: &[&str]) {
    let spec = format!("{{hosts: [catalog], http: [{{{part}, {TO_CATALOG}}}]}}");
    is_accepted("VirtualService", &spec, warnings);
}

#[test]
fn retries_are_read_and_must_be_possible() {
    for (retries, expected) in [
        ("{attempts: -2}", ".attempts: attempts cannot be negative"),
        (
            "{attempts: 0, retryOn: 5xx}",
            ": http retry policy configured when attempts are set to 0 (disabled)",
        ),
        ("{attempts: 2, perTryTimeout: 10us}", ".perTryTimeout: duration must be greater than 1ms"),
        ("{attempts: 2, backoff: 1500us}", ".backoff: only durations to ms precision are supported"),
        ("{attempts: 2, retryOn: '5xx,799'}", ".retryOn: \"799\" is not a valid retryOn policy"),
        ("{attempts: 2, retryOn: '5xx, reset'}", ".retryOn: \" reset\" is not a valid retryOn policy"),
        ("{attempts: many}", ".attempts: expected a whole number, found text"),
        ("{tries: 2}", ".tries: unknown field"),
    ] {
        rule_is_refused(&format!("retries: {retries}"), &format!(".retries{expected}"));
    }
    let retries = "retries: {attempts: 3, perTryTimeout: 2s, retryOn: 'gateway-error,503,unavailable', \
                   retryRemoteLocalities: true, retryIgnorePreviousHosts: false, backoff: 50ms}";
    rule_warns(retries, &[]);
}

#[test]
fn mirrors_are_read_and_must_be_somewhere() {
    for (part, expected) in [
        ("mirror: {host: '*'}", ".mirror.host: invalid destination host *"),
        ("mirror: {host: shadow, subset: A_B}", ".mirror.subset: subset name is invalid: A_B"),
        (
            "mirror: {host: shadow, port: {number: 70000}}",
            ".mirror.port.number: port number 70000 must be in the range 1..65535",
        ),
        (
            "mirror: {host: shadow}, mirrors: [{destination: {host: other}}]",
            ": HTTP route cannot contain both mirror and mirrors",
        ),
        ("mirrors: [{percentage: {value: 5}}]", ".mirrors[0]: destination is required for mirrors"),
        (
            "mirrors: [{destination: {host: other}, percentage: {value: -1}}]",
            ".mirrors[0].percentage: mirror percentage must have a min value of 0 (it has -1.000000)",
        ),
        (
            "mirror: {host: shadow}, mirrorPercentage: {value: 150}",
            ".mirrorPercentage: mirror_percentage must have a max value of 100 (it has 150.000000)",
        ),
        (
            "mirror: {host: shadow}, mirror_percent: 101",
            ".mirrorPercent: mirror_percent must have a max value of 100 (it has 101)",
        ),
    ] {
        rule_is_refused(part, expected);
    }
    let mirrors = "mirrors: [{destination: {host: a}}, {destination: {host: b}, percentage: {value: 0.5}}]";
    rule_warns(mirrors, &[]);
}

#[test]
fn cross_origin_policies_are_read_and_must_make_sense() {
    for (policy, expected) in [
        ("{allowOrigins: [{}]}", ".allowOrigins[0]: '' is not a valid match type for CORS allow origins"),
        ("{allowMethods: [get]}", ".allowMethods[0]: \"get\" is not a supported HTTP method"),
        ("{allowHeaders: ['']}", ".allowHeaders[0]: header name cannot be empty"),
        ("{exposeHeaders: ['a b']}", ".exposeHeaders[0]: header name a b is not a valid header name"),
        ("{maxAge: 1500ms}", ".maxAge: max_age duration is accurate only to seconds precision"),
        ("{allowCredentials: 'yes'}", ".allowCredentials: expected true or false, found text"),
        ("{unmatchedPreflights: DROP}", ".unmatchedPreflights: unknown value \"DROP\""),
    ] {
        rule_is_refused(&format!("corsPolicy: {policy}"), &format!(".corsPolicy{expected}"));
    }
    let policy = "corsPolicy: {allowOrigins: [{exact: 'https://shop.example'}, {regex: '.*'}], allowMethods: [GET, '*'], \
                  allowHeaders: [x-a, '*'], exposeHeaders: [x-b], maxAge: 24h, allowCredentials: true, \
                  unmatchedPreflights: IGNORE}";
    rule_warns(policy, &[]);
}

#[test]
fn a_rule_hands_over_and_does_nothing_else() {
    let root = |rule: &str| format!("{{hosts: [catalog], http: [{rule}]}}");
    is_refused(
        "VirtualService",
        &root("{name: a, delegate: {name: b}, redirect: {uri: /c}}"),
        "spec.http[0].redirect: root HTTP route a must not specify redirect",
    );
    is_refused(
        "VirtualService",
        &root(&format!("{{name: a, delegate: {{name: b}}, {TO_CATALOG}}}")),
        "spec.http[0].route: root HTTP route a must not specify route",
    );
    is_accepted("VirtualService", &root("{delegate: {name: b, namespace: other}}"), &[]);
}

#[test]
fn a_delegate_is_for_http_alone_and_hands_over_to_nobody() {
    let http = format!("http: [{{{TO_CATALOG}}}]");
    for (part, what) in [
        ("gateways: [edge]", "gateways"),
        ("tls: [{match: [], route: []}]", "tls route"),
        ("tcp: [{route: [{destination: {host: a}}]}]", "tcp route"),
    ] {
        let (errors, _) = super::faults("VirtualService", &format!("{{{part}, {http}}}"));
        let expected = format!("spec: delegate virtual service must have no {what} specified");
        assert!(errors.contains(&expected), "{errors:?}");
    }
    let (errors, _) = super::faults("VirtualService", "{http: [{delegate: {name: b}}]}");
    let expected = "spec.http[0].delegate: delegate HTTP route cannot contain delegate";
    assert!(errors.iter().any(|error| error == expected), "{errors:?}");
}

#[test]
fn the_authority_is_set_once() {
    rule_is_refused(
        "rewrite: {authority: a}, headers: {request: {set: {Host: b}}}",
        ".headers: authority header cannot be set multiple times: have \"a\", attempting to set \"b\"",
    );
}

#[test]
fn a_prefix_is_replaced_where_a_prefix_is_matched() {
    let spec = |uri: &str| {
        format!("{{hosts: [catalog], http: [{{match: [{{uri: {uri}}}], redirect: {{prefixRewrite: /b}}}}]}}")
    };
    is_refused(
        "VirtualService",
        &spec("{regex: '/a.*'}"),
        "spec.http[0].redirect.prefixRewrite: redirect prefix_rewrite requires every uri match to be a prefix",
    );
    is_accepted("VirtualService", &spec("{prefix: /a}"), &[]);
}

#[test]
fn a_body_larger_than_a_mebibyte_is_refused() {
    let spec = |bytes: usize| {
        let body = "x".repeat(bytes);
        format!("{{hosts: [catalog], http: [{{directResponse: {{status: 200, body: {{string: {body}}}}}}}]}}")
    };
    let reason = "large direct_responses may impact control plane performance";
    let path = "spec.http[0].directResponse.body";
    is_refused("VirtualService", &spec((1 << 20) + 1), &format!("{path}: {reason}, must be less than 1MB"));
    is_accepted("VirtualService", &spec(1 << 20), &[&format!("{path}: {reason}")]);
    is_accepted("VirtualService", &spec(100 << 10), &[]);
}

#[test]
fn gateways_and_namespaces_are_named_by_labels() {
    let spec = |part: &str| format!("{{hosts: [a.example], {part}, http: [{{{TO_CATALOG}}}]}}");
    for (part, expected) in [
        ("gateways: ['ns/*']", "spec.gateways[0]: invalid value for gateway name: \"*\""),
        ("gateways: ['*/edge']", "spec.gateways[0]: invalid value for namespace: \"*\""),
        ("gateways: [ns/]", "spec.gateways[0]: config namespace and gateway name cannot be empty"),
        ("exportTo: [a, a]", "spec.exportTo[1]: duplicate entries in exportTo for entry a"),
        (
            "exportTo: [shop, .]",
            "spec.exportTo[1]: duplicate entries in exportTo: . and current namespace shop",
        ),
        (
            "exportTo: ['~']",
            "spec.exportTo[0]: only .,*, or a valid DNS 1123 label is allowed as exportTo entry",
        ),
        (
            "exportTo: ['*', .]",
            "spec.exportTo: cannot have both public (*) and non-public exportTo values for a resource",
        ),
    ] {
        is_refused("VirtualService", &spec(part), expected);
    }
}

#[test]
fn rules_that_no_request_reaches_are_warned_of() {
    let rule = |part: &str| format!("{{{part}{TO_CATALOG}}}");
    let spec = |rules: &[String]| format!("{{hosts: [catalog], http: [{}]}}", rules.join(", "));
    let same = rule("match: [{uri: {exact: /a}}], ");
    is_accepted(
        "VirtualService",
        &spec(&[same.clone(), rule("name: b, match: [{name: c, uri: {exact: /a}}], ")]),
        &["spec.http[1]: virtualService rule \"b\" not used (all matches used by prior rules)"],
    );
    is_accepted(
        "VirtualService",
        &spec(&[rule(""), same, rule("")]),
        &[
            "spec.http[1]: virtualService rule #1 not used (route without matches defined before)",
            "spec.http[2]: virtualService rule #2 not used (only the last rule can have no matches)",
        ],
    );
    let narrower =
        [rule("match: [{uri: {prefix: /a/b}}], "), rule("match: [{uri: {prefix: /a}}], "), rule("")];
    is_accepted("VirtualService", &spec(&narrower), &[]);
    let other = [
        rule("match: [{uri: {prefix: /a}, method: {exact: GET}}], "),
        rule("match: [{uri: {prefix: /a/b}}], "),
    ];
    is_accepted("VirtualService", &spec(&other), &[]);
}

#[test]
fn claims_of_tokens_are_asked_for_at_gateways_alone() {
    let rules = |gateways: &str, key: &str| {
        format!(
            "{{hosts: [shop.example.com], {gateways} http: [{{match: [{{headers: {{'{key}': {{exact: a}}}}}}], {TO_CATALOG}}}]}}"
        )
    };
    let claim = "@request.auth.claims.group";
    is_refused(
        "VirtualService",
        &rules("", claim),
        "spec.http[0].match[0]: JWT claim based routing (key: @request.auth.claims.group) is only supported for \
         gateway, found no gateways: []",
    );
    for key in [claim, "@request.auth.claims[example.com/group][name]"] {
        is_accepted("VirtualService", &rules("gateways: [edge],", key), &[]);
    }
    is_refused(
        "VirtualService",
        &rules("gateways: [edge],", "@request.auth.claims[a"),
        "spec.http[0].match[0].headers[\"@request.auth.claims[a\"]: header name @request.auth.claims[a is not a valid header name",
    );
}
