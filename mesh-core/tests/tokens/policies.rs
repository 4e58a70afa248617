use super::table;
use mesh_core::{
    model::{PeerDemand, PrincipalBinding},
    table::Snapshot,
};

/// A Policy `namespace/name`, or the MeshPolicy of an empty namespace.
fn policy(name: &str, targets: &str) -> String {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let (kind, metadata) = match namespace {
        "" => ("MeshPolicy", format!("name: {name}")),
        namespace => ("Policy", format!("name: {name}, namespace: {namespace}")),
    };
    format!(
        "---\n{{apiVersion: authentication.istio.io/v1alpha1, kind: {kind}, metadata: {{{metadata}}}, spec: {{{targets}}}}}\n"
    )
}

const SERVICES: &str = "
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  selector: {app: catalog}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: http-admin, port: 81, targetPort: 8081}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
";

/// The names of the Policies that hold on some ports.
fn at(table: &Snapshot, ports: &[u16]) -> Vec<String> {
    let name = |port: &u16| table.inbound().policies.at(*port).map(|policy| policy.name.to_string());
    ports.iter().map(|port| name(port).unwrap_or_default()).collect()
}

#[test]
fn the_narrowest_policy_holds_and_no_other() {
    let documents = [
        SERVICES.to_owned(),
        policy("/default", ""),
        policy("shop/default", "peers: [{mtls: {}}]"),
        policy("shop/service", "targets: [{name: catalog}]"),
        policy("shop/port", "targets: [{name: catalog, ports: [{number: 81}]}]"),
    ];
    let ports = [8080, 8081, 81];
    assert_eq!(at(&table(&documents.concat(), "shop", "catalog"), &ports), ["service", "port", "service"]);
    assert_eq!(at(&table(&documents[..4].concat(), "shop", "catalog"), &ports), ["service"; 3]);
    assert_eq!(at(&table(&documents[..3].concat(), "shop", "catalog"), &ports), ["default"; 3]);
    let table = |namespace, app| table(&documents.concat(), namespace, app);
    assert!(table("shop", "cart").inbound().policies.at(80).is_some_and(|policy| policy.peers.is_some()));
    assert!(table("other", "catalog").inbound().policies.at(80).is_some_and(|policy| policy.peers.is_none()));
}

#[test]
fn ports_are_those_of_the_service_by_number_or_name() {
    let named = policy("shop/port", "targets: [{name: catalog, ports: [{name: http-admin}]}]");
    let documents = format!("{SERVICES}{named}");
    assert_eq!(at(&table(&documents, "shop", "catalog"), &[8080, 8081]), ["", "port"]);
    let entry = "---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: catalog-1, namespace: shop}
spec: {address: 10.0.0.1, labels: {app: catalog}, ports: {http-admin: 9999}}
";
    // An instance that listens elsewhere says so.
    assert_eq!(at(&table(&format!("{documents}{entry}"), "shop", "catalog"), &[8081, 9999]), ["", "port"]);
}

#[test]
fn of_two_policies_for_one_service_the_older_holds() {
    let named = |name: &str, created: &str| {
        let text = policy(&format!("shop/{name}"), "targets: [{name: catalog}]");
        text.replace("namespace: shop", &format!("namespace: shop, creationTimestamp: '{created}'"))
    };
    let documents =
        [SERVICES.to_owned(), named("a", "2020-01-01T00:00:00Z"), named("b", "2019-01-01T00:00:00Z")];
    assert_eq!(at(&table(&documents.concat(), "shop", "catalog"), &[8080]), ["b"]);
}

#[test]
fn a_policy_says_what_is_asked_of_peers_and_of_origins() {
    let written = "targets: [{name: catalog}], peers: [{mtls: {mode: PERMISSIVE}}], peerIsOptional: true, \
                   origins: [{jwt: {issuer: 'http://auth', jwksUri: 'http://auth/keys', triggerRules: \
                   [{excludedPaths: [{exact: /health}], includedPaths: [{prefix: /api}, {suffix: .html}]}]}}], \
                   originIsOptional: true, principalBinding: USE_ORIGIN";
    let table = table(&format!("{SERVICES}{}", policy("shop/catalog", written)), "shop", "catalog");
    let policy = table.inbound().policies.at(8080).expect("a policy");
    assert_eq!(policy.peers, Some(PeerDemand { takes_plain_text: true, takes_anonymous_tls: false }));
    assert!(policy.peer_is_optional && policy.origin_is_optional);
    assert_eq!(policy.binding, PrincipalBinding::Origin);
    let [origin] = &*policy.origins else { panic!("one origin") };
    assert!(origin.rule.forwards);
    let header = origin.rule.payload_header.as_ref().expect("a header");
    assert_eq!(header, "istio-sec-bae96e4317f9f214e79f3c2efaf7882e13409326");
    for (path, is_asked) in [("/api/a", true), ("/a.html", true), ("/health", false), ("/other", false)] {
        assert_eq!(origin.is_asked_on(path), is_asked, "{path}");
    }
}
