//! How calls are secured, from documents to the handshake of each endpoint.

use crate::{backend, explained, model, service, table, workload};
use mesh_core::{
    identity::{Authorities, ClientTls, MeshTls, OtherTls},
    table::Snapshot,
};

const NAME: &str = "outbound|80||product.shop.svc.cluster.local";

/// The table of [`documents`].
fn mesh(instances: &[&str], more: &[&str]) -> Snapshot {
    table(&documents(instances, more))
}

/// The service `product` with an instance of each of these labels, in namespace `shop`, and more documents.
fn documents(instances: &[&str], more: &[&str]) -> String {
    let instance = |(number, labels): (usize, &&str)| {
        format!(
            "---\n{{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {{name: i{number}, namespace: shop}}, \
             spec: {{address: 10.0.0.{number}, ports: {{http: 8080}}, labels: {{app: product, {labels}}}, serviceAccount: product}}}}\n"
        )
    };
    let instances: String = instances.iter().enumerate().map(instance).collect();
    let more: String = more.iter().map(|document| format!("---\n{document}\n")).collect();
    [&*service("product.shop", "[{name: http, port: 80}]"), &instances, &more].concat()
}

fn rule(spec: &str) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: product, namespace: shop}}, \
         spec: {{host: product, {spec}}}}}"
    )
}

fn peers(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {{name: {name}, namespace: {namespace}}}, \
         spec: {spec}}}"
    )
}

/// Which of the endpoints are called over TLS.
fn secured(table: &Snapshot) -> Vec<bool> {
    let backend = backend(table, NAME);
    backend.endpoints.iter().map(|endpoint| backend.handshake(endpoint).is_some()).collect()
}

const TAKES: &str = "security.istio.io/tlsMode: istio";

#[test]
fn endpoints_that_take_it_are_secured_unless_a_policy_of_theirs_disables_it() {
    let two =
        |more: &[&str]| secured(&mesh(&[&format!("{TAKES}, zone: a"), &format!("{TAKES}, zone: b")], more));
    assert_eq!(two(&[]), [true, true]);
    assert_eq!(secured(&mesh(&["zone: a", TAKES], &[])), [false, true]);
    assert_eq!(two(&[&peers("default", "shop", "{mtls: {mode: DISABLE}}")]), [false, false]);
    assert_eq!(two(&[&peers("default", "elsewhere", "{mtls: {mode: DISABLE}}")]), [true, true]);
    let of_mesh = peers("default", "istio-system", "{mtls: {mode: DISABLE}}");
    assert_eq!(two(&[&of_mesh]), [false, false]);
    assert_eq!(two(&[&of_mesh, &peers("default", "shop", "{mtls: {mode: PERMISSIVE}}")]), [true, true]);
    let of_one = peers("one", "shop", "{selector: {matchLabels: {zone: a}}, mtls: {mode: DISABLE}}");
    assert_eq!(two(&[&of_one]), [false, true]);
    let of_port = |port: u16| {
        let ports = format!("portLevelMtls: {{{port}: {{mode: DISABLE}}}}");
        peers("one", "shop", &format!("{{selector: {{matchLabels: {{zone: a}}}}, {ports}}}"))
    };
    // The workload's port counts, not the service's.
    assert_eq!(two(&[&of_port(8080)]), [false, true]);
    assert_eq!(two(&[&of_port(80)]), [true, true]);
}

#[test]
fn a_rule_has_the_last_word() {
    let disabled = peers("default", "shop", "{mtls: {mode: DISABLE}}");
    for (tls, expected) in [("DISABLE", false), ("SIMPLE", true), ("ISTIO_MUTUAL", true)] {
        let rule = rule(&format!("trafficPolicy: {{tls: {{mode: {tls}}}}}"));
        assert_eq!(secured(&mesh(&[TAKES, "zone: a"], &[&rule, &disabled])), [expected; 2], "{tls}");
    }
}

#[test]
fn a_handshake_of_the_mesh_says_who_may_answer_and_by_which_name() {
    let config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, \
                  data: {mesh: 'trustDomain: example.org\n\n    trustDomainAliases: [old.example.org]\n\n    meshMTLS: {minProtocolVersion: TLSV1_3}'}}";
    let table = mesh(&[TAKES], &[config]);
    let backend = backend(&table, NAME);
    let handshake = backend.handshake(&backend.endpoints[0]).expect("TLS");
    let ClientTls::Mesh(MeshTls { peers, is_exact, server_name, oldest_version, .. }) = handshake.tls()
    else {
        panic!("{handshake:?}");
    };
    let domains: Vec<_> = peers.domains.iter().map(ToString::to_string).collect();
    assert_eq!(domains, ["example.org", "old.example.org"]);
    let ids: Vec<_> = peers.ids.iter().flatten().map(ToString::to_string).collect();
    assert_eq!((ids, is_exact), (vec!["spiffe://example.org/ns/shop/sa/product".to_owned()], &false));
    assert_eq!(server_name.as_deref(), Some("outbound_.80_._.product.shop.svc.cluster.local"));
    assert_eq!(format!("{oldest_version:?}"), "V1_3");
    assert!(table.calls_in_mesh_tls() && !mesh(&["zone: a"], &[]).calls_in_mesh_tls());
}

