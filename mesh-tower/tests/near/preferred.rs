//! Endpoints are preferred as their Service says.

use super::*;

/// Endpoints in these places of a Service that prefers its clients near.
fn preferring(distribution: &str, places: &[&str]) -> String {
    let preferred = format!("spec: {{trafficDistribution: {distribution}, selector");
    documents(places, "loadBalancer: {simple: ROUND_ROBIN}").replace("spec: {selector", &preferred)
}

fn at(locality: &'static str) -> impl Fn(BalanceLayer) -> BalanceLayer {
    move |layer| layer.with_locality(Locality::parse(locality).expect("a place"))
}

#[tokio::test(start_paused = true)]
async fn a_service_that_prefers_its_zone_needs_no_ejections_for_it() {
    for distribution in ["PreferClose", "PreferSameZone"] {
        let text = preferring(distribution, &["eu/a/1", "eu/a/2", "eu/b/1", "us/a/1"]);
        let world = World::of(&text, at("eu/a/1"));
        let seen = world.places(3000).await;
        assert!(seen.len() == 2 && chi_squared(&seen, &[0.5, 0.5]) < BOUNDS[0], "{distribution}: {seen:?}");
        let seen = World::of(&text, at("eu/c")).places(3000).await;
        assert!(
            seen.len() == 3 && chi_squared(&seen, &[1.0 / 3.0; 3]) < BOUNDS[1],
            "{distribution}: {seen:?}"
        );
        assert_eq!(World::of(&text, at("as/a")).places(400).await.len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_prefers_its_node_goes_from_there_to_the_zone() {
    let on_node = |layer: BalanceLayer| {
        let labels = [("kubernetes.io/hostname", "node-1"), ("istio-locality", "eu.a")];
        layer.with_labels(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    };
    let text = preferring("PreferSameNode", &["eu/a", "eu/a", "eu/b"]);
    let text = text.replace("slot: s2", "slot: s2, kubernetes.io/hostname: node-1");
    let seen = World::of(&text, on_node).endpoints(100).await;
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["10.0.1.2", "10.0.2.2"]);
    let text = text.replace("node-1", "node-9");
    assert_eq!(World::of(&text, on_node).places(100).await.keys().collect::<Vec<_>>(), [&'1', &'2']);
}
