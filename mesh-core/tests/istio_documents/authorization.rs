//! AuthorizationPolicy.

use mesh_core::{dialect::Setting, document::Severity, source::Batch, watch::Ledger};
use std::sync::Arc;

/// The errors and warnings about one policy, each as path and reason.
fn faults_with(annotations: &str, spec: &str) -> (Vec<String>, Vec<String>) {
    faults_of("security.istio.io/v1", "AuthorizationPolicy", annotations, spec)
}

fn faults_of(version: &str, kind: &str, annotations: &str, spec: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "{{apiVersion: {version}, kind: {kind}, metadata: {{name: p, annotations: {annotations}}}, spec: {spec}}}"
    );
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let (_, status) = Ledger::new(Setting::default()).take(&[batch]);
    let of = |severity| {
        let faults = status.faults.iter().filter(move |fault| fault.severity == severity);
        faults.map(|fault| format!("{}: {}", fault.path, fault.reason)).collect::<Vec<_>>()
    };
    (of(Severity::Error), of(Severity::Warning))
}

#[track_caller]
fn is_refused(spec: &str, expected: &str) {
    assert_eq!(faults_with("{}", spec).0, [expected], "{spec}");
}

#[track_caller]
fn is_accepted(spec: &str) {
    assert_eq!(faults_with("{}", spec), (vec![], vec![]), "{spec}");
}

#[track_caller]
fn warns(spec: &str, expected: &str) {
    assert_eq!(faults_with("{}", spec), (vec![], vec![expected.to_owned()]), "{spec}");
}

#[test]
fn every_field_is_read_in_both_spellings_and_all_versions() {
    is_accepted(
        "{selector: {matchLabels: {app: product}}, action: DENY, rules: [{\
         from: [{source: {principals: [a], notPrincipals: [b], requestPrincipals: [c/d], notRequestPrincipals: ['*'], \
         namespaces: ['e-*'], notNamespaces: ['*-f'], ipBlocks: [10.0.0.0/8, '::1'], notIpBlocks: [10.1.1.1], \
         remoteIpBlocks: [1.2.3.4], notRemoteIpBlocks: ['::/0'], trustDomains: [td], notTrustDomains: [te]}}, \
         {source: {serviceAccounts: [a, b/c], notServiceAccounts: [d]}}], \
         to: [{operation: {hosts: ['*.a'], notHosts: [b], ports: ['80', '0'], notPorts: ['65535'], methods: [GET], \
         notMethods: ['P*'], paths: ['/a/{*}/b/{**}'], notPaths: ['*']}}], \
         when: [{key: 'request.headers[:authority]', values: [a]}, {key: source.ip, notValues: [1.2.3.4/8]}, \
         {key: 'request.auth.claims[a][b.c]', values: [d]}, {key: connection.sni, values: [a], notValues: [b]}]}]}",
    );
    is_accepted(
        "{rules: [{from: [{source: {not_remote_ip_blocks: [1.2.3.4], request_principals: ['*']}}]}]}",
    );
    is_accepted("{action: 1, rules: [{from: null, to: null, when: null}]}");
    for version in ["security.istio.io/v1", "security.istio.io/v1beta1"] {
        assert_eq!(faults_of(version, "AuthorizationPolicy", "{}", "{}"), (vec![], vec![]), "{version}");
    }
    let (errors, _) = faults_of("security.istio.io/v1", "AuthorisationPolicy", "{}", "{}");
    assert_eq!(errors, [": unknown kind \"AuthorisationPolicy\""]);
}

#[test]
fn an_action_has_the_rules_and_the_provider_that_it_needs() {
    for action in ["DENY", "CUSTOM, provider: {name: a}"] {
        let name = action.split(',').next().expect("a name");
        for rules in ["", ", rules: []", ", rules: null"] {
            is_refused(
                &format!("{{action: {action}{rules}}}"),
                &format!(
                    "spec: {name} action without `rules` is meaningless as it will never be triggered, add an empty \
                     rule `{{}}` if you want it be triggered for every request"
                ),
            );
        }
    }
    for provider in ["", ", provider: {}", ", provider: {name: ''}"] {
        is_refused(
            &format!("{{action: CUSTOM, rules: [{{}}]{provider}}}"),
            "spec.provider.name: `provider.name` must not be empty",
        );
    }
    is_refused(
        "{action: AUDIT, provider: {name: a}, rules: [{}]}",
        "spec.provider: `provider` must not be with non CUSTOM action, found AUDIT",
    );
    is_accepted("{action: CUSTOM, provider: {name: a}, rules: [{}]}");
    is_accepted("{action: AUDIT}");
}

