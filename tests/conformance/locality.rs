//! Endpoints that are near are preferred.

use http::{Request, Response};
use mesh_core::model::Labels;
use mesh_tower::{Body, Mesh, mesh::Config};
use std::{collections::BTreeMap, future::ready};
use tests::{
    documents::{Documents, named},
    mesh::config,
    soon,
    upstream::Upstream,
    wire::text,
};

/// An instance of `product` in a zone.
fn instance(zone: &str, at: &Upstream) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: WorkloadEntry\n\
         metadata: {{name: {zone}}}\n\
         spec: {{address: {}, ports: {{http: {}}}, locality: eu/{zone}, labels: {{app: product}}}}\n",
        at.address.ip(),
        at.address.port()
    )
}

/// How many of 40 requests each zone answers; the nearest one fails if asked to.
async fn answers(policy: &str, near_fails: bool) -> BTreeMap<String, usize> {
    let zone = |name: &'static str, status: u16| {
        Upstream::serving(move |_| {
            ready(Response::builder().status(status).body(Body::from(name)).map_err(Into::into))
        })
    };
    let near = zone("near", if near_fails { 500 } else { 200 }).await;
    let far = zone("far", 200).await;
    let rule = format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: product}}\n\
         spec: {{host: product, trafficPolicy: {policy}}}\n"
    );
    let documents =
        Documents::of(&[&named("product", "http"), &instance("near", &near), &instance("far", &far), &rule]);
    let labels = Labels::from([("istio-locality".to_owned(), "eu.near".to_owned())]);
    let mesh = Mesh::start(Config { labels, ..config(&documents) }).await.expect("documents that are there");
    let mut seen = BTreeMap::new();
    for _ in 0..40 {
        let request = Request::get("http://product/").body(Body::empty()).expect("a request");
        let answer = soon(mesh.client().request(request)).await.expect("an answer");
        *seen.entry(soon(text(answer)).await).or_default() += 1;
    }
    seen
}

fn counts(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(zone, count)| ((*zone).to_owned(), *count)).collect()
}

#[tokio::test]
async fn line_19_with_outlier_detection_only_the_own_zone_is_used_while_it_is_healthy() {
    let rules = "{outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 100}}";
    assert_eq!(answers(rules, false).await, counts(&[("near", 40)]));
    assert_eq!(answers(rules, true).await, counts(&[("near", 5), ("far", 35)]));
}

#[tokio::test]
async fn line_19_without_outlier_detection_all_zones_are_used() {
    let rules = "{loadBalancer: {simple: ROUND_ROBIN}}";
    assert_eq!(answers(rules, false).await, counts(&[("near", 20), ("far", 20)]));
}
