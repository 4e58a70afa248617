//! A real Envoy before the mesh and behind it says who it is as Istio's sidecars do, and is told who the mesh is.
//!
//! Istio's own filters are not in Envoy. What they would say is what sidecars have said, kept as it was on the wire; what
//! they would hear is what Envoy's log has of it, read by the fields that Istio's reader of it asks for.

use crate::envoy::Envoy;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, Response, header::HOST};
use mesh_core::model::Labels;
use mesh_tower::{Body, BoxError, Mesh, mesh::Config, recorder::Recorder};
use prost::Message;
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr};
use tests::{
    documents::{Documents, service},
    exposition::until,
    mesh::{config, serve},
    soon,
    upstream::{Upstream, listener},
    wire::{self, text},
};
use tokio::net::TcpStream;
use tower::service_fn;

/// What a sidecar says of itself.
struct Sidecar {
    id: &'static str,
    metadata: &'static str,
    /// Workload, namespace, cluster, service, revision, app and version, as Istio's metrics have it.
    means: [&'static str; 7],
}

/// One of Istio 1.24 beside the sample `sleep`, which has no version.
const SLEEP: Sidecar = Sidecar {
    id: "sidecar~10.42.0.5~sleep-6885445f75-6zxh5.foo~foo.svc.cluster.local",
    metadata: "ChoKCkNMVVNURVJfSUQSDBoKS3ViZXJuZXRlcwp5CgZMQUJFTFMSbyptCg4KA2FwcBIHGgVzbGVlcAoqCh9zZXJ2aWNlLmlzdGlvLmlv\
               L2Nhbm9uaWNhbC1uYW1lEgcaBXNsZWVwCi8KI3NlcnZpY2UuaXN0aW8uaW8vY2Fub25pY2FsLXJldmlzaW9uEggaBmxhdGVzdAogCgRO\
               QU1FEhgaFnNsZWVwLTY4ODU0NDVmNzUtNnp4aDUKEgoJTkFNRVNQQUNFEgUaA2ZvbwpFCgVPV05FUhI8GjprdWJlcm5ldGVzOi8vYXBp\
               cy9hcHBzL3YxL25hbWVzcGFjZXMvZm9vL2RlcGxveW1lbnRzL3NsZWVwChgKDVdPUktMT0FEX05BTUUSBxoFc2xlZXA=",
    means: ["sleep", "foo", "Kubernetes", "sleep", "latest", "sleep", "unknown"],
};

/// One of Istio 1.5 beside the sample `details`, which says more of itself, and nothing of its cluster.
const DETAILS: Sidecar = Sidecar {
    id: "sidecar~172.16.0.206~details-v1-75d94c48f5-7blxm.default~default.svc.cluster.local",
    metadata: "Ch4KDElOU1RBTkNFX0lQUxIOGgwxNzIuMTYuMC4yMDYK1QEKBkxBQkVMUxLKASrHAQoQCgNhcHASCRoHZGV0YWlscwohChFwb2QtdGVt\
               cGxhdGUtaGFzaBIMGgo3NWQ5NGM0OGY1CiQKGXNlY3VyaXR5LmlzdGlvLmlvL3Rsc01vZGUSBxoFaXN0aW8KLAofc2VydmljZS5pc3Rp\
               by5pby9jYW5vbmljYWwtbmFtZRIJGgdkZXRhaWxzCisKI3NlcnZpY2UuaXN0aW8uaW8vY2Fub25pY2FsLXJldmlzaW9uEgQaAnYxCg8K\
               B3ZlcnNpb24SBBoCdjEKGgoHTUVTSF9JRBIPGg1jbHVzdGVyLmxvY2FsCiUKBE5BTUUSHRobZGV0YWlscy12MS03NWQ5NGM0OGY1LTdi\
               bHhtChYKCU5BTUVTUEFDRRIJGgdkZWZhdWx0Ck4KBU9XTkVSEkUaQ2t1YmVybmV0ZXM6Ly9hcGlzL2FwcHMvdjEvbmFtZXNwYWNlcy9k\
               ZWZhdWx0L2RlcGxveW1lbnRzL2RldGFpbHMtdjEKJQoPU0VSVklDRV9BQ0NPVU5UEhIaEGJvb2tpbmZvLWRldGFpbHMKHQoNV09SS0xP\
               QURfTkFNRRIMGgpkZXRhaWxzLXYx",
    means: ["details-v1", "default", "unknown", "details", "v1", "details", "v1"],
};

impl Sidecar {
    /// Its two headers, for Envoy to add.
    fn headers(&self) -> Value {
        let header = |key: &str, value: &str| json!({"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"});
        json!([header("x-envoy-peer-metadata-id", self.id), header("x-envoy-peer-metadata", self.metadata)])
    }
}

/// An Envoy that adds a sidecar's headers to requests, or to answers, and tells what the other end says in those others.
async fn envoy(to: SocketAddr, added: &str, sidecar: &Sidecar, heard: &str) -> Envoy {
    let format = format!("%{heard}(X-ENVOY-PEER-METADATA-ID)% %{heard}(X-ENVOY-PEER-METADATA)%\n");
    let log = json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"text_format_source": {"inline_string": format}},
        },
    });
    let mut route = json!({"match": {"prefix": "/"}, "route": {"cluster": "to"}});
    route[added] = sidecar.headers();
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "access_log": [log],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }],
    });
    let address = json!({"address": to.ip().to_string(), "port_value": to.port()});
    let endpoint = json!({"endpoint": {"address": {"socket_address": address}}});
    Envoy::start(&json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {
            "listeners": [{
                "name": "in",
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
                "filter_chains": [{
                    "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
                }],
            }],
            "clusters": [{
                "name": "to",
                "type": "STATIC",
                "load_assignment": {"cluster_name": "to", "endpoints": [{"lb_endpoints": [endpoint]}]},
            }],
        },
    }))
    .await
}

