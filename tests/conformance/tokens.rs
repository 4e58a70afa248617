//! The tokens that requests carry, and the keys of their issuers.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mesh_core::model::Labels;
use mesh_tower::{Body, Mesh, Token, jwt::ASKED_AGAIN_AFTER, mesh::Config};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tests::{
    documents::Documents,
    mesh::{config, serve},
    soon,
    upstream::{Upstream, listener},
    wire,
};
use tokio::{net::TcpStream, time::sleep};
use tower::service_fn;

const ISSUER: &str = "http://auth-server.local";

/// An issuer that shows its keys, as long as it is up, and counts who asks for them.
struct Issuer {
    keys: Vec<(&'static str, KeyPair)>,
    shown: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
    server: Upstream,
}

impl Issuer {
    async fn open() -> Self {
        let (shown, asked) = (Arc::new(Mutex::new(None::<String>)), Arc::new(AtomicUsize::new(0)));
        let (own_shown, own_asked) = (Arc::clone(&shown), Arc::clone(&asked));
        let server = Upstream::serving(move |_| {
            own_asked.fetch_add(1, SeqCst);
            let keys = own_shown.lock().expect("no panic").clone();
            async move { keys.map(|keys| Response::new(Body::from(keys))).ok_or_else(|| "down".into()) }
        })
        .await;
        let mut issuer = Self { keys: Vec::new(), shown, asked, server };
        issuer.add("first");
        issuer
    }

    /// Adds a key, and shows all of them.
    fn add(&mut self, name: &'static str) {
        self.keys.push((name, KeyPair::generate().expect("a key")));
        let jwk = |(name, key): &(&str, KeyPair)| {
            let point = key.der_bytes();
            let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
            json!({"kty": "EC", "crv": "P-256", "kid": name, "x": part(&point[1..33]), "y": part(&point[33..])})
        };
        let keys: Vec<Value> = self.keys.iter().map(jwk).collect();
        *self.shown.lock().expect("no panic") = Some(json!({"keys": keys}).to_string());
    }

    fn close(&self) {
        *self.shown.lock().expect("no panic") = None;
    }

    /// A token by its last key, which is good for so many seconds, for an audience.
    fn token(&self, seconds: i64, audience: &str) -> String {
        let (name, key) = self.keys.last().expect("a key");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time since then");
        let expires = i64::try_from(now.as_secs()).expect("a time") + seconds;
        let claims = json!({"iss": ISSUER, "sub": "magnus", "aud": audience, "exp": expires});
        let header = Header { kid: Some((*name).to_owned()), ..Header::new(Algorithm::ES256) };
        let key = EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).expect("a key");
        encode(&header, &claims, &key).expect("a token")
    }
}

/// A workload `product-composite` of which this is asked, and where it listens. It answers with the principal.
async fn workload(documents: &str) -> (Mesh, Documents, SocketAddr) {
    let documents = Documents::of(&[documents]);
    let labels = Labels::from([("app".to_owned(), "product-composite".to_owned())]);
    let config = Config { labels, namespace: "hands-on".to_owned(), ..config(&documents) };
    let mesh = Mesh::start(config).await.expect("documents that are there");
    let (listener, address) = listener().await;
    let app = service_fn(|request: Request<Body>| async move {
        let token = request.extensions().get::<Token>().cloned();
        let principal = token.as_ref().and_then(|token| token.principal()).unwrap_or("nobody").to_owned();
        Ok::<_, mesh_tower::BoxError>(Response::new(Body::from(principal)))
    });
    serve(&mesh, listener, app);
    (mesh, documents, address)
}

/// The status of an answer, its challenge, and its body.
async fn ask(address: SocketAddr, token: Option<&str>) -> (u16, Option<String>, String) {
    let mut connection = wire::http1(TcpStream::connect(address).await.expect("a connection")).await;
    let mut request = Request::get("/a?b=c").header("host", "shop.test");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = soon(connection.send_request(request)).await.expect("an answer");
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().expect("text").to_owned());
    (response.status().as_u16(), challenge, wire::text(response).await)
}

