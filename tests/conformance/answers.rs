//! What is missing, and how requests for it are answered.

use super::{Caller, Product, to};
use http::{Request, Response, StatusCode, header::HOST};
use mesh_core::model::UnknownHosts;
use mesh_tower::{Body, Mesh, mesh::Config, respond::Refused};
use std::{cell::RefCell, fmt};
use tests::{
    documents::{Documents, named, routes, subsets, workload},
    gate::{door, plain},
    mesh::{config, gateway_config, run_gateway},
    soon,
    wire::{self, text},
};
use tokio::net::TcpStream;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// The status, Envoy's flag, and the body of an answer that the mesh gave itself.
async fn refusal(response: Response<Body>) -> (u16, &'static str, String) {
    let flag = response.extensions().get::<Refused>().map_or("none", |refused| refused.flag);
    (response.status().as_u16(), flag, soon(text(response)).await)
}

#[tokio::test]
async fn line_1_a_missing_destination_subset_endpoint_route_or_host_has_its_own_status_and_flag() {
    destinations_subsets_and_endpoints().await;
    routes_of_a_gateway().await;
    hosts_that_nobody_described().await;
}

async fn destinations_subsets_and_endpoints() {
    let product = Product::open().await;
    let rules = routes(
        "product",
        "[{match: [{uri: {prefix: /host}}], route: [{destination: {host: nobody}}]},
          {match: [{uri: {prefix: /subset}}], route: [{destination: {host: product, subset: v3}}]},
          {match: [{uri: {prefix: /endpoint}}], route: [{destination: {host: product, subset: v2}}]},
          {route: [{destination: {host: product}}]}]",
    );
    let only_v1 = workload("product", "v1", "http", product.0[0].address);
    let subsets = subsets("product", &["v1", "v2"]);
    let documents = Documents::of(&[&named("product", "http"), &only_v1, &subsets, &rules]);
    let caller = Caller::of(product, documents).await;
    for (path, expected) in [
        ("/host", (503, "NC", "")),
        ("/subset", (503, "NC", "")),
        ("/endpoint", (503, "UH", "no healthy upstream")),
        ("/", (200, "none", "v1")),
    ] {
        let (status, flag, body) =
            refusal(caller.send(Request::get(format!("http://product{path}"))).await).await;
        assert_eq!((status, flag, &*body), expected, "{path}");
    }
}

async fn routes_of_a_gateway() {
    let product = Product::open().await;
    let rules = format!("[{{match: [{{uri: {{exact: /there}}}}], {}}}]", to("v1"));
    let rules = routes("shop.example.com", &rules).replace("{hosts:", "{gateways: [door], hosts:");
    let subsets = subsets("product", &["v1"]);
    let documents = Documents::of(&[&product.documents(), &subsets, &rules, &door(&[&plain(80)])]);
    let mesh = Mesh::start(gateway_config(&documents, &[80])).await.expect("documents that are there");
    let (addresses, _) = run_gateway(&mesh).await;
    tracing::subscriber::set_global_default(Refusals).expect("no other subscriber");
    for (host, path, status, flags) in [
        ("shop.example.com", "/there", StatusCode::OK, &[][..]),
        ("shop.example.com", "/elsewhere", StatusCode::NOT_FOUND, &["NR"]),
        ("other.example.com", "/there", StatusCode::NOT_FOUND, &["NR"]),
    ] {
        let mut client = wire::http1(TcpStream::connect(addresses[0]).await.expect("an open port")).await;
        let request = Request::get(path).header(HOST, host).body(Body::empty()).expect("a request");
        let response = soon(client.send_request(request)).await.expect("an answer");
        assert_eq!(response.status(), status, "{host}{path}");
        assert_eq!(FLAGS.take(), flags, "{host}{path}");
    }
}

async fn hosts_that_nobody_described() {
    let product = Product::open().await;
    let documents = Documents::of(&[&product.documents()]);
    let unknown = format!("http://{}/", product.0[1].address);
    for (unknown_hosts, expected) in
        [(UnknownHosts::Pass, (200, "none", "v2")), (UnknownHosts::Refuse, (502, "-", ""))]
    {
        let config = Config { unknown_hosts, ..config(&documents) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        let (status, flag, body) = refusal(soon(mesh.client().get(&unknown)).await.expect("an answer")).await;
        assert_eq!((status, flag, &*body), expected, "{unknown_hosts:?}");
    }
}

thread_local! {
    /// What was logged in this thread, which is that of one test.
    static FLAGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Collects the flags of refusals as they are logged: those of a gateway are not told to its clients.
///
/// For all threads, since what is logged at all is decided once for all of them.
struct Refusals;

impl Subscriber for Refusals {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mesh_tower::respond")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Flags);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Flags;

impl Visit for Flags {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "flag" {
            FLAGS.with_borrow_mut(|flags| flags.push(value.to_owned()));
        }
    }
}
