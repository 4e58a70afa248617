//! Documents that guard workloads and never were right: nobody passes until they are.

use http::Request;
use mesh_core::{
    dialect::Setting,
    model::{KeySource, Labels, TlsDemand},
    source::Batch,
    table::{InboundView, RequestView, Snapshot, Viewpoint},
    watch::{Ledger, Standing, Status},
};
use std::sync::Arc;

fn take(ledger: &mut Ledger, text: &str) -> (mesh_core::model::Model, Status) {
    ledger.take(&[Arc::new(Batch::of("mesh.yaml".into(), text.as_bytes(), "shop"))])
}

/// What holds for a workload `app: …` of a namespace.
fn table_of(model: &mesh_core::model::Model, namespace: &str, app: &str) -> Snapshot {
    let labels = Labels::from([("app".to_owned(), app.to_owned())]);
    let viewpoint = Viewpoint { namespace: namespace.into(), labels, ..Viewpoint::default() };
    Snapshot::compile(model, &viewpoint, None)
}

fn passes(table: &Snapshot) -> bool {
    let request = Request::get("http://product/").body(()).expect("a request");
    let view = InboundView {
        source: None,
        remote: None,
        destination: None,
        port: 80,
        server_name: None,
        peer: None,
        claims: None,
        request: Some(RequestView::outbound(&request)),
    };
    table.inbound().authorize(&view).is_allowed()
}

fn policy(kind: &str, more: &str, spec: &str) -> String {
    let group = if kind.ends_with("Policy") && !kind.starts_with('A') {
        "authentication.istio.io/v1alpha1"
    } else {
        "security.istio.io/v1"
    };
    format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{name: guard{more}}}\nspec: {spec}\n")
}

fn authorization(spec: &str) -> String {
    policy("AuthorizationPolicy", "", spec)
}

/// Which of these workloads take requests, by a document alone.
fn open(text: &str) -> Vec<&'static str> {
    let (model, _) = take(&mut Ledger::new(Setting::default()), text);
    let workloads = [
        ("shop/product", "shop", "product"),
        ("shop/cart", "shop", "cart"),
        ("bank/product", "bank", "product"),
    ];
    workloads
        .into_iter()
        .filter(|(_, namespace, app)| passes(&table_of(&model, namespace, app)))
        .map(|(name, ..)| name)
        .collect()
}

const PRODUCT: &str = "selector: {matchLabels: {app: product}}";

#[test]
fn an_authorization_policy_refuses_everybody_for_those_that_it_selects() {
    for wrong in [
        "rulez: [{}]",
        "rules: nonsense",
        "rules: [{to: [{operation: {ports: [x]}}]}]",
        "action: DENY",
        "action: DENI, rules: [{}]",
        "action: CUSTOM, rules: [{}]",
        "rules: [{when: [{key: request.nonsense, values: [a]}]}]",
        "rules: [{from: [{source: {ipBlocks: [10.0.0.0/99]}}]}]",
    ] {
        let text = authorization(&format!("{{{PRODUCT}, {wrong}}}"));
        assert_eq!(open(&text), ["shop/cart", "bank/product"], "{text}");
    }
}

#[test]
fn where_nobody_can_tell_whom_it_selects_it_is_its_namespace_or_the_mesh() {
    for spec in [
        "{selecter: {matchLabels: {app: product}}, rules: [{}]}",
        "{selector: {matchLabels: {app: [product]}}, rules: [{}]}",
        "{selector: {matchLabels: {app: product, '': x}}, rules: [{}]}",
        "{selector: {matchLabels: {app: product}, matchExpressions: []}, rules: [{}]}",
        "nonsense",
        "[]",
    ] {
        let text = authorization(spec);
        assert_eq!(open(&text), ["bank/product"], "{text}");
    }
    let root = policy("AuthorizationPolicy", ", namespace: istio-system", "{rulez: [{}]}");
    assert_eq!(open(&root), [""; 0]);
    let root =
        policy("AuthorizationPolicy", ", namespace: istio-system", &format!("{{{PRODUCT}, rulez: [{{}}]}}"));
    assert_eq!(open(&root), ["shop/cart"]);
    // Without a name, or with none that can be one.
    let spec = "spec: {rules: [{}]}";
    for metadata in ["{namespace: bank}", "{namespace: bank, name: 'a b'}", "{namespace: bank, name: [x]}"] {
        let text = format!(
            "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {metadata}\n{spec}\n"
        );
        assert_eq!(open(&text), ["shop/product", "shop/cart"], "{text}");
    }
}

#[test]
fn what_would_keep_nobody_out_closes_nothing() {
    let everybody = ["shop/product", "shop/cart", "bank/product"];
    for text in [
        authorization("{action: AUDIT, rulez: [{}]}"),
        authorization("{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: x}], rulez: [{}]}"),
        policy("AuthorizationPolicy", ", annotations: {istio.io/dry-run: 'true'}", "{rulez: [{}]}"),
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: {hosts: [1, 2]}\n".into(),
    ] {
        assert_eq!(open(&text), everybody, "{text}");
    }
}

