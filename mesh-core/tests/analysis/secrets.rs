use super::{codes, pod, severities, told};
use mesh_core::document::Severity;

/// A secret; `keys` is the inside of a flow mapping.
fn secret(name: &str, keys: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         type: Opaque\ndata: {{{keys}}}\n"
    )
}

const SERVER: &str = "tls.crt: aGk=, tls.key: aGk=";

/// A Gateway with these settings for TLS, and this inside of a selector.
fn gateway(name: &str, selector: &str, tls: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {name}}}\nspec:\n  \
         selector: {{{selector}}}\n  servers:\n  - port: {{number: 443, name: https, protocol: HTTPS}}\n    \
         hosts: [{name}.test]\n    tls: {{{tls}}}\n"
    )
}

const BY_SECRET: &str = "mode: SIMPLE, credentialName: cert";

#[test]
fn a_secret_that_is_not_there_is_told_where_certificates_are_in_secrets() {
    let door = gateway("door", "app: door", BY_SECRET);
    let told = told(&[&secret("card", SERVER), &door]);
    let expected = "IST0101 mesh.yaml:15: Gateway/door: spec.servers[0].tls.credentialName: referenced credentialName \
                    not found: \"cert\", in namespace shop (correct the name, or add the secret where the gateway's \
                    workloads run)";
    assert_eq!(told, [expected]);
    assert!(codes(&[&door]).is_empty(), "the secrets are elsewhere");
    assert!(
        codes(&[&secret("password", "password: aGk="), &door]).is_empty(),
        "the certificates are elsewhere"
    );
    assert!(codes(&[&secret("cert", SERVER), &door]).is_empty());
    assert!(codes(&[&secret("cert", "cert: aGk=, key: aGk="), &door]).is_empty());
    let file = gateway("door", "app: door", "mode: SIMPLE, credentialName: \"file:///certs/door\"");
    assert!(codes(&[&secret("card", SERVER), &file]).is_empty());
}

#[test]
fn a_secret_has_to_be_where_the_workloads_of_the_gateway_are() {
    let door = gateway("door", "app: door", BY_SECRET);
    let elsewhere = pod("door", "app: door").replace("name: door,", "name: door, namespace: doors,");
    assert_eq!(codes(&[&elsewhere, &secret("cert", SERVER), &door]), ["IST0101"]);
    assert!(codes(&[&elsewhere, &secret("doors/cert", SERVER), &door]).is_empty());
    let istios = gateway("door", "istio: ingressgateway", BY_SECRET);
    assert!(codes(&[&secret("istio-system/cert", SERVER), &istios]).is_empty());
    assert_eq!(codes(&[&secret("istio-system/cert", SERVER), &door]), ["IST0101"]);
}

#[test]
fn a_secret_without_what_it_is_needed_for_is_told_and_none_of_its_values() {
    let door = gateway("door", "app: door", BY_SECRET);
    let other = secret("other", SERVER);
    let told = told(&[&other, &secret("cert", "tls.crt: dG9wc2VjcmV0"), &door]);
    let expected = "IST0161 mesh.yaml:21: Gateway/door: spec.servers[0].tls.credentialName: the secret cert has no \
                    tls.crt and tls.key (add it to the secret)";
    assert_eq!(told, [expected]);
    assert_eq!(severities(&[&other, &secret("cert", "a: aGk="), &door]), [Severity::Error]);
    assert!(codes(&[&other, &secret("cert", ""), &door]).is_empty(), "somebody else fills it in");
}

#[test]
fn where_clients_show_certificates_the_authorities_are_needed_too() {
    let of = |tls: &str| gateway("door", "app: door", &format!("mode: MUTUAL, credentialName: cert{tls}"));
    let cert = secret("cert", SERVER);
    assert_eq!(codes(&[&cert, &of("")]), ["IST0161"]);
    assert!(codes(&[&secret("cert", &format!("{SERVER}, ca.crt: aGk=")), &of("")]).is_empty());
    assert!(codes(&[&cert, &secret("cert-cacert", "cacert: aGk="), &of("")]).is_empty());
}

#[test]
fn gateways_of_the_same_workloads_that_serve_one_certificate_are_told() {
    let certificate = "mode: SIMPLE, serverCertificate: /a.pem, privateKey: /a.key";
    let one = gateway("one", "istio: ingress", certificate);
    let told = told(&[&one, &gateway("two", "istio: ingress", certificate)]);
    let expected = "IST0138 mesh.yaml:9: Gateway/one: spec.servers[0].tls: duplicate certificate in multiple gateways \
                    shop/two (mesh.yaml:11) may cause 404s if clients re-use HTTP2 connections (let one Gateway serve \
                    all hosts of the certificate)";
    assert_eq!((told[0].as_str(), told.len()), (expected, 2));
    // Of the narrower selector's workloads, all are the wider one's too, and not the other way round.
    let narrower = gateway("two", "istio: ingress, zone: a", certificate);
    assert_eq!(codes(&[&one, &narrower]), ["IST0138"]);
    assert!(codes(&[&one, &gateway("two", "istio: egress", certificate)]).is_empty());
    let other = "mode: SIMPLE, serverCertificate: /b.pem, privateKey: /a.key";
    assert!(codes(&[&one, &gateway("two", "istio: ingress", other)]).is_empty());
}
