//! Services that are asked about requests.

use super::{service, told};

fn config(providers: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\n\
         data:\n  mesh: |-\n    extensionProviders: [{providers}]\n"
    )
}

fn limit(service: &str, port: u16) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: x}}\nspec: {{rules: [{{global: \
         {{service: {service}, port: {port}, domain: d, descriptors: [[{{value: a}}]]}}}}]}}\n"
    )
}

fn policy(provider: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: ask}}\n\
         spec: {{action: CUSTOM, provider: {{name: {provider}}}, rules: [{{}}]}}\n"
    )
}

#[test]
fn a_provider_must_be_a_service_with_that_port() {
    let provider = |name: &str, kind: &str, service: &str, port: u16| {
        config(&format!("{{name: {name}, {kind}: {{service: {service}, port: {port}}}}}"))
    };
    let authz = service("authz", &[8000]);
    let full = "authz.shop.svc.cluster.local";
    assert_eq!(told(&[&authz, &provider("a", "envoyExtAuthzHttp", full, 8000)]), [""; 0]);
    assert_eq!(told(&[&authz, &provider("a", "envoyExtAuthzGrpc", &format!("shop/{full}"), 8000)]), [""; 0]);
    assert_eq!(
        told(&[&authz, &provider("a", "envoyExtAuthzHttp", "authz.bank.svc.cluster.local", 8000)]),
        [
            "IST0101 mesh.yaml:11: ConfigMap/istio: data.mesh.extensionProviders[0].envoyExtAuthzHttp.service: referenced \
             host not found: \"authz.bank.svc.cluster.local\" (did you mean authz.shop.svc.cluster.local?)"
        ]
    );
    assert_eq!(
        told(&[&authz, &provider("a", "envoyExtAuthzGrpc", full, 9000)]),
        [
            "IST0101 mesh.yaml:11: ConfigMap/istio: data.mesh.extensionProviders[0].envoyExtAuthzGrpc.port: referenced \
             port not found: authz.shop.svc.cluster.local has no port 9000 (write one of the ports of the service)"
        ]
    );
    // Its services may be described elsewhere.
    assert_eq!(told(&[&provider("a", "envoyExtAuthzHttp", full, 8000)]), [""; 0]);
}

#[test]
fn a_limiting_service_must_be_there() {
    let limits = service("limits", &[8081]);
    assert_eq!(told(&[&limits, &limit("limits.shop.svc.cluster.local", 8081)]), [""; 0]);
    assert_eq!(
        told(&[&limits, &limit("limits", 8081)]),
        [
            "IST0101 mesh.yaml:9: RateLimit/x: spec.rules[0].global.service: referenced host not found: \"limits\" \
             (write a full name, and describe the host in a Service or a ServiceEntry)"
        ]
    );
}

#[test]
fn a_policy_must_name_a_provider_that_the_mesh_has() {
    let config = config("{name: opa, envoyExtAuthzGrpc: {service: opa.shop.svc.cluster.local, port: 9191}}");
    assert_eq!(told(&[&config, &policy("opa")]), [""; 0]);
    assert_eq!(
        told(&[&config, &policy("oppa")]),
        [
            "IST0101 mesh.yaml:11: AuthorizationPolicy/ask: spec.provider.name: referenced extension provider not found: \
             \"oppa\" (name it in extensionProviders of the MeshConfig; nobody passes until then)"
        ]
    );
    assert_eq!(told(&[&policy("oppa")]), [""; 0]);
}
