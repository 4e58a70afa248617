//! Endpoints that are near are preferred.

use http::{Request, Response};
use mesh_core::model::{Labels, Locality};
use mesh_tower::{Body, Mesh, mesh::Config};
use std::{collections::BTreeMap, future::ready};
use tests::{
    documents::{Documents, named, routes},
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

/// The ways to say that a workload is near.
fn ways() -> [Config; 2] {
    let labels = Labels::from([("istio-locality".to_owned(), "eu.near".to_owned())]);
    let by_label = Config { labels, ..Config::default() };
    [by_label, Config { locality: Locality::parse("eu/near"), ..Config::default() }]
}

/// How many of 40 requests each zone answers to a workload; the nearest one fails if asked to.
async fn answers(own: Config, policy: &str, near_fails: bool) -> BTreeMap<String, usize> {
    answers_to(own, &named("product", "http"), policy, near_fails, "").await
}

/// The same of a service that is described in another way, with more documents.
async fn answers_to(
    own: Config,
    service: &str,
    policy: &str,
    near_fails: bool,
    more: &str,
) -> BTreeMap<String, usize> {
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
    let documents = Documents::of(&[service, &instance("near", &near), &instance("far", &far), &rule, more]);
    let own = Config { documents: config(&documents).documents, ..own };
    let mesh = Mesh::start(own).await.expect("documents that are there");
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
    for own in ways() {
        assert_eq!(answers(own.clone(), rules, false).await, counts(&[("near", 40)]));
        assert_eq!(answers(own, rules, true).await, counts(&[("near", 5), ("far", 35)]));
    }
}

#[tokio::test]
async fn line_19_without_outlier_detection_all_zones_are_used() {
    let rules = "{loadBalancer: {simple: ROUND_ROBIN}}";
    for own in ways() {
        assert_eq!(answers(own, rules, false).await, counts(&[("near", 20), ("far", 20)]));
    }
}

#[tokio::test]
async fn a_service_that_prefers_its_clients_zone_is_asked_there_without_outlier_detection() {
    let service = named("product", "http").replace("spec:\n", "spec:\n  trafficDistribution: PreferClose\n");
    for own in ways() {
        let seen = answers_to(own, &service, "{loadBalancer: {simple: ROUND_ROBIN}}", false, "").await;
        assert_eq!(seen, counts(&[("near", 40)]));
    }
}

/// The service `client`, with an instance in each zone.
fn clients(zones: &[&str]) -> String {
    let entry = |zone: &&str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: client-{zone}}}\n\
             spec: {{address: 10.0.0.1, locality: eu/{zone}, labels: {{app: client}}}}\n"
        )
    };
    format!("{}{}", named("client", "http"), zones.iter().map(entry).collect::<String>())
}

#[tokio::test]
async fn clients_stay_in_their_zone_where_its_endpoints_suffice_for_them() {
    let policy = "{loadBalancer: {simple: ROUND_ROBIN, zoneAwareLbSetting: {minClusterSize: 2}}}";
    for (zones, expected) in
        [(&["near", "far"][..], &[("near", 40)][..]), (&["near"], &[("near", 20), ("far", 20)])]
    {
        let labels = [("app", "client"), ("istio-locality", "eu.near")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let own = Config { labels, ..Config::default() };
        let seen = answers_to(own, &named("product", "http"), policy, false, &clients(zones)).await;
        assert_eq!(seen, counts(expected), "{zones:?}");
    }
}

#[tokio::test]
async fn a_retry_leaves_the_locality_after_two_tries_if_it_may() {
    for (leaves, expected) in [("true", "far"), ("false", "near")] {
        let retries =
            format!("retries: {{attempts: 3, retryOn: 5xx, backoff: 1ms, retryRemoteLocalities: {leaves}}}");
        let route =
            routes("product", &format!("[{{route: [{{destination: {{host: product}}}}], {retries}}}]"));
        // Nobody is ejected: two endpoints, and ten percent.
        let own = ways()[0].clone();
        let seen = answers_to(own, &named("product", "http"), "{outlierDetection: {}}", true, &route).await;
        assert_eq!(seen, counts(&[(expected, 40)]), "{leaves}");
    }
}
