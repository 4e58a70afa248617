use super::taken;
use http::Request;
use mesh_core::{
    identity::Claims,
    table::{GatewayRole, RequestView, Snapshot, Viewpoint},
};
use serde_json::{Value, json};

#[test]
fn rules_that_ask_for_claims_look_at_what_the_verified_token_says() {
    let documents = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {selector: {}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: shop}
spec:
  hosts: [a.com]
  gateways: [edge]
  http:
  - match: [{headers: {'@request.auth.claims.group': {exact: admin}}}]
    directResponse: {status: 201}
  - match: [{withoutHeaders: {'@request.auth.claims.group': {exact: banned}}}]
    directResponse: {status: 202}
  - directResponse: {status: 203}
";
    let (model, _) = taken(documents);
    let gateway = GatewayRole::BySelector;
    let table = Snapshot::compile(
        &model,
        &Viewpoint { namespace: "shop".into(), gateway, ..Viewpoint::default() },
        None,
    );
    let request = Request::get("/").header("host", "a.com").body(()).expect("a request");
    let explain = |claims: Option<Value>| {
        let claims = claims.map(|claims| Claims::new(claims.as_object().expect("claims").clone()));
        let view = RequestView::at_gateway(&request, 80, false).with_claims(claims.as_ref());
        let explanation = table.explain(&view);
        let reasons = explanation.passed_over.into_iter().map(|rule| rule.reason).collect::<Vec<_>>();
        (explanation.status, reasons.concat())
    };
    for (claims, status) in [
        (Some(json!({"group": "admin"})), 201),
        (Some(json!({"group": ["user", "admin"]})), 201),
        (Some(json!({"group": "user"})), 202),
        (Some(json!({"group": 7})), 202),
        (Some(json!({"group": ["user", "banned"]})), 203),
        // As in Envoy, who has no token is not banned.
        (None, 202),
    ] {
        assert_eq!(explain(claims.clone()).0, Some(status), "{claims:?}");
    }
    assert!(explain(None).1.contains("claim group is unknown, as there is no verified token"));
    assert!(explain(Some(json!({"group": "banned"}))).1.contains("\"banned\""));
}
