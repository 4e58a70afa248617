//! Certificates are renewed while requests pass, and one that has expired is of no use.

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use mesh_core::model::Labels;
use mesh_tower::{
    Arrival, Body, BoxError, Mesh,
    mesh::{Config, IdentitySource},
};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tempfile::TempDir;
use tests::{
    documents::{Documents, service},
    mesh::{config, serve},
    soon,
    upstream::listener,
    workloads::Mint,
};
use tokio::{net::TcpListener, task::JoinSet, time::Instant};
use tower::service_fn;

/// Tells which certificate the caller showed, if it did, and over which connection the request came.
async fn introduce(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let arrival = request.extensions().get::<Arrival>().ok_or("no arrival")?;
    let shown = arrival.identity().map(|identity| format!("{:?}", identity.certificate_hash));
    let told = format!("{} {}", arrival.peer(), shown.as_deref().unwrap_or("nobody"));
    Ok(Response::new(Body::from(told)))
}

/// What [`introduce`] tells about one call: the connection, and the certificate.
async fn call(mesh: &Mesh, host: &str) -> Result<(String, String), BoxError> {
    let response = mesh.client().get(&format!("http://{host}/")).await?;
    let status = response.status();
    let body = String::from_utf8(response.into_body().collect().await?.to_bytes().into())?;
    match body.split_once(' ') {
        Some((connection, certificate)) if status == StatusCode::OK => {
            Ok((connection.to_owned(), certificate.to_owned()))
        }
        _ => Err(format!("{status}: {body}").into()),
    }
}

/// A DestinationRule of a service; its connections are of `requests` requests each.
fn rule(service: &str, tls: &str, requests: u32) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: {service}}}\n\
         spec:\n  \
           host: {service}\n  \
           trafficPolicy:\n    \
             tls: {{mode: {tls}}}\n    \
             connectionPool: {{http: {{maxRequestsPerConnection: {requests}}}}}\n"
    )
}

/// A PeerAuthentication that lets a service answer members of the mesh alone.
fn strict(service: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\n\
         kind: PeerAuthentication\n\
         metadata: {{name: {service}}}\n\
         spec: {{selector: {{matchLabels: {{app: {service}}}}}, mtls: {{mode: STRICT}}}}\n"
    )
}

/// A workload of these documents with an identity of this source.
async fn workload(documents: &Documents, service: &str, identity: IdentitySource) -> Mesh {
    let labels = Labels::from([("app".to_owned(), service.to_owned())]);
    let config = Config { service: service.into(), labels, identity, ..config(documents) };
    Mesh::start(config).await.expect("documents and a certificate")
}

/// Two members, a caller and `product`, whose credentials a test gives.
struct Pair {
    mint: Mint,
    caller: Mesh,
    product: Mesh,
    _documents: Documents,
}

impl Pair {
    async fn new() -> Self {
        let (listener, address) = listener().await;
        let of_product = service("product", "http", address);
        let documents =
            Documents::of(&[&of_product, &rule("product", "ISTIO_MUTUAL", 0), &strict("product")]);
        let caller = workload(&documents, "caller", IdentitySource::None).await;
        let product = workload(&documents, "product", IdentitySource::None).await;
        serve(&product, listener, service_fn(introduce));
        let pair = Self { mint: Mint::default(), caller, product, _documents: documents };
        pair.renew();
        pair
    }

    /// New certificates for both.
    fn renew(&self) {
        let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
        self.renew_one(&self.caller, "caller", in_an_hour);
        self.renew_one(&self.product, "product", in_an_hour);
    }

    /// A new certificate that is valid until then.
    fn renew_one(&self, mesh: &Mesh, account: &str, until: SystemTime) {
        let minted = self.mint.mint(&[&Mint::id(account)], |params| {
            params.not_before = (SystemTime::now() - Duration::from_secs(60)).into();
            params.not_after = until.into();
        });
        mesh.identity().replace(self.mint.credentials_of(minted));
    }
}

/// Statement 21: a new certificate is for new connections, and drops none.
#[tokio::test]
async fn a_connection_outlives_the_certificates_that_it_began_with() {
    let pair = Pair::new().await;
    let before = soon(call(&pair.caller, "product")).await.expect("an answer");
    pair.renew();
    let after = soon(call(&pair.caller, "product")).await.expect("an answer");
    assert_eq!(before, after, "the same connection, and who began it");
}

