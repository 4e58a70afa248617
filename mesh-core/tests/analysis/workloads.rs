use super::{codes, deployment, gateway, pod, take, told};
use mesh_core::{document::Reading, source::Batch};

fn service(selector: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: door}}\n\
         spec: {{selector: {{{selector}}}, ports: [{{name: http, {port}}}]}}\n"
    )
}

#[test]
fn a_gateways_port_that_no_service_leads_to_is_told() {
    let (door, runs) = (gateway("door", "app: door", 8080, "shop.test"), pod("door", "app: door"));
    let told = told(&[&runs, &service("app: door", "port: 80"), &door]);
    let expected = "IST0162 mesh.yaml:17: Gateway/door: spec.servers[0].port: the gateway is listening on a target \
                    port (port 8080) that is not defined in the Service associated with its workload instances (Pod \
                    selector app=door) (add it to the Service as targetPort, or correct the port)";
    assert_eq!(told, [expected]);
    for right in [
        "port: 8080",
        "port: 80, targetPort: 8080",
        "port: 80, targetPort: web",
        "port: 8080, targetPort: 18080",
    ] {
        assert!(codes(&[&runs, &service("app: door", right), &door]).is_empty(), "{right}");
    }
    assert!(codes(&[&runs, &service("app: other", "port: 80"), &door]).is_empty(), "no service of its own");
    assert!(codes(&[&service("app: door", "port: 80"), &door]).is_empty(), "nobody says what runs");
    let unsaid = service("app: door", "port: 80, targetPort: public");
    assert!(codes(&[&runs, &unsaid, &door]).is_empty(), "only the workload knows which port that is");
}

#[test]
fn a_gateway_for_nobody_is_told_where_others_have_its_labels() {
    let door = gateway("door", "istio: ingres", 80, "shop.test");
    let ingress = deployment("ingress", "istio: ingress");
    let told = told(&[&ingress, &door]);
    let expected = "IST0127 mesh.yaml:10: Gateway/door: spec.selector: no matching workloads for this resource with \
                    the following labels: istio=ingres (correct the selector)";
    assert_eq!(told, [expected]);
    assert!(codes(&[&ingress, &gateway("door", "istio: ingress", 80, "shop.test")]).is_empty());
    assert!(codes(&[&deployment("web", "app: web"), &door]).is_empty(), "the gateway runs elsewhere");
    assert!(codes(&[&ingress, &gateway("door", "istio: ingressgateway", 80, "shop.test")]).is_empty());
}

#[test]
fn documents_that_only_the_analysis_looks_at_do_not_serve_and_are_never_refused() {
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: web}}\n".to_owned();
    let status = take(&[secret, deployment("web", "app: web")].join("---\n"));
    assert_eq!((status.documents.len(), status.faults.len()), (0, 0), "{status:?}");
    assert_eq!(status.skipped.len(), 2);
    for broken in [
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {generateName: web-}, spec: {}}",
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: [web]}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: [web]}}",
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, labels: {a: 1}}, spec: 7}",
    ] {
        let good = super::service("web", &[80]);
        let status = take(&format!("{broken}\n---\n{good}"));
        assert_eq!((status.documents.len(), status.faults.len()), (1, 0), "{broken}: {status:?}");
        assert_eq!(status.skipped.len(), 1, "{broken}");
    }
}

#[test]
fn the_values_of_a_secret_are_not_kept() {
    let text = "{apiVersion: v1, kind: Secret, metadata: {name: a, annotations: {last-applied: hunter2}}, \
                data: {tls.key: hunter2}, stringData: {tls.crt: hunter2}}";
    let batch = Batch::of("mesh.yaml".into(), text.as_bytes(), "shop");
    assert!(matches!(batch.readings[..], [Reading::Good { .. }]));
    let kept = format!("{batch:?}");
    assert!(kept.contains("tls.key") && kept.contains("tls.crt") && !kept.contains("hunter2"), "{kept}");
}
