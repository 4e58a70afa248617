//! Endpoints that fail again and again.

use http::{Request, Response, StatusCode};
use mesh_tower::{Body, Mesh};
use std::{
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tests::{
    documents::{Documents, named, routes, workload},
    mesh::join,
    soon,
    upstream::Upstream,
};
use tokio::time::{advance, pause, resume};

/// Three endpoints of `product`, which take turns. The last one fails, and counts the requests that it gets.
struct Fleet {
    mesh: Mesh,
    seen: Arc<AtomicUsize>,
    _documents: Documents,
    _endpoints: Vec<Upstream>,
}

impl Fleet {
    /// The last one answers 500.
    async fn failing(outlier_detection: &str) -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let last = Upstream::serving(move |_| {
            count.fetch_add(1, SeqCst);
            ready(Response::builder().status(500).body(Body::empty()).map_err(Into::into))
        });
        Self::with(last.await, seen, outlier_detection, "").await
    }

    /// The last one accepts requests and never answers. `limits` are those of the route.
    async fn hanging(limits: &str) -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let last = Upstream::serving(move |_| {
            count.fetch_add(1, SeqCst);
            pending()
        });
        Self::with(last.await, seen, "{maxEjectionPercent: 100}", limits).await
    }

    async fn with(last: Upstream, seen: Arc<AtomicUsize>, outlier_detection: &str, limits: &str) -> Self {
        let good = || Upstream::serving(|_| ready(Ok(Response::new(Body::empty()))));
        let endpoints = vec![good().await, good().await, last];
        let workloads = endpoints.iter().zip(1..).map(|(endpoint, number): (_, u8)| {
            workload("product", &format!("v{number}"), "http", endpoint.address)
        });
        let rule = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: product}}\n\
             spec: {{host: product, trafficPolicy: {{loadBalancer: {{simple: ROUND_ROBIN}}, \
             outlierDetection: {outlier_detection}}}}}\n"
        );
        let route = routes("product", &format!("[{{route: [{{destination: {{host: product}}}}]{limits}}}]"));
        let documents: Vec<_> =
            [named("product", "http"), rule, route].into_iter().chain(workloads).collect();
        let documents = Documents::of(&documents.iter().map(String::as_str).collect::<Vec<_>>());
        Self { mesh: join(&documents).await, seen, _documents: documents, _endpoints: endpoints }
    }

    /// How many of so many requests go to the endpoint that fails.
    async fn count(&self, requests: usize) -> usize {
        let before = self.seen.load(SeqCst);
        for _ in 0..requests {
            self.get().await;
        }
        self.seen.load(SeqCst) - before
    }

    async fn get(&self) -> StatusCode {
        let request = Request::get("http://product/").body(Body::empty()).expect("a request");
        soon(self.mesh.client().request(request)).await.expect("an answer").status()
    }
}

/// Lets time pass while nothing is under way.
async fn later(seconds: u64) {
    pause();
    advance(Duration::from_secs(seconds)).await;
    resume();
}

#[tokio::test]
async fn line_13_five_errors_in_a_row_eject_for_30_s_and_the_second_time_for_60_s() {
    let fleet = Fleet::failing("{maxEjectionPercent: 100}").await;
    for lasting in [30, 60] {
        assert_eq!(fleet.count(30).await, 5);
        later(lasting - 2).await;
        assert_eq!(fleet.count(30).await, 0, "{lasting}");
        // Every 10 s there is a look at who may come back.
        later(12).await;
    }
    assert_eq!(fleet.count(30).await, 5);
}

#[tokio::test]
async fn line_13_of_three_endpoints_none_is_ejected_within_ten_percent() {
    for (rules, expected) in [("{}", 20), ("{maxEjectionPercent: 10}", 20), ("{maxEjectionPercent: 100}", 5)]
    {
        let fleet = Fleet::failing(rules).await;
        assert_eq!(fleet.count(60).await, expected, "{rules}");
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_ejected_when_tries_or_requests_are_given_up() {
    for limits in [
        ", retries: {attempts: 2, perTryTimeout: 20ms, retryOn: gateway-error}",
        ", retries: {attempts: 0}, timeout: 20ms",
    ] {
        let fleet = Fleet::hanging(limits).await;
        assert_eq!(fleet.count(30).await, 5, "{limits}");
        assert_eq!(fleet.get().await, StatusCode::OK);
    }
}

#[tokio::test]
async fn an_endpoint_is_not_blamed_for_callers_who_lose_patience() {
    let fleet = Fleet::hanging("").await;
    for _ in 0..30 {
        let _ = tokio::time::timeout(Duration::from_millis(50), fleet.get()).await;
    }
    assert!(fleet.seen.load(SeqCst) > 5, "it is still asked");
}