/// Statement 21: where a certificate has expired, new handshakes fail; at either end.
#[tokio::test]
async fn a_new_handshake_fails_where_a_certificate_has_expired() {
    for who in ["caller", "product"] {
        let pair = Pair::new().await;
        let mesh = if who == "caller" { &pair.caller } else { &pair.product };
        pair.renew_one(mesh, who, SystemTime::now() - Duration::from_secs(5));
        let refused = soon(call(&pair.caller, "product")).await.expect_err("no handshake").to_string();
        assert!(refused.starts_with("503"), "{who}: {refused}");
        pair.renew();
        soon(call(&pair.caller, "product")).await.expect("an answer, with a new certificate");
    }
}

/// What there is to call: a service, the name of its port, and how it is secured.
const SERVICES: [(&str, &str, &str); 4] = [
    ("plain1", "http", "DISABLE"),
    ("plain2", "http2", "DISABLE"),
    ("mutual1", "http", "ISTIO_MUTUAL"),
    ("mutual2", "http2", "ISTIO_MUTUAL"),
];

/// Members whose certificates come from an authority of their own and live so long.
struct Landscape {
    caller: Mesh,
    _members: Vec<Mesh>,
    _documents: Documents,
    _authority: TempDir,
}

impl Landscape {
    async fn open(lifetime: Duration) -> Self {
        let (authority, documents) = (TempDir::new().expect("a folder"), Documents::new());
        let mut listeners: Vec<TcpListener> = Vec::new();
        for (name, port, tls) in SERVICES {
            let (listener, address) = listener().await;
            listeners.push(listener);
            // So that many connections are made while certificates turn over.
            let mut texts = vec![service(name, port, address), rule(name, tls, 25)];
            if tls == "ISTIO_MUTUAL" {
                texts.push(strict(name));
            }
            documents.write(&format!("{name}.yaml"), &texts.join("---\n"));
        }
        let folder = Some(authority.path().join("ca"));
        let identity = IdentitySource::Local { folder, lifetime };
        let mut members = Vec::new();
        for ((name, ..), listener) in SERVICES.into_iter().zip(listeners) {
            let member = workload(&documents, name, identity.clone()).await;
            serve(&member, listener, service_fn(introduce));
            members.push(member);
        }
        let caller = workload(&documents, "caller", identity).await;
        Self { caller, _members: members, _documents: documents, _authority: authority }
    }
}

/// What became of the calls of one service.
#[derive(Debug, Default)]
struct Seen {
    calls: usize,
    connections: BTreeSet<String>,
    certificates: BTreeSet<String>,
    failures: Vec<String>,
}

async fn load(caller: Arc<Landscape>, host: &'static str, until: Instant) -> (&'static str, Seen) {
    let mut seen = Seen::default();
    while Instant::now() < until {
        seen.calls += 1;
        match call(&caller.caller, host).await {
            Ok((connection, certificate)) => {
                seen.connections.insert(connection);
                seen.certificates.insert(certificate);
            }
            Err(error) => seen.failures.push(error.to_string()),
        }
        // Some thousands of calls a second would only heat the machine.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (host, seen)
}

/// Calls everybody for so long while certificates live so long. None of the calls may fail, and whoever is secured must
/// have shown `certificates` of them at least.
async fn certificates_turn_over(lifetime: Duration, lasting: Duration, certificates: usize) {
    let landscape = Arc::new(Landscape::open(lifetime).await);
    let until = Instant::now() + lasting;
    let mut loads = JoinSet::new();
    for (host, ..) in SERVICES.into_iter().chain(SERVICES) {
        loads.spawn(load(Arc::clone(&landscape), host, until));
    }
    while let Some(ended) = loads.join_next().await {
        let (host, seen) = ended.expect("it did not panic");
        let Seen { calls, connections, certificates: shown, failures } = seen;
        println!(
            "{host}: {calls} calls, {} connections, {} certificates, {} failed",
            connections.len(),
            shown.len(),
            failures.len()
        );
        assert!(failures.is_empty(), "{host}: {} of {calls} failed: {}", failures.len(), failures[0]);
        assert!(connections.len() > 10, "{host}: {} connections", connections.len());
        if host.starts_with("mutual") {
            assert!(!shown.contains("nobody"), "{host}: a call was not secured");
            assert!(shown.len() >= certificates, "{host}: {} certificates", shown.len());
        }
    }
}

/// Statement 21, in a hurry: certificates of three seconds, for eight.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_certificates_turn_over() {
    certificates_turn_over(Duration::from_secs(3), Duration::from_secs(8), 3).await;
}

/// The same at length: certificates of 20 s, for three minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes three minutes: cargo test -p tests --test conformance -- --ignored turn_over"]
async fn no_call_fails_while_certificates_turn_over_for_minutes() {
    certificates_turn_over(Duration::from_secs(20), Duration::from_secs(180), 15).await;
}
