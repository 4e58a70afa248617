//! A real Envoy calls workloads of the mesh, as a sidecar does: who belongs comes in, and nobody else.

use crate::envoy::Envoy;
use http::{Request, Response, StatusCode, header::HOST};
use mesh_core::identity::Credentials;
use mesh_tower::{Arrival, Body, BoxError};
use rcgen::{CertificateParams, SerialNumber};
use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    time::{Duration, SystemTime},
};
use tests::{
    documents::Documents,
    gate::{Gate, door, mirror},
    mesh::{join, serve},
    peers::{Member, Root, id, named, valid},
    soon,
    upstream::{Upstream, listener},
    wire::{self, text},
};
use tokio::net::TcpStream;
use tower::service_fn;

/// What Envoy offers for each version of HTTP, as istiod tells it.
const H1: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];
const H2: &[&str] = &["istio-h2", "istio", "h2"];

/// How Envoy calls.
struct Caller<'a> {
    name: String,
    to: SocketAddr,
    /// In plain text when `None`.
    tls: Option<Tls<'a>>,
    is_http2: bool,
}

struct Tls<'a> {
    shown: Option<&'a Member>,
    root: &'a str,
    /// The certificates that it knows to be revoked, in PEM.
    revoked: Option<&'a str>,
    /// The id that it expects; any when `None`.
    expects: Option<String>,
    alpn: &'a [&'a str],
    name: &'a str,
}

impl Caller<'_> {
    fn listener(&self) -> Value {
        let route = json!({"match": {"prefix": "/"}, "route": {"cluster": self.name}});
        let manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": self.name,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }],
        });
        json!({
            "name": self.name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            "filter_chains": [{
                "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
            }],
        })
    }

    fn cluster(&self) -> Value {
        let address = json!({"address": self.to.ip().to_string(), "port_value": self.to.port()});
        let endpoint = json!({"endpoint": {"address": {"socket_address": address}}});
        let version = if self.is_http2 { "http2_protocol_options" } else { "http_protocol_options" };
        let options = json!({
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {version: {}},
        });
        let mut cluster = json!({
            "name": self.name,
            "type": "STATIC",
            "connect_timeout": "10s",
            "load_assignment": {"cluster_name": self.name, "endpoints": [{"lb_endpoints": [endpoint]}]},
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        });
        if let Some(tls) = &self.tls {
            cluster["transport_socket"] =
                json!({"name": "envoy.transport_sockets.tls", "typed_config": tls.context()});
        }
        cluster
    }
}

impl Tls<'_> {
    fn context(&self) -> Value {
        let names = self.expects.iter().map(|id| json!({"san_type": "URI", "matcher": {"exact": id}}));
        let names: Vec<_> = names.collect();
        let mut common = json!({
            "alpn_protocols": self.alpn,
            "validation_context": {
                "trusted_ca": {"inline_string": self.root},
                "match_typed_subject_alt_names": names,
            },
        });
        if let Some(revoked) = self.revoked {
            common["validation_context"]["crl"] = json!({"inline_string": revoked});
        }
        if let Some(member) = self.shown {
            common["tls_certificates"] = json!([{
                "certificate_chain": {"inline_string": member.certificate},
                "private_key": {"inline_string": member.key()},
            }]);
        }
        json!({
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": self.name,
            "common_tls_context": common,
        })
    }
}

async fn calling(callers: &[Caller<'_>]) -> Envoy {
    let (listeners, clusters): (Vec<_>, Vec<_>) =
        callers.iter().map(|caller| (caller.listener(), caller.cluster())).unzip();
    Envoy::start(&json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }))
    .await
}

async fn ask(envoy: &Envoy, caller: &str) -> (StatusCode, String) {
    let stream = TcpStream::connect(envoy.address(caller)).await.expect("an open port");
    let request = Request::get("/").header(HOST, "shop.example.com").body(Body::empty()).expect("a request");
    let response = soon(wire::http1(stream).await.send_request(request)).await.expect("an answer");
    let status = response.status();
    (status, soon(text(response)).await)
}

/// Answers with who calls, over which version of HTTP.
async fn answer(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let arrival = request.extensions().get::<Arrival>().ok_or("no arrival")?;
    let id = arrival.identity().map_or("nobody", |identity| identity.id.as_str());
    Ok(Response::new(format!("{id} {:?}", request.version()).into()))
}

