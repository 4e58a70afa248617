//! Which workloads a policy is for.

use crate::world::*;
use mesh_core::{
    model::GatewayName,
    table::{GatewayRole, Snapshot, Viewpoint},
};
use std::sync::Arc;

#[test]
fn a_policy_is_for_the_workloads_of_its_namespace_that_it_selects() {
    let nothing = |selector: &str| table(&policy("p", &format!("{{selector: {selector}}}")));
    for selector in ["null", "{}", "{matchLabels: {}}", "{matchLabels: {app: product}}"] {
        assert!(!get().passes(&nothing(selector)), "{selector}");
    }
    for selector in ["{matchLabels: {app: cart}}", "{matchLabels: {app: product, version: v1}}"] {
        assert!(get().passes(&nothing(selector)), "{selector}");
    }
    assert!(get().passes(&table(&policy_in("other", "p", "{}"))));
}

#[test]
fn a_policy_of_the_root_namespace_is_for_all() {
    assert!(!get().passes(&table(&policy_in("istio-system", "p", "{}"))));
    let selected = policy_in("istio-system", "p", "{selector: {matchLabels: {app: product}}}");
    assert!(!get().passes(&table(&selected)));
    assert!(get().passes(&table_of(&selected, "shop", &[("app", "cart")])));
    let root = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, \
                data: {mesh: {rootNamespace: mesh-root}}}\n";
    assert!(!get().passes(&table(&format!("{root}{}", policy_in("mesh-root", "p", "{}")))));
}

#[test]
fn a_policy_for_the_gateway_api_is_for_no_workload() {
    let target = "{group: gateway.networking.k8s.io, kind: Gateway, name: door}";
    for spec in [format!("{{targetRef: {target}}}"), format!("{{targetRefs: [{target}]}}")] {
        assert!(get().passes(&table(&policy("p", &spec))), "{spec}");
    }
}

#[test]
fn a_gateway_keeps_the_policies_that_select_it() {
    let gateway = "---\n{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: door, namespace: shop}, \
                   spec: {selector: {istio: ingress}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}}\n";
    let text = format!("{gateway}{}", policy("p", "{selector: {matchLabels: {istio: ingress}}}"));
    let named = |name: &str| Viewpoint {
        namespace: "shop".into(),
        gateway: GatewayRole::Named(GatewayName { namespace: "shop".into(), name: name.into() }),
        ..Viewpoint::default()
    };
    let by_selector = |value: &str| Viewpoint {
        namespace: "shop".into(),
        labels: [("istio".to_owned(), value.to_owned())].into(),
        gateway: GatewayRole::BySelector,
        ..Viewpoint::default()
    };
    for (viewpoint, passes) in [
        (named("door"), false),
        (named("other"), true),
        (by_selector("ingress"), false),
        (by_selector("egress"), true),
    ] {
        let table = Snapshot::compile(&model(&text), &viewpoint, None);
        assert_eq!(get().passes(&table), passes, "{viewpoint:?}");
    }
}

#[test]
fn what_did_not_change_is_not_made_again() {
    let viewpoint = Viewpoint { namespace: "shop".into(), ..Viewpoint::default() };
    let mut meant = model(&policy("p", "{rules: [{}]}"));
    let first = Snapshot::compile(&meant, &viewpoint, None);
    meant.security.authorization.extend(model(&policy_in("other", "q", "{}")).security.authorization);
    let second = Snapshot::compile(&meant, &viewpoint, Some(&first));
    assert!(Arc::ptr_eq(first.inbound(), second.inbound()));
    meant
        .security
        .authorization
        .extend(model(&policy("r", "{action: DENY, rules: [{}]}")).security.authorization);
    let third = Snapshot::compile(&meant, &viewpoint, Some(&second));
    assert!(!get().passes(&third) && get().passes(&second));
}
