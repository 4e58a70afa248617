//! Policy and MeshPolicy of 2019.

use mesh_core::{dialect::Setting, document::Severity, source::Batch, watch::Ledger};
use std::sync::Arc;

/// The errors and warnings about one document, each as path and reason.
fn faults(kind: &str, name: &str, spec: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "{{apiVersion: authentication.istio.io/v1alpha1, kind: {kind}, metadata: {{name: {name}}}, spec: {spec}}}"
    );
    let batch = Arc::new(Batch::of("shop.yaml".into(), text.as_bytes(), "shop"));
    let (_, status) = Ledger::new(Setting::default()).take(&[batch]);
    let of = |severity| {
        let faults = status.faults.iter().filter(move |fault| fault.severity == severity);
        faults.map(|fault| format!("{}: {}", fault.path, fault.reason)).collect::<Vec<_>>()
    };
    (of(Severity::Error), of(Severity::Warning))
}

#[test]
fn a_policy_without_targets_is_the_default_and_only_that_one() {
    let reason = "authentication policy with no target rules  must be named \"default\", found \"tokens\"";
    for kind in ["Policy", "MeshPolicy"] {
        assert_eq!(faults(kind, "tokens", "{}").0, [format!("metadata.name: {reason}")]);
        assert!(faults(kind, "default", "{}").0.is_empty());
    }
    let targets = "{targets: [{name: catalog}]}";
    let reason = "spec.targets: authentication policy with name \"default\" cannot have targets";
    assert_eq!(faults("Policy", "default", targets).0, [reason]);
    assert_eq!(
        faults("MeshPolicy", "default", targets).0,
        ["spec.targets: a MeshPolicy cannot have targets"]
    );
    assert!(faults("Policy", "tokens", targets).0.is_empty());
}

#[test]
fn targets_are_short_names_and_ports_are_ports() {
    for (targets, expected) in [
        ("{name: a.b}", "[0].name: target name \"a.b\" must be a valid label"),
        (
            "{name: a, ports: [{number: 0}]}",
            "[0].ports[0].number: port number 0 must be in the range 1..65535",
        ),
        ("{name: a, ports: [{}]}", "[0].ports[0]: a port without number or name"),
    ] {
        let (errors, _) = faults("Policy", "tokens", &format!("{{targets: [{targets}]}}"));
        assert_eq!(errors, [format!("spec.targets{expected}")]);
    }
}

#[test]
fn every_token_has_an_issuer_of_its_own() {
    for (origins, expected) in [
        ("{}", "spec.origins[0].jwt: issuer must be set"),
        (
            "{jwt: {issuer: a}}, {jwt: {issuer: a}}",
            "spec.origins[1].jwt.issuer: jwt with issuer \"a\" already defined",
        ),
        (
            "{jwt: {issuer: a, audiences: ['']}}",
            "spec.origins[0].jwt.audiences[0]: audience must be non-empty string",
        ),
        (
            "{jwt: {issuer: a, jwksUri: 'ftp://a'}}",
            "spec.origins[0].jwt.jwksUri: URI scheme \"ftp\" is not supported",
        ),
        (
            "{jwt: {issuer: a, triggerRules: [{excludedPaths: [{}]}]}}",
            "spec.origins[0].jwt.triggerRules[0].excludedPaths[0]: nothing to compare with",
        ),
    ] {
        assert_eq!(faults("Policy", "default", &format!("{{origins: [{origins}]}}")).0, [expected]);
    }
}

#[test]
fn what_is_asked_of_peers_has_an_effect_but_for_tls_of_strangers() {
    let spec = "{peers: [{mtls: null}, {mtls: {mode: PERMISSIVE, allowTls: true}}], peerIsOptional: true, principalBinding: USE_ORIGIN, \
                origins: [{jwt: {issuer: 'https://a', triggerRules: [{includedPaths: [{suffix: .html}]}]}}]}";
    let (errors, warnings) = faults("Policy", "default", spec);
    assert_eq!(
        (errors, warnings),
        (vec![], vec!["spec.peers[1].mtls.allowTls: is accepted, but has no effect yet".to_owned()])
    );
}

#[test]
fn an_issuer_that_nobody_can_ask_for_keys_is_told() {
    let (errors, warnings) = faults("Policy", "default", "{origins: [{jwt: {issuer: somebody}}]}");
    let reason = "spec.origins[0].jwt: nobody can tell where the keys of somebody are, so no token is good";
    assert_eq!((errors, warnings), (vec![], vec![reason.to_owned()]));
}
