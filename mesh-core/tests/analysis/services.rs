use super::{codes, deployment, severities, told};
use mesh_core::document::Severity;

fn service(name: &str, ports: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: web}}, ports: [{ports}]}}\n"
    )
}

#[test]
fn a_port_whose_name_tells_no_protocol_is_worth_knowing() {
    let told = told(&[&service("web", "{name: http, port: 80}, {name: rest, port: 8080, targetPort: web}")]);
    let expected = "IST0118 mesh.yaml:4: Service/web: spec.ports[1].name: port name \"rest\" (port: 8080, targetPort: \
                    web) doesn't follow the naming convention of Istio port (begin it with the protocol: http-web, \
                    grpc, tcp-db)";
    assert_eq!(told, [expected]);
    assert_eq!(severities(&[&service("web", "{port: 80}")]), [Severity::Info]);
    for right in [
        "{name: http-web, port: 80}",
        "{name: HTTP2, port: 80}",
        "{name: grpc-web, port: 80}",
        "{name: rest, port: 80, appProtocol: http}",
        "{name: rest, port: 80, appProtocol: kubernetes.io/h2c}",
        "{name: rest, port: 80, protocol: UDP}",
        "{port: 3306}",
    ] {
        assert!(codes(&[&service("web", right)]).is_empty(), "{right}");
    }
    assert_eq!(codes(&[&service("web", "{name: rest, port: 80, appProtocol: acme}")]), ["IST0118"]);
}

#[test]
fn services_of_the_cluster_and_of_istio_itself_may_name_their_ports_as_they_like() {
    let web = service("web", "{name: rest, port: 80}");
    assert!(codes(&[&web.replace("name: web}", "name: web, namespace: kube-system}")]).is_empty());
    assert!(codes(&[&web.replace("name: web}", "name: web, labels: {istio: pilot}}")]).is_empty());
}

#[test]
fn the_port_of_an_external_name_needs_a_protocol_that_names_its_host() {
    let of = |ports: &str| service("web", ports).replace("selector: {app: web}", "externalName: web.test");
    for wrong in ["{name: tcp, port: 443}", "{name: rest, port: 443}", "{port: 443}"] {
        assert_eq!(codes(&[&of(wrong)]), ["IST0150"], "{wrong}");
    }
    assert_eq!(severities(&[&of("{port: 443}")]), [Severity::Warning]);
    assert!(codes(&[&of("{name: https, port: 443}")]).is_empty());
}

#[test]
fn services_that_give_a_workload_two_protocols_on_one_port_are_told_of_the_workload() {
    let web = deployment("web", "app: web");
    let (one, two) = (service("one", "{name: http, port: 80}"), service("two", "{name: tcp, port: 80}"));
    let expected = "IST0116 mesh.yaml:11: Deployment/web: associated with multiple services one, two using port 80 \
                    but different protocols: http, tcp (give the ports one protocol)";
    assert_eq!(told(&[&one, &two, &web]), [expected]);
    assert!(codes(&[&one, &service("two", "{name: http-b, port: 80}"), &web]).is_empty());
    assert!(codes(&[&one, &service("two", "{name: tcp, port: 81}"), &web]).is_empty());
    assert!(codes(&[&one, &service("two", "{name: dns, port: 80, protocol: UDP}"), &web]).is_empty());
    assert_eq!(
        codes(&[&one, &service("two", "{name: rest, port: 80}"), &web]),
        ["IST0118"],
        "it is found out"
    );
    assert!(codes(&[&one, &two, &deployment("web", "app: cart")]).is_empty());
    let outside = web.replace("labels: {app: web}", "labels: {app: web, sidecar.istio.io/inject: \"false\"}");
    assert!(codes(&[&one, &two, &outside]).is_empty(), "not a workload of the mesh");
}

#[test]
fn services_that_reach_one_port_of_a_workload_by_different_ones_are_told_of_the_workload() {
    let web = deployment("web", "app: web");
    let one = service("one", "{name: http, port: 80, targetPort: 8080}");
    let two = service("two", "{name: http, port: 8080}");
    let expected = "IST0137 mesh.yaml:11: Deployment/web: associated with multiple services one, two using targetPort \
                    8080 but different ports: 80, 8080 (use one port of the services for this targetPort)";
    assert_eq!(told(&[&one, &two, &web]), [expected]);
    let both = service("one", "{name: http, port: 80, targetPort: 8080}, {name: http-b, port: 8080}");
    assert!(codes(&[&both, &web]).is_empty(), "one service may have two names for a port");
}