#[test]
fn a_handshake_with_others_says_whom_to_believe() {
    for (tls, expected) in [
        ("{mode: SIMPLE}", Authorities::System),
        ("{mode: SIMPLE, caCertificates: /ca.pem}", Authorities::File("/ca.pem".into())),
        ("{mode: SIMPLE, credentialName: a}", Authorities::Secret("a".into())),
        ("{mode: SIMPLE, insecureSkipVerify: true}", Authorities::Anybody),
        ("{mode: MUTUAL, credentialName: a, insecureSkipVerify: true}", Authorities::Anybody),
    ] {
        let table = mesh(&["zone: a"], &[&rule(&format!("trafficPolicy: {{tls: {tls}}}"))]);
        let backend = backend(&table, NAME);
        let handshake = backend.handshake(&backend.endpoints[0]).expect("TLS");
        let ClientTls::Other(OtherTls { authorities, credential, .. }) = handshake.tls() else {
            panic!("{handshake:?}");
        };
        assert_eq!((authorities, credential.is_some()), (&expected, tls.contains("MUTUAL")), "{tls}");
    }
}

#[test]
fn a_table_shares_backends_whose_handshakes_are_the_same() {
    let (one, other) = (mesh(&[TAKES], &[]), mesh(&[TAKES], &[]));
    assert_eq!(backend(&one, NAME), backend(&other, NAME));
    let plain = model(&documents(&[TAKES], &[&peers("default", "shop", "{mtls: {mode: DISABLE}}")]));
    let next = Snapshot::compile(&plain, &workload("shop", &[]), Some(&one));
    assert_eq!(
        (secured(&one), secured(&next)),
        (vec![true], vec![false]),
        "a policy alone makes another table"
    );
}

#[test]
fn an_explanation_says_how_a_call_is_secured() {
    let told = |instances: &[&str], more: &[&str], url: &str| {
        let explanation = explained(&mesh(instances, more), url);
        let of_target = explanation.targets.first().and_then(|target| target.secured.clone());
        of_target.or(explanation.secured).unwrap_or_default()
    };
    let plain = "http://product/";
    assert_eq!(told(&["zone: a"], &[], plain), "");
    let asks = "mutual TLS of the mesh, asks for outbound_.80_._.product.shop.svc.cluster.local";
    let of_account = "of spiffe://cluster.local/ns/shop/sa/product";
    assert_eq!(told(&[TAKES], &[], plain), format!("{asks}, {of_account}"));
    let some = "; at 10.0.0.0:8080 alone, the others are called in plain text";
    assert_eq!(told(&[TAKES, "zone: a"], &[], plain), format!("{asks}, {of_account}{some}"));
    for (tls, expected) in [
        ("{mode: SIMPLE}", "TLS, asks for the request's host, believes the authorities of the system"),
        (
            "{mode: MUTUAL, credentialName: a, sni: b, subjectAltNames: [c, d]}",
            "TLS, shows the secret a, asks for b, of c or d, believes the authorities of the secret a",
        ),
        (
            "{mode: ISTIO_MUTUAL, sni: b, subjectAltNames: [c]}",
            "mutual TLS of the mesh, asks for b, of nobody: subjectAltNames has no SPIFFE id",
        ),
    ] {
        assert_eq!(told(&["zone: a"], &[&rule(&format!("trafficPolicy: {{tls: {tls}}}"))], plain), expected);
    }
    let by_url = "TLS, asks for the request's host, believes the authorities of the system";
    assert_eq!(told(&["zone: a"], &[], "https://product:80/"), by_url);
    assert_eq!(told(&["zone: a"], &[], "https://elsewhere.example.com/"), by_url);
    assert_eq!(told(&["zone: a"], &[], "http://elsewhere.example.com/"), "");
    let text = explained(&mesh(&[TAKES], &[]), plain).to_string();
    assert!(text.contains(&format!("\n  secured          {asks}, {of_account}\n")), "{text}");
}