#[test]
fn what_is_written_is_not_empty() {
    for (rule, expected) in [
        ("{}, {from: []}", "[1].from: `from` must not be empty, found at rule 1"),
        ("{to: []}", "[0].to: `to` must not be empty, found at rule 0"),
        ("{from: [{}]}", "[0].from[0].source: `from.source` must not be nil, found at rule 0"),
        ("{from: [{source: {}}]}", "[0].from[0].source: `from.source` must not be empty, found at rule 0"),
        ("{to: [{}]}", "[0].to[0].operation: `to.operation` must not be nil, found at rule 0"),
        ("{to: [{operation: {}}]}", "[0].to[0].operation: `to.operation` must not be empty, found at rule 0"),
        (
            "{from: [{source: {principals: [a, '']}}]}",
            "[0].from[0].source.principals[1]: empty value not allowed, found in Principals",
        ),
        (
            "{to: [{operation: {notPaths: ['']}}]}",
            "[0].to[0].operation.notPaths[0]: empty value not allowed, found in NotPaths",
        ),
        ("{when: [{values: [a]}]}", "[0].when[0].key: `key` must not be empty"),
        (
            "{when: [{key: source.principal}]}",
            "[0].when[0]: at least one of `values` or `notValues` must be set for key source.principal",
        ),
        (
            "{when: [{key: source.principal, notValues: ['']}]}",
            "[0].when[0].notValues[0]: invalid `notValue` for `key` source.principal: empty value not allowed, found in \
             source.principal",
        ),
    ] {
        is_refused(&format!("{{rules: [{rule}]}}"), &format!("spec.rules{expected}"));
    }
}

#[test]
fn values_are_what_their_attribute_can_be() {
    let source = "[0].from[0].source";
    let operation = "[0].to[0].operation";
    for (rule, expected) in [
        ("{from: [{source: {ipBlocks: [ip1]}}]}", format!("{source}.ipBlocks[0]: bad IP address (ip1)")),
        (
            "{from: [{source: {notRemoteIpBlocks: [1.2.3.4/33]}}]}",
            format!(
                "{source}.notRemoteIpBlocks[0]: bad CIDR range (1.2.3.4/33): write an address and a number of bits, \
                 as in 10.1.0.0/16"
            ),
        ),
        (
            "{from: [{source: {namespaces: ['*a*']}}]}",
            format!("{source}.namespaces[0]: at most one wildcard is allowed"),
        ),
        (
            "{from: [{source: {requestPrincipals: ['a*b']}}]}",
            format!("{source}.requestPrincipals[0]: wildcard is only allowed at the start or end"),
        ),
        (
            "{from: [{source: {serviceAccounts: ['a/*']}}]}",
            format!("{source}.serviceAccounts[0]: wildcard is not supported in a service account: a/*"),
        ),
        (
            "{from: [{source: {serviceAccounts: [a], notNamespaces: [b]}}]}",
            format!("{source}: cannot set serviceAccounts with namespaces or principals, found at rule 0"),
        ),
        (
            "{to: [{operation: {ports: [port1]}}]}",
            format!("{operation}.ports[0]: bad port (port1): write a number from 0 to 65535"),
        ),
        (
            "{to: [{operation: {notPorts: ['65536']}}]}",
            format!("{operation}.notPorts[0]: bad port (65536): write a number from 0 to 65535"),
        ),
        (
            "{to: [{operation: {paths: ['/a/{**}/{*}']}}]}",
            format!(
                "{operation}.paths[0]: invalid or unsupported path a/{{**}}/{{*}}, found in Paths. {{**}} is not the \
                 last operator"
            ),
        ),
        (
            "{to: [{operation: {notPaths: ['/{a}']}}]}",
            format!(
                "{operation}.notPaths[0]: invalid or unsupported path {{a}}, found in NotPaths. Contains '{{' or '}}' \
                 beyond a supported path template"
            ),
        ),
    ] {
        is_refused(&format!("{{rules: [{rule}]}}"), &format!("spec.rules{expected}"));
    }
    let many = vec!["a"; 17].join(", ");
    is_refused(
        &format!("{{rules: [{{from: [{{source: {{serviceAccounts: [{many}]}}}}]}}]}}"),
        "spec.rules[0].from[0].source.serviceAccounts: at most 16 service accounts are allowed, found 17",
    );
}

#[test]
fn a_key_is_one_that_istio_has() {
    for (key, expected) in [
        ("what.ever", "unknown attribute: what.ever"),
        ("request.headers", "bad key (request.headers): should have format a[b]"),
        ("request.headers[]", "bad key (request.headers[]): should have format a[b]"),
        ("request.auth.claims.a", "bad key (request.auth.claims.a): should have format a[b]"),
        ("destination.labels[a]", "attribute destination.labels[a] is replaced by the workload selector"),
        ("destination.namespace", "attribute destination.namespace is replaced by the metadata.namespace"),
        ("destination.user", "deprecated attribute destination.user: only supported in v1alpha1"),
    ] {
        is_refused(
            &format!("{{rules: [{{when: [{{key: '{key}', values: [a]}}]}}]}}"),
            &format!("spec.rules[0].when[0].key: invalid `value` for `key` {key}: {expected}"),
        );
    }
    is_refused(
        "{rules: [{when: [{key: source.ip, notValues: [a.b]}]}]}",
        "spec.rules[0].when[0].notValues[0]: invalid `notValue` for `key` source.ip: bad IP address (a.b)",
    );
}