fn rule(issuer: &Issuer) -> String {
    format!(
        "{{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {{name: tokens, namespace: hands-on}}, \
         spec: {{selector: {{matchLabels: {{app: product-composite}}}}, jwtRules: [{{issuer: '{ISSUER}', \
         jwksUri: 'http://{}/keys', audiences: [shop]}}]}}}}\n",
        issuer.server.address
    )
}

#[tokio::test]
async fn line_15_a_bad_token_is_refused_a_missing_one_only_by_the_policy_of_2019() {
    let issuer = Issuer::open().await;
    let (_mesh, _documents, address) = workload(&rule(&issuer)).await;
    let principal = format!("{ISSUER}/magnus");
    assert_eq!(ask(address, None).await, (200, None, "nobody".to_owned()));
    assert_eq!(ask(address, Some(&issuer.token(600, "shop"))).await, (200, None, principal.clone()));
    let challenge = Some("Bearer realm=\"http://shop.test/a?b=c\", error=\"invalid_token\"".to_owned());
    let expired = ask(address, Some(&issuer.token(-61, "shop"))).await;
    assert_eq!(expired, (401, challenge.clone(), "Jwt is expired".to_owned()));
    let others = ask(address, Some(&issuer.token(600, "elsewhere"))).await;
    assert_eq!(others, (403, challenge, "Audiences in Jwt are not allowed".to_owned()));

    // As people wrote it in 2019; the address of the keys is one that the mesh knows.
    let policy = format!(
        "apiVersion: \"authentication.istio.io/v1alpha1\"
kind: \"Policy\"
metadata:
  name: \"jwt-authentication-policy\"
spec:
  targets:
  - name: product-composite
  peers:
  - mtls:
      mode: PERMISSIVE
  origins:
  - jwt:
      issuer: \"{ISSUER}\"
      jwksUri: \"http://auth-server.hands-on.svc.cluster.local/.well-known/jwks.json\"
  principalBinding: USE_ORIGIN
---
{{apiVersion: v1, kind: Service, metadata: {{name: product-composite}}, spec: {{selector: {{app: product-composite}}, ports: [{{port: 80}}]}}}}
---
{}",
        tests::documents::service("auth-server", "http", issuer.server.address)
    );
    let (_mesh, _documents, address) = workload(&policy).await;
    let (status, challenge, body) = ask(address, None).await;
    assert_eq!((status, &*body), (401, "Origin authentication failed."));
    assert_eq!(challenge.as_deref(), Some("Bearer realm=\"http://shop.test/a?b=c\""));
    assert_eq!(ask(address, Some("rubbish")).await.0, 401);
    assert_eq!(ask(address, Some(&issuer.token(600, "anybody"))).await, (200, None, principal));
}

#[tokio::test]
async fn line_17_a_new_key_is_fetched_when_it_is_met_and_without_keys_no_token_is_good() {
    let mut issuer = Issuer::open().await;
    let (_mesh, _documents, address) = workload(&rule(&issuer)).await;
    assert_eq!(ask(address, Some(&issuer.token(600, "shop"))).await.0, 200);
    assert_eq!(issuer.asked.load(SeqCst), 1);

    issuer.add("second");
    sleep(ASKED_AGAIN_AFTER).await;
    assert_eq!(ask(address, Some(&issuer.token(600, "shop"))).await.0, 200);
    assert_eq!(issuer.asked.load(SeqCst), 2);

    // A key that nobody shows has them fetched once, and not for each token.
    issuer.add("third");
    *issuer.shown.lock().expect("no panic") = Some(json!({"keys": []}).to_string());
    sleep(ASKED_AGAIN_AFTER).await;
    for _ in 0..10 {
        assert_eq!(ask(address, Some(&issuer.token(600, "shop"))).await.0, 401);
    }
    assert_eq!(issuer.asked.load(SeqCst), 3);

    let down = Issuer::open().await;
    down.close();
    let (_mesh, _documents, address) = workload(&rule(&down)).await;
    let (status, _, body) = ask(address, Some(&down.token(600, "shop"))).await;
    assert_eq!((status, &*body), (401, "Jwks remote fetch is failed"));
    assert_eq!(ask(address, None).await.0, 200);
}
