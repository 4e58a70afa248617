//! Sidecar.

use super::{is_accepted, is_refused, later};

#[test]
fn a_sidecar_says_something() {
    is_refused("Sidecar", "{}", "spec: sidecar: empty configuration provided");
    let spec = "{egress: [{hosts: ['./*', 'istio-system/*']}], outboundTrafficPolicy: {mode: ALLOW_ANY}}";
    is_accepted("Sidecar", spec, &[]);
}

#[test]
fn egress_listeners_name_hosts_and_end_with_the_one_for_any_port() {
    for (egress, expected) in [
        ("{}", "[0]: sidecar: egress listener must contain at least one host"),
        ("{hosts: [catalog]}", "[0].hosts[0]: host must be of form namespace/dnsName"),
        ("{hosts: [./catalog]}", "[0].hosts[0]: short names (non FQDN) are not allowed"),
        ("{hosts: ['A_B/*']}", "[0].hosts[0]: invalid namespace value \"A_B\" in sidecar"),
        ("{hosts: [/a.example]}", "[0].hosts[0]: config namespace and dnsName in host entry cannot be empty"),
        (
            "{hosts: ['*/*']}, {hosts: ['./*'], port: {number: 80, protocol: HTTP}}",
            "[0]: sidecar: the egress listener with empty port should be the last listener in the list",
        ),
        (
            "{hosts: ['*/*'], port: {number: 80}}, {hosts: ['*/*'], port: {number: 80}}",
            "[1].port: sidecar: ports on IP bound listeners must be unique",
        ),
        (
            "{hosts: ['*/*'], port: {protocol: HTTP}}",
            "[0].port.number: sidecar: ports with 0 value must have a unix domain socket bind address",
        ),
    ] {
        is_refused("Sidecar", &format!("{{egress: [{egress}]}}"), &format!("spec.egress{expected}"));
    }
}

#[test]
fn a_host_that_is_named_twice_is_a_warning() {
    let (errors, warnings) = super::faults("Sidecar", "{egress: [{hosts: [shop/a.example, ./a.example]}]}");
    assert!(errors.is_empty(), "{errors:?}");
    assert!(warnings.contains(&"spec.egress[0].hosts[1]: duplicated egress host: ./a.example".to_owned()));
}

#[test]
fn ingress_listeners_lead_to_the_application() {
    let port = "port: {number: 80, name: http, protocol: HTTP}";
    for (ingress, expected) in [
        ("defaultEndpoint: '127.0.0.1:80'".to_owned(), ": sidecar: port is required for ingress listeners"),
        (format!("{port}, bind: 'unix:///run/a'"), ".bind: unix:///run/a is not a valid IP"),
        (
            format!("{port}, defaultEndpoint: '10.0.0.7:80'"),
            ".defaultEndpoint: sidecar: defaultEndpoint must be of form \
             127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset",
        ),
        (
            format!("{port}, defaultEndpoint: '[::1]:http'"),
            ".defaultEndpoint: sidecar: defaultEndpoint port (http) is not a number",
        ),
        (
            format!("{port}, tls: {{mode: SIMPLE, credentialName: a}}"),
            ".tls.credentialName: sidecar: credentialName is not currently supported",
        ),
        (
            format!("{port}, tls: {{mode: ISTIO_MUTUAL}}"),
            ".tls.mode: configuration is invalid: cannot set mode to ISTIO_MUTUAL in sidecar ingress tls",
        ),
        (
            format!("{port}, connectionPool: {{}}"),
            ".connectionPool: connection pool must have at least one field",
        ),
    ] {
        is_refused(
            "Sidecar",
            &format!("{{ingress: [{{{ingress}}}]}}"),
            &format!("spec.ingress[0]{expected}"),
        );
    }
    let spec = format!("{{ingress: [{{{port}, defaultEndpoint: 'unix:///run/shop'}}]}}");
    is_accepted("Sidecar", &spec, &[&later("spec.ingress")]);
}

#[test]
fn an_egress_proxy_is_for_those_who_may_ask_anybody() {
    let policy = |mode: &str, proxy: &str| {
        format!("{{outboundTrafficPolicy: {{mode: {mode}, egressProxy: {{{proxy}}}}}}}")
    };
    let at = "spec.outboundTrafficPolicy.egressProxy";
    is_refused(
        "Sidecar",
        &policy("REGISTRY_ONLY", "host: a.example, port: {number: 80}"),
        &format!("{at}: sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode"),
    );
    is_refused(
        "Sidecar",
        &policy("ALLOW_ANY", "host: a.example"),
        &format!("{at}: sidecar: egress_proxy port must be non-nil"),
    );
}
