//! Documents that are wrong when they are first read keep everybody out until they are right.

use super::*;
use http::StatusCode;
use tests::mesh::until;

fn document(kind: &str, spec: &str) -> String {
    format!("apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: guard}}\nspec: {spec}\n")
}

/// A service with these documents, right or wrong.
async fn serving(text: &str) -> Guarded {
    let documents = Documents::of(&[text]);
    let mesh = join(&documents).await;
    let (listener, address) = listener().await;
    serve(&mesh, listener, service_fn(echo));
    Guarded { address, documents, mesh }
}

#[tokio::test]
async fn an_authorization_policy_that_never_was_right_lets_nobody_pass_until_it_is() {
    let guarded = serving(&document("AuthorizationPolicy", "{rulez: [{}]}")).await;
    assert_eq!(guarded.get("/").await.status(), StatusCode::FORBIDDEN);
    let standing = |mesh: &Mesh| mesh.status().borrow().documents[0].standing;
    assert_eq!(standing(&guarded.mesh), Standing::Closed);

    guarded.documents.replace("mesh.yaml", &document("AuthorizationPolicy", "{rules: [{}]}"));
    until(&guarded.mesh, |status| status.documents[0].standing == Standing::Serving).await;
    assert_eq!(guarded.get("/").await.status(), StatusCode::OK);

    // What was right once goes on.
    guarded.documents.replace("mesh.yaml", &document("AuthorizationPolicy", "{rulez: [{}]}"));
    until(&guarded.mesh, |status| status.documents[0].standing == Standing::Held).await;
    assert_eq!(guarded.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_authentication_that_never_was_right_refuses_every_token_and_tells_nothing() {
    let spec = "{jwtRules: [{jwks: '{}', fromHeaders: [{name: x-token}], outputPayloadToHeader: x-payload}]}";
    let guarded = serving(&document("RequestAuthentication", spec)).await;
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.AAAA";
    for (name, value) in [("authorization", format!("Bearer {token}")), ("x-token", token.to_owned())] {
        let answer = guarded.send(Request::get("/").header(name, value), Body::empty()).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}");
    }
    let answer = guarded.send(Request::get("/").header("x-payload", "spoofed"), Body::empty()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("x-payload"), "{:?}", answer.headers());
}

#[tokio::test]
async fn a_peer_authentication_that_never_was_right_takes_no_plain_text() {
    let guarded = serving(&document("PeerAuthentication", "{mtls: {mode: PERMISIVE}}")).await;
    let mut client = http1(TcpStream::connect(guarded.address).await.expect("an open port")).await;
    let request = Request::get("/").header("host", "product").body(Body::empty()).expect("a request");
    assert!(soon(client.send_request(request)).await.is_err());
}
