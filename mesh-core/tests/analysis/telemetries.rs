use super::{codes, pod, severities, told};
use mesh_core::document::Severity;

fn telemetry(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {{name: {name}}}\nspec:\n  {{{spec}}}\n"
    )
}

fn selecting(name: &str, labels: &str) -> String {
    telemetry(name, &format!("selector: {{matchLabels: {{{labels}}}}}"))
}

fn config(mesh: &str) -> String {
    let metadata = "metadata: {name: istio, namespace: istio-system}";
    format!("apiVersion: v1\nkind: ConfigMap\n{metadata}\ndata:\n  mesh: |-\n    {{{mesh}}}\n")
}

#[test]
fn several_telemetries_without_a_selector_are_each_told_with_all_places() {
    let told = told(&[&telemetry("one", ""), &telemetry("two", "")]);
    let expected = "IST0160 mesh.yaml:4: Telemetry/one: spec: the Telemetries shop/one (mesh.yaml:1), shop/two \
                    (mesh.yaml:7) in namespace \"shop\" have no workload selector, and only the oldest counts (keep \
                    one of them, or let the others select)";
    assert_eq!(told[0], expected);
    assert_eq!(severities(&[&telemetry("one", ""), &telemetry("two", "")]), [Severity::Error; 2]);
    let elsewhere = telemetry("two", "").replace("name: two", "name: two, namespace: store");
    assert!(codes(&[&telemetry("one", ""), &elsewhere]).is_empty());
    assert!(codes(&[&telemetry("one", ""), &selecting("two", "app: web")]).is_empty());
    let gateway = telemetry("two", "targetRef: {kind: Service, name: a}");
    assert!(codes(&[&telemetry("one", ""), &gateway]).is_empty(), "it is for no workload");
}

#[test]
fn several_telemetries_for_one_workload_are_each_told() {
    let (by_app, by_version) = (selecting("one", "app: web"), selecting("two", "version: v1"));
    let web = pod("a", "app: web, version: v1");
    let told = told(&[&web, &by_app, &by_version]);
    assert_eq!(told.len(), 2);
    let expected = "IST0159 mesh.yaml:10: Telemetry/one: spec.selector: the Telemetries shop/one (mesh.yaml:6), \
                    shop/two (mesh.yaml:12) in namespace \"shop\" select the same workload, at mesh.yaml:1, and only \
                    the oldest counts (let their selectors exclude one another)";
    assert_eq!(told[0], expected);
    let other = pod("b", "app: cart, version: v1");
    assert!(codes(&[&pod("a", "app: web"), &other, &by_app, &by_version]).is_empty());
}

#[test]
fn a_telemetry_for_nobody_is_told_where_its_namespace_has_workloads() {
    let web = selecting("web", "app: web");
    let told = told(&[&pod("cart", "app: cart"), &web]);
    let expected = "IST0101 mesh.yaml:10: Telemetry/web: spec.selector: referenced selector not found: \"app=web\" \
                    (correct the labels: no workload has them)";
    assert_eq!(told, [expected]);
    assert!(codes(&[&web]).is_empty(), "nobody says what runs here");
}

#[test]
fn a_log_for_nobody_is_told() {
    let silent = telemetry("a", "accessLogging: [{providers: [{name: envoy}]}, {}, {}]");
    let expected = "IST0157 mesh.yaml:5: Telemetry/a: spec.accessLogging[1]: the Telemetry a in namespace \"shop\" with \
                    empty providers will be ignored (name providers, or defaultProviders.accessLogging in the \
                    MeshConfig)";
    assert_eq!(told(&[&silent]), [expected]);
    assert_eq!(severities(&[&silent]), [Severity::Warning]);
    assert!(codes(&[&telemetry("a", "accessLogging: [{disabled: true}]")]).is_empty());
    assert!(codes(&[&silent, &config("defaultProviders: {accessLogging: [envoy]}")]).is_empty());
}

#[test]
fn a_provider_that_the_mesh_does_not_name_is_told() {
    let named = "tracing: [{providers: [{name: zipkin}]}], metrics: [{providers: [{name: prometheus}, {name: other}]}], \
                 accessLogging: [{providers: [{name: Mine}]}]";
    let mesh = config("extensionProviders: [{name: mine, envoyFileAccessLog: {}}]");
    let told = told(&[&telemetry("a", named), &mesh]);
    assert_eq!(told.len(), 2, "{told:?}");
    let expected = "IST0101 mesh.yaml:5: Telemetry/a: spec.tracing[0].providers[0]: referenced extension provider not \
                    found: \"zipkin\" (name it in extensionProviders of the MeshConfig; it gets nothing until then)";
    assert_eq!(told[0], expected);
    assert!(told[1].contains("spec.metrics[0].providers[1]"), "{told:?}");
    assert!(codes(&[&telemetry("a", named)]).is_empty(), "the MeshConfig is elsewhere");
}
