//! A mesh with everything that can be secret.

use crate::told::{Secret, Told};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mesh_core::model::Labels;
use mesh_tower::{
    Body, BoxError, Mesh,
    mesh::{Config, IdentitySource},
    recorder::Recorder,
    telemetry::access_log::{AccessLog, Format, Sink, Writer},
};
use serde_json::json;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tests::{
    documents::{Documents, service},
    mesh::{config, serve},
    peers::{Member, Root},
    tls::{Authority, Certified},
    upstream::{Upstream, listener},
    workloads::{Mint, serving},
};
use tower::service_fn;

/// What only its owner may know. Long enough to be nowhere by chance.
pub(crate) const SIGNING: &str = "a-secret-with-which-tokens-are-signed-and-verified";
pub(crate) const PASSWORD: &str = "hunter2-of-the-key-server";
pub(crate) const QUERY_KEY: &str = "0b5cure-key-in-a-query";
pub(crate) const API_KEY: &str = "an-api-key-that-a-policy-asks-for";
pub(crate) const UPSTREAM: &str = "a-token-that-a-route-adds-for-its-service";
pub(crate) const ASKED: &str = "Basic-credentials-that-a-route-asks-for";
pub(crate) const COLLECTOR: &str = "a-key-of-the-collector-of-spans";
pub(crate) const SESSION: &str = "a-session-cookie-of-the-application";
pub(crate) const OF_DOCUMENT: &str = "the-password-in-a-document-of-kind-Secret";

/// The mesh, and everything that it is told.
pub(crate) struct Scene {
    pub(crate) told: Told,
    pub(crate) mesh: Mesh,
    /// Where its service is.
    pub(crate) address: SocketAddr,
    pub(crate) documents: Documents,
    pub(crate) root: Root,
    pub(crate) member: Member,
    pub(crate) certified: Certified,
    /// The folders of its own certificate, and of those that documents name.
    pub(crate) own: TempDir,
    pub(crate) secrets: TempDir,
    /// A member with an authority of its own.
    local: (Mesh, TempDir, Documents),
    log: PathBuf,
    _servers: [Upstream; 2],
}

impl Scene {
    pub(crate) async fn new(told: &Told) -> Self {
        let (root, own, secrets) = (Root::default(), folder(), folder());
        let member = root.member("product");
        write(&own, "tls.crt", &member.certificate);
        write(&own, "tls.key", &member.key());
        write(&own, "ca.crt", &root.pem());
        let authority = Authority::default();
        let certified = authority.certify("product", &["outside.test"]);
        certified.write(secrets.path(), "door");
        fs::write(secrets.path().join("door/ca.crt"), authority.pem()).expect("a folder");

        let (listener, address) = listener().await;
        let collected = told.clone();
        let collector = Upstream::serving(move |request| collect(collected.clone(), request)).await;
        // An authority that nobody here believes, so that handshakes fail.
        let mint = Mint::default();
        let outside = serving(mint.server(&mint.mint(&["outside.test"], |_| {})), |_| async {
            Ok(Response::new(Body::empty()))
        })
        .await;
        let documents = documents(address, collector.address, outside.address);
        let log = own.path().join("access.log");
        let config = Config {
            service: "product".into(),
            namespace: "shop".into(),
            labels: Labels::from([("app".to_owned(), "product".to_owned())]),
            identity: IdentitySource::Files(own.path().to_owned()),
            secrets: Some(secrets.path().to_owned()),
            access_log: Some(AccessLog::new(Format::text(), Writer::new(Sink::File(log.clone())))),
            admin: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            recording: Recorder::default().into(),
            explains_refusals: true,
            ..config(&documents)
        };
        let mesh = Mesh::start(config).await.expect("documents, and a free port");
        serve(&mesh, listener, service_fn(answer));
        let local = with_authority(told).await;
        let told = told.clone();
        let _servers = [collector, outside];
        Self { told, mesh, address, documents, root, member, certified, own, secrets, local, log, _servers }
    }

    /// A token that is good for so many seconds; `shared` says by which key.
    pub(crate) fn token(issuer: &str, seconds: i64, shared: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time since then").as_secs();
        let expires = i64::try_from(now).expect("a time") + seconds;
        let claims = json!({"iss": issuer, "sub": "magnus", "exp": expires});
        let key = EncodingKey::from_secret(shared.as_bytes());
        encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
    }

    /// Everything that is secret.
    pub(crate) fn secrets(&self, tokens: &[String]) -> Vec<Secret> {
        let (_, folder, _) = &self.local;
        let root = fs::read_to_string(folder.path().join("root.pem")).expect("a root");
        let (_, root) = root.split_once("-----END CERTIFICATE-----\n").expect("its key");
        let texts = [
            ("the key of tokens", SIGNING),
            ("the password of the key server", PASSWORD),
            ("the key in its address", QUERY_KEY),
            ("the key of an API", API_KEY),
            ("the token that a route adds", UPSTREAM),
            ("what a route asks for", ASKED),
            ("the key of the collector", COLLECTOR),
            ("the session", SESSION),
            ("the password in a document", OF_DOCUMENT),
        ];
        let texts = texts.into_iter().map(|(what, text)| Secret::text(what, text));
        let keys = [
            Secret::key("the workload's key", &self.member.key()),
            Secret::key("the key of a secret", &self.certified.key),
            Secret::key("the authority's key", root),
        ];
        // What is signed may be told; with its signature it is a token.
        let signatures = tokens.iter().filter_map(|token| token.rsplit('.').next());
        let signatures = signatures.map(|signature| Secret::text("a token's signature", signature));
        texts.chain(keys).chain(signatures).collect()
    }

