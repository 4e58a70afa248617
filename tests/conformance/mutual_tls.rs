//! What a DestinationRule says of TLS, against what a PeerAuthentication asks for.

use http::StatusCode;
use mesh_tower::{
    Mesh,
    mesh::{Config, IdentitySource},
    respond::Refused,
};
use tests::{
    documents::{Documents, service},
    mesh::{config, serve},
    soon,
    upstream::listener,
    wire::text,
    workloads::{Mint, tell},
};
use tower::service_fn;

/// The service `product`, of which this is demanded and this said, called by another workload.
async fn called(demand: &str, tls: &str, label: &str) -> (StatusCode, Option<&'static str>, String) {
    let (listener, address) = listener().await;
    let labels = format!("labels: {{{label}app: product");
    let rule = match tls {
        "" => String::new(),
        mode => format!(
            "---\n{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: product}}, \
             spec: {{host: product, trafficPolicy: {{tls: {{mode: {mode}}}}}}}}}\n"
        ),
    };
    let documents = Documents::of(&[
        &service("product", "http", address).replace("labels: {app: product", &labels),
        &format!(
            "{{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {{name: default}}, \
             spec: {{mtls: {{mode: {demand}}}}}}}\n{rule}"
        ),
    ]);
    let mint = Mint::default();
    let member = async |account: &str| {
        let config = Config { identity: IdentitySource::None, ..config(&documents) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        mesh.identity().replace(mint.credentials(&Mint::id(account)));
        mesh
    };
    serve(&member("product").await, listener, service_fn(tell));
    let response = soon(member("caller").await.client().get("http://product/")).await.expect("an answer");
    let flag = response.extensions().get::<Refused>().map(|refused| refused.flag);
    (response.status(), flag, soon(text(response)).await)
}

#[tokio::test]
async fn statement_12_istio_mutual_meets_permissive_and_strict_and_plain_text_is_reset_by_strict() {
    let hello = (StatusCode::OK, None, "hello".to_owned());
    assert_eq!(called("PERMISSIVE", "ISTIO_MUTUAL", "").await, hello);
    assert_eq!(called("STRICT", "ISTIO_MUTUAL", "").await, hello);
    assert_eq!(called("PERMISSIVE", "DISABLE", "").await, hello);
    let (status, flag, body) = called("STRICT", "DISABLE", "").await;
    assert_eq!((status, flag), (StatusCode::SERVICE_UNAVAILABLE, Some("UC")));
    assert!(body.ends_with("reset reason: connection termination"), "{body}");
}

#[tokio::test]
async fn statement_12_where_nobody_says_anything_an_instance_is_called_as_it_takes_it() {
    let (hello, label) = ((StatusCode::OK, None, "hello".to_owned()), "security.istio.io/tlsMode: istio, ");
    for demand in ["STRICT", "PERMISSIVE", "DISABLE"] {
        assert_eq!(called(demand, "", label).await, hello, "{demand}");
    }
    assert_eq!(called("PERMISSIVE", "", "").await, hello);
    assert_eq!(called("STRICT", "", "").await.1, Some("UC"));
}
