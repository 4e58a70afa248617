//! What every mesh that speaks Istio's language must do, a statement a test, over real sockets.
//!
//! The numbers of the tests are those of the statements in our list; the other statements of it are about subjects that
//! have tests of their own elsewhere.

mod answers;
mod connections;
mod defaults;
mod doors;
mod faults;
mod limits;
mod locality;
mod matching;
mod metrics;
mod mutual_tls;
mod outliers;
mod owners;
mod policies;
mod reports;
mod retries;
mod rotation;
mod timeouts;
mod tokens;

use http::{Request, Response};
use mesh_core::watch::Standing;
use mesh_tower::{Body, Mesh};
use std::future::ready;
use tests::{
    documents::{Documents, named, subsets, workload},
    mesh::join,
    soon,
    upstream::Upstream,
    wire::text,
};

/// The service `product` in two versions, `v1` and `v2`, which answer with their names.
struct Product([Upstream; 2]);

impl Product {
    async fn open() -> Self {
        let named =
            |name: &'static str| Upstream::serving(move |_| ready(Ok(Response::new(Body::from(name)))));
        Self([named("v1").await, named("v2").await])
    }

    /// The service and its instances, in YAML; which versions are subsets of it is not said.
    fn documents(&self) -> String {
        let [v1, v2] = &self.0;
        [
            named("product", "http"),
            workload("product", "v1", "http", v1.address),
            workload("product", "v2", "http", v2.address),
        ]
        .join("---\n")
    }
}

/// A workload that calls `product`.
struct Caller {
    mesh: Mesh,
    _documents: Documents,
    _product: Product,
}

impl Caller {
    /// The rules for `product` are these, in YAML's flow style, with a subset for each version.
    async fn with_rules(rules: &str) -> Self {
        let product = Product::open().await;
        let rules = tests::documents::routes("product", rules);
        let documents = Documents::of(&[&product.documents(), &subsets("product", &["v1", "v2"]), &rules]);
        Self::of(product, documents).await
    }

    /// These documents, all of which are accepted.
    async fn of(product: Product, documents: Documents) -> Self {
        let mesh = join(&documents).await;
        let status = mesh.status().borrow().clone();
        for document in &status.documents {
            assert_eq!(document.standing, Standing::Serving, "{}: {:?}", document.key, status.faults);
        }
        Self { mesh, _documents: documents, _product: product }
    }

    async fn send(&self, request: http::request::Builder) -> Response<Body> {
        let request = request.body(Body::empty()).expect("a request");
        soon(self.mesh.client().request(request)).await.expect("an answer")
    }

    /// Which version answers a request for a path.
    async fn version(&self, path: &str) -> String {
        soon(text(self.send(Request::get(format!("http://product{path}"))).await)).await
    }
}

/// A rule's destination: a version of `product`.
fn to(version: &str) -> String {
    format!("route: [{{destination: {{host: product, subset: {version}}}}}]")
}