    /// Tells what a programmer sees of all this.
    pub(crate) fn look_at_everything(&self) {
        let (mesh, told) = (&self.mesh, &self.told);
        let handle = mesh.handle();
        told.add_debug(mesh);
        told.add_debug(&mesh.client());
        told.add_debug(&mesh.gateway());
        told.add_debug(mesh.identity());
        told.add_debug(&mesh.identity().current());
        told.add_debug(&mesh.config());
        told.add_debug(&mesh.jwt());
        told.add_debug(&mesh.ext_authz());
        told.add_debug(&mesh.route());
        told.add_debug(&handle.snapshot());
        told.add_debug(&*mesh.status().borrow());
    }

    /// Ends it, once all that waits is written.
    pub(crate) async fn close(self) {
        let Self { told, mesh, log, local, .. } = self;
        drop((mesh, local));
        tests::soon(async {
            while !fs::read_to_string(&log).is_ok_and(|lines| lines.lines().count() > 10) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        told.add(fs::read(&log).expect("a log of requests"));
    }
}

/// A member whose authority is its own.
async fn with_authority(told: &Told) -> (Mesh, TempDir, Documents) {
    let (documents, folder) = (Documents::of(&[&peers()]), folder());
    let identity =
        IdentitySource::Local { folder: Some(folder.path().to_owned()), lifetime: Duration::from_secs(3600) };
    let mesh = Mesh::start(Config { identity, service: "other".into(), ..config(&documents) }).await;
    let mesh = mesh.expect("documents");
    assert!(mesh.unproven().is_none());
    told.add_debug(&mesh);
    told.add_debug(&mesh.identity().current());
    (mesh, folder, documents)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn write(folder: &TempDir, name: &str, text: &str) {
    fs::write(folder.path().join(name), text).expect("a folder");
}

fn peers() -> String {
    "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n\
     metadata: {name: mesh, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}\n"
        .to_owned()
}

/// The keys of an issuer whose tokens whoever verifies them can sign.
pub(crate) fn key_set() -> String {
    json!({"keys": [{"kty": "oct", "k": BASE64_URL_SAFE_NO_PAD.encode(SIGNING)}]}).to_string()
}

fn documents(product: SocketAddr, collector: SocketAddr, outside: SocketAddr) -> Documents {
    let tokens = format!(
        "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {{name: tokens}}\nspec:\n  \
         jwtRules:\n  - {{issuer: inline, jwks: '{}', {PLACES}}}\n  \
         - {{issuer: remote, jwksUri: 'http://user:{PASSWORD}@127.0.0.1:1/keys?key={QUERY_KEY}', {PLACES}}}\n",
        key_set()
    );
    let policy = format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: keys}}\nspec:\n  rules:\n  \
         - when: [{{key: 'request.headers[x-api-key]', values: [{API_KEY}]}}]\n"
    );
    let routes = format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: product}}\nspec:\n  \
         hosts: [product]\n  http:\n  - match: [{{headers: {{authorization: {{exact: {ASKED}}}}}}}]\n    \
         route: [{{destination: {{host: product}}}}]\n  - route: [{{destination: {{host: product}}}}]\n    \
         headers: {{request: {{set: {{x-upstream-token: {UPSTREAM}}}}}}}\n"
    );
    let outside = format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: outside}}\nspec:\n  \
         hosts: [outside.test]\n  ports: [{{number: 80, name: http, protocol: HTTP}}]\n  resolution: STATIC\n  \
         endpoints: [{{address: {}, ports: {{http: {}}}}}]\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: outside}}\nspec: \
         {{host: outside.test, trafficPolicy: {{tls: {{mode: MUTUAL, credentialName: door}}}}}}\n",
        outside.ip(),
        outside.port()
    );
    let traces = traced();
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: password}}\nstringData: {{password: {OF_DOCUMENT}}}\n"
    );
    // One service by two names, of which one is called over HTTP/2.
    let swift = service("swift", "http2", product);
    let [product, collector] = [service("product", "http", product), service("collector", "http", collector)];
    Documents::of(&[
        &product,
        &swift,
        &collector,
        &peers(),
        &tokens,
        &policy,
        &routes,
        &outside,
        &traces,
        &secret,
    ])
}

/// Every request is traced, and every call in the mesh secured but those that bring spans.
fn traced() -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |\n    \
         extensionProviders:\n    - name: collector\n      opentelemetry: {{service: \
         collector.shop.svc.cluster.local, port: 80, http: {{path: /v1/traces, timeout: 5s, headers: \
         [{{name: x-api-key, value: {COLLECTOR}}}]}}}}\n---\n\
         apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {{name: traces, namespace: istio-system}}\n\
         spec: {{tracing: [{{providers: [{{name: collector}}], randomSamplingPercentage: 100}}]}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: collector}}\n\
         spec: {{host: collector, trafficPolicy: {{tls: {{mode: DISABLE}}}}}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: swift}}\n\
         spec: {{host: swift, trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}}}\n"
    )
}

/// Where tokens are looked for.
const PLACES: &str = "fromHeaders: [{name: authorization, prefix: 'Bearer '}], fromParams: [access_token], \
                      fromCookies: [session]";

/// The application: it has a session for its clients.
async fn answer(_: Request<Body>) -> Result<Response<Body>, BoxError> {
    Ok(Response::builder()
        .header("set-cookie", format!("sid={SESSION}; HttpOnly"))
        .body(Body::from("hello"))?)
}

/// What the collector is told.
async fn collect(told: Told, request: Request<hyper::body::Incoming>) -> Result<Response<Body>, BoxError> {
    assert_eq!(request.headers()["x-api-key"], COLLECTOR);
    told.add(request.into_body().collect().await?.to_bytes());
    Ok(Response::new(Body::empty()))
}