#[test]
fn it_is_told_as_what_it_is() {
    let (_, status) =
        take(&mut Ledger::new(Setting::default()), &authorization(&format!("{{{PRODUCT}, rulez: [{{}}]}}")));
    assert_eq!(status.documents[0].standing, Standing::Closed);
    let lines: Vec<String> = status.faults.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(
        lines[1],
        "mesh.yaml:1: AuthorizationPolicy/guard: is wrong, and never was right: until it is, every request to workloads \
         with app=product that policies of the namespace shop are for is refused (correct it, or remove it)"
    );
}

#[test]
fn a_last_good_state_goes_on_and_a_correction_opens() {
    let good = authorization("{rules: [{}]}");
    let wrong = authorization("{rulez: [{}]}");
    let other_wrong = authorization("{rules: [{to: []}]}");
    let mut ledger = Ledger::new(Setting::default());
    let mut look = |text: &str| {
        let (model, status) = take(&mut ledger, text);
        let standing = status.documents.first().map(|document| document.standing);
        (passes(&table_of(&model, "shop", "product")), standing)
    };
    assert_eq!(look(&good), (true, Some(Standing::Serving)));
    assert_eq!(look(&wrong), (true, Some(Standing::Held)));
    assert_eq!(look(&other_wrong), (true, Some(Standing::Held)));
    assert_eq!(look(""), (true, None));
    assert_eq!(look(&wrong), (false, Some(Standing::Closed)));
    assert_eq!(look(&format!("# a comment\n{wrong}")), (false, Some(Standing::Closed)));
    assert_eq!(look(&other_wrong), (false, Some(Standing::Closed)));
    assert_eq!(look(&format!("# a comment\n{other_wrong}")), (false, Some(Standing::Closed)));
    // What cannot be read at all opens nothing.
    assert_eq!(look("a: [\n"), (false, Some(Standing::Closed)));
    assert_eq!(look(&good), (true, Some(Standing::Serving)));
    assert_eq!(look(&wrong), (true, Some(Standing::Held)));
}

#[test]
fn a_peer_authentication_takes_mutual_tls_alone() {
    let demand = |spec: &str, app: &str| {
        let text = policy("PeerAuthentication", "", spec);
        let (model, _) = take(&mut Ledger::new(Setting::default()), &text);
        table_of(&model, "shop", app).inbound().tls.at(80)
    };
    for wrong in
        ["mtls: {mode: PERMISIVE}", "mtls: {mode: DISABLE}, portLevelMtls: {}", "mtlz: {mode: DISABLE}"]
    {
        let spec = format!("{{{PRODUCT}, {wrong}}}");
        assert_eq!(demand(&spec, "product"), TlsDemand::Strict, "{spec}");
        assert_eq!(demand(&spec, "cart"), TlsDemand::Permissive, "{spec}");
        assert_eq!(demand(&format!("{{{wrong}}}"), "cart"), TlsDemand::Strict, "{spec}");
    }
}

#[test]
fn a_request_authentication_has_no_token_be_good() {
    let text = policy(
        "RequestAuthentication",
        "",
        &format!(
            "{{{PRODUCT}, jwtRules: [{{jwks: '{{}}', fromHeaders: [{{name: x-token}}], outputPayloadToHeader: x-payload, \
             outputClaimToHeaders: [{{header: x-user, claim: sub}}]}}]}}"
        ),
    );
    let (model, _) = take(&mut Ledger::new(Setting::default()), &text);
    let table = table_of(&model, "shop", "product");
    let rules = table.inbound().tokens.rules();
    assert!(rules.iter().all(|rule| rule.keys == KeySource::Unknown && rule.issuer.is_none()), "{rules:?}");
    let places: Vec<_> =
        rules.iter().flat_map(|rule| &rule.places).map(|place| format!("{place:?}")).collect();
    for place in ["x-token", "authorization", "access_token"] {
        assert!(places.iter().any(|own| own.contains(place)), "{place}: {places:?}");
    }
    // Nor does a client say what a good one would.
    let told: Vec<_> = rules.iter().flat_map(|rule| rule.told_headers()).map(|name| name.as_str()).collect();
    assert_eq!(told, ["x-payload", "x-user"]);
    assert_eq!(table_of(&model, "shop", "cart").inbound().tokens.rules(), []);
}

#[test]
fn a_policy_of_2019_lets_nobody_in() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: product}\nspec: {selector: {app: product}, ports: [{port: 80}]}\n";
    for (name, spec, is_for_cart) in [
        ("guard", "{targets: [{name: product}], peerz: []}", false),
        ("guard", "{targets: [{name: product}], origins: [{jwt: {jwksUri: 'http://a'}}]}", false),
        ("guard", "{targets: [{nome: product}]}", true),
        ("guard", "{peers: []}", true),
        ("default", "{peerz: []}", true),
    ] {
        let text = policy("Policy", "", spec).replace("guard", name) + service;
        let (model, _) = take(&mut Ledger::new(Setting::default()), &text);
        for (app, is_closed) in [("product", true), ("cart", is_for_cart)] {
            let table = table_of(&model, "shop", app);
            let policy = table.inbound().policies.at(80);
            assert_eq!(policy.is_some(), is_closed, "{spec} {app}");
            assert_eq!(table.inbound().tls.at(80) == TlsDemand::Strict, is_closed, "{spec} {app}");
            if let Some(policy) = policy {
                assert!(!policy.origin_is_optional);
                assert!(policy.origins.iter().all(|origin| origin.rule.keys == KeySource::Unknown));
                assert!(!policy.origins.is_empty());
            }
        }
    }
}
