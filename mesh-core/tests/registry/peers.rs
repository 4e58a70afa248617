//! Whether workloads are reached by mutual TLS.

use crate::{labels, model};
use mesh_core::{
    model::{
        Labels, Model,
        TlsDemand::{self, Disabled, Permissive, Strict},
    },
    table::{Snapshot, TlsDemands, Viewpoint},
};

fn peers(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

fn at(model: &Model, namespace: &str, labels: &Labels, ports: &[u16]) -> Vec<TlsDemand> {
    let demands = TlsDemands::of(model, namespace, labels);
    ports.iter().map(|port| demands.at(*port)).collect()
}

const MESH: &str = "{mtls: {mode: STRICT}}";
const OF_A: &str =
    "{selector: {matchLabels: {app: a}}, mtls: {mode: DISABLE}, portLevelMtls: {80: {mode: STRICT}, 81: {}}}";

#[test]
fn the_narrower_wins_and_what_is_unset_is_inherited() {
    let app = |name: &str| labels(&[("app", name)]);
    let nobody = model("");
    assert_eq!(at(&nobody, "shop", &app("a"), &[80]), [Permissive]);
    let all = model(
        &[
            peers("mesh", "istio-system", MESH),
            peers("shop", "shop", "{mtls: {mode: PERMISSIVE}}"),
            peers("a", "shop", OF_A),
            peers("b", "shop", "{selector: {matchLabels: {app: b}}, portLevelMtls: {80: {mode: DISABLE}}}"),
            peers("unset", "other", "{mtls: {mode: UNSET}}"),
        ]
        .concat(),
    );
    assert_eq!(at(&all, "shop", &app("a"), &[80, 81, 82]), [Strict, Disabled, Disabled]);
    assert_eq!(at(&all, "shop", &app("b"), &[80, 81]), [Disabled, Permissive]);
    assert_eq!(at(&all, "shop", &app("c"), &[80]), [Permissive]);
    assert_eq!(at(&all, "other", &app("a"), &[80]), [Strict]);
    let viewpoint = Viewpoint { namespace: "shop".into(), labels: app("a"), ..Viewpoint::default() };
    let table = Snapshot::compile(&all, &viewpoint, None);
    assert_eq!([80, 82].map(|port| table.inbound().tls.at(port)), [Strict, Disabled]);
}

#[test]
fn the_oldest_of_a_kind_counts() {
    let disable = "{selector: {matchLabels: {app: a}}, mtls: {mode: DISABLE}}";
    let permissive = "{selector: {matchLabels: {app: a}}, mtls: {mode: PERMISSIVE}}";
    let old = peers("z", "shop", disable)
        .replace("namespace: shop", "namespace: shop, creationTimestamp: '2024-01-01T00:00:00Z'");
    let new = peers("a", "shop", permissive)
        .replace("namespace: shop", "namespace: shop, creationTimestamp: '2025-01-01T00:00:00Z'");
    let both = model(&format!("{new}{old}"));
    assert_eq!(at(&both, "shop", &labels(&[("app", "a")]), &[80]), [Disabled]);
}

#[test]
fn what_the_root_namespace_says_of_workloads_is_about_its_own() {
    let root = model(&peers("a", "istio-system", OF_A));
    assert_eq!(at(&root, "shop", &labels(&[("app", "a")]), &[80]), [Permissive]);
    assert_eq!(at(&root, "istio-system", &labels(&[("app", "a")]), &[80]), [Strict]);
}

/// What holds at ports of the workload `a` of namespace `shop`, behind the service `a`.
fn old(documents: &[String], ports: &[u16]) -> Vec<TlsDemand> {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\n\
                   spec: {selector: {app: a}, ports: [{name: http, port: 80, targetPort: 8080}, {name: x, port: 81}]}\n";
    let all = model(&format!("{service}{}", documents.concat()));
    let viewpoint =
        Viewpoint { namespace: "shop".into(), labels: labels(&[("app", "a")]), ..Viewpoint::default() };
    let table = Snapshot::compile(&all, &viewpoint, None);
    ports.iter().map(|port| table.inbound().tls.at(*port)).collect()
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
    )
}

#[test]
fn what_the_dialect_of_2019_asks_of_peers_holds_where_todays_says_nothing() {
    let strict = policy("default", "{peers: [{mtls: {}}]}");
    assert_eq!(old(std::slice::from_ref(&strict), &[8080]), [Strict]);
    let permissive = policy("default", "{peers: [{mtls: {mode: PERMISSIVE}}]}");
    assert_eq!(old(&[permissive], &[8080]), [Permissive]);
    let optional = policy("default", "{peers: [{mtls: null}], peerIsOptional: true}");
    assert_eq!(old(&[optional], &[8080]), [Permissive]);
    let nothing = policy("a", "{targets: [{name: a, ports: [{number: 80}]}]}");
    assert_eq!(old(&[strict.clone(), nothing], &[8080, 81]), [Permissive, Strict]);
    let of_service = policy("a", "{targets: [{name: a}], peers: [{mtls: {}}]}");
    assert_eq!(old(std::slice::from_ref(&of_service), &[8080, 81, 9999]), [Strict; 3]);
    let takes_all = policy("a", "{targets: [{name: a}], peers: [{mtls: {mode: PERMISSIVE}}]}");
    assert_eq!(old(&[strict.clone(), takes_all], &[8080, 81]), [Permissive; 2]);
    let todays = peers("mesh", "istio-system", "{mtls: {mode: DISABLE}}");
    assert_eq!(old(&[strict.clone(), todays], &[8080]), [Disabled]);
    let of_port =
        peers("a", "shop", "{selector: {matchLabels: {app: a}}, portLevelMtls: {81: {mode: DISABLE}}}");
    assert_eq!(old(&[strict, of_port], &[8080, 81]), [Strict, Disabled]);
}
