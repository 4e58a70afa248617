//! What is refused: documents that are wrong, and certificates that cannot be used.

use crate::scene::{OF_DOCUMENT, PASSWORD, QUERY_KEY, SIGNING, Scene, UPSTREAM, write};
use http::{Request, StatusCode};
use mesh_tower::Body;
use std::{fs, time::Duration};
use tests::soon;

/// Documents of which each is wrong where a secret is.
pub(crate) async fn documents(scene: &Scene) {
    let head = |kind: &str, name: &str| {
        let group = if kind == "VirtualService" { "networking" } else { "security" };
        format!("apiVersion: {group}.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n")
    };
    let route = |rule: &str| {
        format!(
            "spec: {{hosts: [product], http: [{{{rule}, route: [{{destination: {{host: product}}}}]}}]}}\n"
        )
    };
    let rule = |rule: &str| format!("spec: {{jwtRules: [{{issuer: a, {rule}}}]}}\n");
    let wrong = [
        head("VirtualService", "b1")
            + &route(&format!("headers: {{request: {{set: {{authorization: '{UPSTREAM}%'}}}}}}")),
        head("VirtualService", "b2")
            + &route(&format!("headers: {{request: {{set: {{authorization: \"{UPSTREAM}\\n\"}}}}}}")),
        head("VirtualService", "b3")
            + &route(&format!("match: [{{headers: {{authorization: {UPSTREAM}}}}}]")),
        head("VirtualService", "b4")
            + &route(&format!("match: [{{headers: {{authorization: {{regex: '{UPSTREAM}('}}}}}}]")),
        head("RequestAuthentication", "b5")
            + &rule(&format!("jwksUri: 'ftp://u:{PASSWORD}@a/?k={QUERY_KEY}'")),
        head("RequestAuthentication", "b6")
            + &rule(&format!("jwksUri: 'http://u:{PASSWORD}@a:b/?k={QUERY_KEY}'")),
        head("RequestAuthentication", "b7")
            + &rule(&format!("jwksUri: 'http://u:{PASSWORD}@a b/?k={QUERY_KEY}'")),
        head("RequestAuthentication", "b8")
            + &rule(&format!("jwks: '{{\"keys\": [{{\"k\": \"{SIGNING}\"}}'")),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: [b9]}}\nstringData: {{a: {OF_DOCUMENT}}}\n"),
    ];
    scene.documents.write("wrong.yaml", &wrong.join("---\n"));
    for (index, text) in [
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: !!int {OF_DOCUMENT}}}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: \"{OF_DOCUMENT}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {OF_DOCUMENT}, a: {OF_DOCUMENT}}}\n"),
        format!("kind: Secret\nstringData:\n  a: |\n   {OF_DOCUMENT}\n {OF_DOCUMENT}: {{\n"),
        format!("kind: Secret\nstringData: *{OF_DOCUMENT}\n"),
    ]
    .iter()
    .enumerate()
    {
        scene.documents.write(&format!("wrong-{index}.yaml"), text);
    }
    let mut status = scene.mesh.status();
    let whole = ["b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8"];
    let all = status.wait_for(|status| {
        let faults: Vec<_> =
            status.faults.iter().filter(|fault| fault.is_refusal()).map(ToString::to_string).collect();
        let has = |part: &str| faults.iter().any(|fault| fault.contains(part));
        whole.iter().all(|name| has(&format!("/{name}"))) && has("wrong-0.yaml") && has("wrong-1.yaml")
    });
    let status = soon(all).await.expect("a mesh that looks").clone();
    for fault in &status.faults {
        scene.told.add(format!("{fault} {fault:?}"));
    }
}

/// Files of certificates in which keys are where they do not belong, with line breaks lost.
pub(crate) async fn certificates(scene: &Scene) {
    let mine = scene.member.key();
    let in_one_line = mine.replace('\n', "");
    for text in [in_one_line.replace("-----END", "\n-----END"), mine.replace("END ", ""), in_one_line] {
        refused(scene, &text).await;
        refused(scene, "").await;
    }
    let broken = scene.certified.key.replace('\n', "");
    for name in ["tls.crt", "tls.key", "ca.crt"] {
        let path = scene.secrets.path().join("door").join(name);
        let good = fs::read(&path).expect("a file");
        fs::write(&path, &broken).expect("a folder");
        let request = Request::get("http://outside.test/").body(Body::empty()).expect("a request");
        let answer = soon(scene.mesh.client().request(request)).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        scene.told.add(soon(tests::wire::text(answer)).await);
        fs::write(&path, good).expect("a folder");
    }
}

/// Waits until a file of the workload's own is refused, which tells why.
async fn refused(scene: &Scene, certificate: &str) {
    let before = scene.mesh.identity().fault();
    write(&scene.own, "tls.crt", certificate);
    soon(async {
        while scene.mesh.identity().fault() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    scene.told.add_error(&*scene.mesh.identity().fault().expect("a fault"));
}