/// A workload of this mode that shows these credentials.
async fn workload(mode: &str, credentials: Credentials) -> (SocketAddr, Documents) {
    let documents = Documents::of(&[&format!(
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n\
         metadata: {{name: mesh, namespace: istio-system}}\nspec: {{mtls: {{mode: {mode}}}}}\n"
    )]);
    let mesh = join(&documents).await;
    mesh.identity().replace(credentials);
    let (listener, address) = listener().await;
    serve(&mesh, listener, service_fn(answer));
    (address, documents)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn envoy_calls_workloads_that_let_in_who_belongs_and_nobody_else() {
    let (root, other) = (Root::default(), Root::default());
    let review = root.member("review");
    let strangers = [
        ("wrong-domain", root.sign(named(&["spiffe://elsewhere/ns/shop/sa/review"]))),
        ("wrong-name", root.sign(named(&["https://cluster.local/review"]))),
        ("wrong-authority", other.member("review")),
        ("expired", root.sign(over("review"))),
    ];
    let pem = root.pem();
    let tls = |shown, alpn| Tls {
        shown,
        root: &pem,
        revoked: None,
        expects: Some(id("product")),
        alpn,
        name: "outbound_.80_._.product",
    };
    let (mut callers, mut followed) = (Vec::new(), Vec::new());
    for mode in ["STRICT", "PERMISSIVE"] {
        let (to, documents) = workload(mode, root.credentials("product")).await;
        followed.push(documents);
        for (version, is_http2, alpn) in [("h1", false, H1), ("h2", true, H2)] {
            let mut call = |what: &str, tls| {
                callers.push(Caller { name: format!("{mode}-{version}-{what}"), to, tls, is_http2 });
            };
            call("member", Some(tls(Some(&review), alpn)));
            call("plain", None);
            call("nothing-shown", Some(tls(None, alpn)));
            call("expects-another", Some(Tls { expects: Some(id("admin")), ..tls(Some(&review), alpn) }));
            for (what, shown) in &strangers {
                call(what, Some(tls(Some(shown), alpn)));
            }
        }
    }
    let envoy = calling(&callers).await;
    for caller in &callers {
        let (status, said) = ask(&envoy, &caller.name).await;
        let version = if caller.is_http2 { "HTTP/2.0" } else { "HTTP/1.1" };
        let expected = match caller.name.split_once('-').map(|(mode, what)| (mode, &what[3..])) {
            Some((_, "member")) => Some(format!("{} {version}", id("review"))),
            Some(("PERMISSIVE", "plain")) => Some(format!("nobody {version}")),
            _ => None,
        };
        match expected {
            Some(expected) => assert_eq!((status, said), (StatusCode::OK, expected), "{}", caller.name),
            None => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{}: {said}", caller.name),
        }
    }
}

/// The certificate of an account whose time is over.
fn over(account: &str) -> CertificateParams {
    let mut params = named(&[&id(account)]);
    valid(&mut params, SystemTime::now() - Duration::from_secs(7200), Duration::from_secs(3600));
    params
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn envoy_calls_no_workload_that_is_not_who_it_should_be() {
    let (root, other) = (Root::default(), Root::default());
    let mut numbered = named(&[&id("product")]);
    numbered.serial_number = Some(SerialNumber::from(7));
    let (pem, revoked) = (root.pem(), root.revoke(7));
    let servers = [
        ("whole", root.member("product"), None, true),
        ("expired", root.sign(over("product")), None, false),
        ("not-yet-revoked", root.sign(numbered.clone()), None, true),
        ("revoked", root.sign(numbered), Some(&*revoked), false),
        ("not-the-one-revoked", root.member("product"), Some(&*revoked), true),
        ("wrong-domain", root.sign(named(&["spiffe://elsewhere/ns/shop/sa/product"])), None, false),
        ("wrong-name", root.member("admin"), None, false),
        ("wrong-authority", other.member("product"), None, false),
    ];
    let review = root.member("review");
    let mut trust = root.trust("cluster.local");
    trust.0.extend(root.trust("elsewhere").0);
    let (mut callers, mut followed) = (Vec::new(), Vec::new());
    for (what, member, revoked, _) in &servers {
        // All of them would take the caller.
        let (to, documents) = workload("STRICT", member.credentials(trust.clone())).await;
        followed.push(documents);
        for (version, is_http2, alpn) in [("h1", false, H1), ("h2", true, H2)] {
            let (shown, expects) = (Some(&review), Some(id("product")));
            let tls = Tls { shown, root: &pem, revoked: *revoked, expects, alpn, name: "product" };
            callers.push(Caller { name: format!("{what}-{version}"), to, tls: Some(tls), is_http2 });
        }
    }
    let envoy = calling(&callers).await;
    for (what, .., is_called) in &servers {
        for version in ["h1", "h2"] {
            let (status, said) = ask(&envoy, &format!("{what}-{version}")).await;
            let expected = if *is_called { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            assert_eq!(status, expected, "{what} over {version}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn envoy_calls_a_gateway_that_asks_for_a_certificate_which_is_not_revoked() {
    let root = Root::default();
    let mut params = named(&["https://example.com/revoked"]);
    params.serial_number = Some(SerialNumber::from(7));
    let (revoked, good) = (root.sign(params), root.sign(named(&["https://example.com/good"])));
    let upstream = Upstream::serving(mirror).await;
    let server = "{port: {number: 443, name: https, protocol: HTTPS}, hosts: [shop.example.com], \
                  tls: {mode: MUTUAL, credentialName: shop}}";
    let gate = Gate::open(upstream.address, &[443], &door(&[server]), |authority, secrets| {
        authority.certify("shop", &["shop.example.com"]).write(secrets, "shop");
        fs::write(secrets.join("shop/ca.crt"), root.pem()).expect("a file");
        fs::write(secrets.join("shop/ca.crl"), root.revoke(7)).expect("a file");
    })
    .await;
    let pem = gate.authority.pem();
    let caller = |name: &str, shown| {
        let tls = Tls {
            shown,
            root: &pem,
            revoked: None,
            expects: None,
            alpn: &["h2", "http/1.1"],
            name: "shop.example.com",
        };
        Caller { name: name.to_owned(), to: gate.addresses[0], tls: Some(tls), is_http2: true }
    };
    let callers = [caller("good", Some(&good)), caller("revoked", Some(&revoked)), caller("nothing", None)];
    let envoy = calling(&callers).await;
    let (status, seen) = ask(&envoy, "good").await;
    assert_eq!(status, StatusCode::OK);
    assert!(seen.contains("URI=https://example.com/good"), "{seen}");
    for name in ["revoked", "nothing"] {
        assert_eq!(ask(&envoy, name).await.0, StatusCode::SERVICE_UNAVAILABLE, "{name}");
    }
}