async fn member(documents: &Documents) -> (Mesh, Recorder) {
    let recorder = Recorder::default();
    let labels =
        [("app", "product"), ("version", "v2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config {
        service: "product".into(),
        labels: Labels::from(labels),
        instance: "product-v2-1".into(),
        recording: recorder.clone().into(),
        ..config(documents)
    };
    (Mesh::start(config).await.expect("documents that are there"), recorder)
}

/// Which headers of a peer's came.
fn of_peers(headers: &http::HeaderMap) -> String {
    let names = headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-envoy-peer"));
    names.collect::<Vec<_>>().join(" ")
}

/// What the metrics of a side say of the other.
async fn told(recorder: &Recorder, side: &str) -> [String; 7] {
    let samples =
        until(recorder, "istio_requests_total", |samples| samples.iter().any(|sample| sample.value == 1.0))
            .await;
    let names = [
        "workload",
        "workload_namespace",
        "cluster",
        "canonical_service",
        "canonical_revision",
        "app",
        "version",
    ];
    names.map(|name| samples[0].label(&format!("{side}_{name}")).to_owned())
}

/// What Istio's sidecar would understand of what the mesh has said of itself: the fields that it reads, and no others.
fn understood(line: &str) -> BTreeMap<String, String> {
    let (id, metadata) = line.split_once(' ').expect("two headers");
    assert!(id.starts_with("sidecar~product-v2-1~"), "{id}");
    let bytes = STANDARD.decode(metadata).expect("base64");
    let told = prost_types::Struct::decode(&*bytes).expect("a struct");
    let mut fields = BTreeMap::new();
    for (name, value) in told.fields {
        match value.kind {
            Some(prost_types::value::Kind::StringValue(text)) => drop(fields.insert(name, text)),
            Some(prost_types::value::Kind::StructValue(labels)) if name == "LABELS" => {
                for (label, value) in labels.fields {
                    let Some(prost_types::value::Kind::StringValue(text)) = value.kind else {
                        panic!("{label}")
                    };
                    fields.insert(label, text);
                }
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    fields
}

fn product() -> BTreeMap<String, String> {
    let fields = [
        ("NAME", "product-v2-1"),
        ("NAMESPACE", "default"),
        ("CLUSTER_ID", "Kubernetes"),
        ("WORKLOAD_NAME", "product-v2"),
        ("app", "product"),
        ("version", "v2"),
        ("service.istio.io/canonical-name", "product"),
        ("service.istio.io/canonical-revision", "v2"),
    ];
    fields.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn an_envoy_that_calls_and_a_workload_know_each_other() {
    let (listener, address) = listener().await;
    let documents = Documents::of(&[&service("product", "http", address)]);
    let (mesh, recorder) = member(&documents).await;
    let answer = |request: Request<Body>| async move {
        Ok::<_, BoxError>(Response::new(Body::from(of_peers(request.headers()))))
    };
    serve(&mesh, listener, service_fn(answer));
    let mut envoy = envoy(address, "request_headers_to_add", &SLEEP, "RESP").await;
    let stream = TcpStream::connect(envoy.address("in")).await.expect("an open port");
    let request = Request::get("/").header(HOST, "product").body(Body::empty()).expect("a request");
    let response = soon(wire::http1(stream).await.send_request(request)).await.expect("an answer");
    assert_eq!(soon(text(response)).await, "", "the application sees none of it");
    assert_eq!(told(&recorder, "source").await, SLEEP.means);
    assert_eq!(understood(&soon(envoy.logged()).await), product());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn a_workload_that_calls_and_an_envoy_know_each_other() {
    let behind = Upstream::serving(|_| std::future::ready(Ok(Response::new(Body::from("details"))))).await;
    let mut envoy = envoy(behind.address, "response_headers_to_add", &DETAILS, "REQ").await;
    let documents = Documents::of(&[&service("details", "http", envoy.address("in"))]);
    let (mesh, recorder) = member(&documents).await;
    let response = soon(mesh.client().get("http://details/")).await.expect("an answer");
    assert_eq!(of_peers(response.headers()), "", "the application sees none of it");
    assert_eq!(soon(text(response)).await, "details");
    assert_eq!(told(&recorder, "destination").await, DETAILS.means);
    assert_eq!(understood(&soon(envoy.logged()).await), product());
}