#[test]
fn whoever_is_asked_is_asked_before_identities_are_looked_at() {
    let custom = |rule: &str| format!("{{action: CUSTOM, provider: {{name: a}}, rules: [{rule}]}}");
    for (field, name) in [
        ("principals", "Principals"),
        ("notPrincipals", "NotPrincipals"),
        ("requestPrincipals", "RequestPrincipals"),
        ("notNamespaces", "NotNamespaces"),
        ("serviceAccounts", "ServiceAccounts"),
        ("trustDomains", "TrustDomains"),
    ] {
        is_refused(
            &custom(&format!("{{from: [{{source: {{{field}: [a]}}}}]}}")),
            &format!(
                "spec.rules[0].from[0].source: From.{name} is currently not supported with CUSTOM action"
            ),
        );
    }
    for key in ["source.namespace", "source.principal", "request.auth.claims[a]", "request.auth.presenter"] {
        is_refused(
            &custom(&format!("{{when: [{{key: '{key}', values: [a]}}]}}")),
            &format!("spec.rules[0].when[0].key: {key} is currently not supported with CUSTOM action"),
        );
    }
    is_accepted(&custom("{from: [{source: {ipBlocks: [1.2.3.4]}}], to: [{operation: {paths: [/a]}}]}"));
}

#[test]
fn what_denies_by_http_alone_denies_all_else() {
    let reason = "spec.rules[0]: configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to \
                  the use of only HTTP attributes in a DENY rule; it is recommended to explicitly specify the port";
    let denies = |rule: &str| format!("{{action: DENY, rules: [{rule}]}}");
    for rule in [
        "{to: [{operation: {methods: [GET]}}]}",
        "{from: [{source: {principals: [a]}}], to: [{operation: {paths: [/a]}}]}",
        "{from: [{source: {requestPrincipals: ['*']}}]}",
    ] {
        warns(&denies(rule), reason);
    }
    is_accepted(&denies("{to: [{operation: {methods: [GET], ports: ['80']}}]}"));
    is_accepted(&denies("{from: [{source: {principals: [a]}}]}"));
    is_accepted(&denies("{}"));
}

#[test]
fn a_policy_is_for_workloads_or_for_what_the_gateway_api_has() {
    warns("{selector: {}}", "spec.selector: workload selector specified without labels");
    is_refused(
        "{selector: {matchLabels: {app: 'a*'}}}",
        "spec.selector: wildcard is not supported in selector: \"app=a*\"",
    );
    let not_here = "is for waypoints and for gateways of the Gateway API: no workload here keeps this policy";
    let gateway = "{group: gateway.networking.k8s.io, kind: Gateway, name: a}";
    warns(&format!("{{targetRef: {gateway}}}"), &format!("spec.targetRef: {not_here}"));
    warns("{targetRefs: [{kind: Service, name: a}]}", &format!("spec.targetRefs: {not_here}"));
    is_refused(
        &format!("{{targetRef: {gateway}, selector: {{matchLabels: {{app: a}}}}}}"),
        "spec: only one of targetRefs or workloadSelector can be set",
    );
    is_refused("{targetRef: {kind: Service}}", "spec.targetRef.name: targetRef name must be set");
    is_refused(
        "{targetRefs: [{kind: Service, name: a, namespace: b}]}",
        "spec.targetRefs[0].namespace: targetRef namespace must not be set; cross namespace referencing is not supported",
    );
    is_refused(
        "{targetRef: {group: gateway.networking.k8s.io, kind: Other, name: a}}",
        "spec.targetRef: targetRef must be to one of [Service networking.istio.io/ServiceEntry \
         gateway.networking.k8s.io/Gateway gateway.networking.k8s.io/GatewayClass] but was gateway.networking.k8s.io/Other",
    );
}

#[test]
fn only_what_allows_or_denies_can_be_tried() {
    let tried = |value: &str, spec: &str| faults_with(&format!("{{istio.io/dry-run: '{value}'}}"), spec).0;
    assert!(tried("true", "{}").is_empty() && tried("0", "{action: DENY, rules: [{}]}").is_empty());
    assert_eq!(
        tried("true", "{action: AUDIT}"),
        [
            "metadata.annotations[\"istio.io/dry-run\"]: the annotation istio.io/dry-run currently only supports action \
          ALLOW/DENY, found action AUDIT in shop/p"
        ]
    );
    assert_eq!(
        tried("yes", "{}"),
        [
            "metadata.annotations[\"istio.io/dry-run\"]: shop/p has annotation istio.io/dry-run with invalid value (yes): \
          write \"true\""
        ]
    );
    let (errors, _) = faults_of(
        "networking.istio.io/v1",
        "DestinationRule",
        "{istio.io/dry-run: 'true'}",
        "{host: product}",
    );
    assert_eq!(
        errors,
        [
            "metadata.annotations[\"istio.io/dry-run\"]: shop/p has unsupported annotation istio.io/dry-run, please remove \
          the annotation"
        ]
    );
}

#[test]
fn what_a_filter_of_envoys_says_is_nothing_here() {
    warns(
        "{rules: [{when: [{key: 'experimental.envoy.filters.a[b]', values: [c]}]}]}",
        "spec.rules[0].when[0].key: is about a filter of Envoy's, of which there is none here: a rule with it allows \
         nobody, and one that denies does not look at it",
    );
}
