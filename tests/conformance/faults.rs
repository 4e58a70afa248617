//! Faults that are injected on purpose.

use http::{Request, Response};
use hyper::body::Incoming;
use mesh_tower::{Body, Dice, Mesh, fault::FaultLayer, mesh::Config, respond::Refused};
use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tests::{
    documents::{Documents, routes, service},
    mesh::config,
    soon,
    upstream::Upstream,
    wire::text,
};
use tokio::time::Instant;

/// A workload that calls `product`, whose one instance counts what reaches it.
struct Broken {
    mesh: Mesh,
    reached: Arc<AtomicUsize>,
    _upstream: Upstream,
    _documents: Documents,
}

impl Broken {
    /// The rule for `product` says this besides its destination, in YAML's flow style.
    async fn by(rule: &str, how: impl FnOnce(Config) -> Config) -> Self {
        let reached = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reached);
        let upstream = Upstream::serving(move |_: Request<Incoming>| {
            count.fetch_add(1, SeqCst);
            ready(Ok(Response::new(Body::from("sound"))))
        })
        .await;
        let rules = format!("[{{route: [{{destination: {{host: product}}}}], {rule}}}]");
        let rules = routes("product", &rules);
        let documents = Documents::of(&[&service("product", "http", upstream.address), &rules]);
        let mesh = Mesh::start(how(config(&documents))).await.expect("documents that are there");
        let status = mesh.status().borrow().clone();
        assert!(!status.faults.iter().any(|fault| fault.is_refusal()), "{:?}", status.faults);
        Self { mesh, reached, _upstream: upstream, _documents: documents }
    }

    async fn call(&self) -> Response<Body> {
        soon(self.mesh.client().get("http://product/")).await.expect("an answer")
    }

    /// The statuses of so many calls.
    async fn statuses(&self, calls: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..calls {
            statuses.push(self.call().await.status().as_u16());
        }
        statuses
    }
}

#[tokio::test]
async fn line_9_an_abort_without_a_percentage_never_fires_and_one_of_20_fires_for_about_20() {
    for (percentage, expected) in
        [("", 0..=0), ("percentage: {value: 20}, ", 150..=250), ("percent: 20, ", 150..=250)]
    {
        let rule = format!("fault: {{abort: {{{percentage}httpStatus: 418}}}}");
        let broken = Broken::by(&rule, |config| config).await;
        let aborted = broken.statuses(1000).await.iter().filter(|status| **status == 418).count();
        // Nearly four standard deviations either way.
        assert!(expected.contains(&aborted), "{percentage}: {aborted}");
        assert_eq!(broken.reached.load(SeqCst), 1000 - aborted);
    }
}

#[tokio::test]
async fn line_9_an_abort_is_not_retried_and_follows_a_delay_that_is_no_part_of_the_timeout() {
    let delay = Duration::from_millis(200);
    let broken = Broken::by(
        "timeout: 50ms, retries: {attempts: 5, retryOn: 5xx, backoff: 1s}, fault: {
           delay: {percentage: {value: 100}, fixedDelay: 200ms},
           abort: {percentage: {value: 100}, httpStatus: 503}}",
        |config| config,
    )
    .await;
    let start = Instant::now();
    let response = broken.call().await;
    let took = start.elapsed();
    assert!(took >= delay && took < 2 * delay + Duration::from_secs(1), "{took:?}");
    let refused = response.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
    assert_eq!((response.status().as_u16(), refused.flag, refused.retry_flag), (503, "FI", None));
    assert_eq!(soon(text(response)).await, "fault filter abort");
    assert_eq!(broken.reached.load(SeqCst), 0);
}

#[tokio::test]
async fn faults_of_each_try_are_retried_and_a_seed_replays_them() {
    let run = |faults_per_try| async move {
        let rule = "retries: {attempts: 9, retryOn: 5xx, backoff: 1ms},
                    fault: {abort: {percentage: {value: 50}, httpStatus: 503}}";
        let broken = Broken::by(rule, |config| {
            let fault = FaultLayer::routed().with_dice(Dice::seeded(7));
            Config { fault, faults_per_try, ..config }
        })
        .await;
        broken.statuses(50).await
    };
    assert!(run(true).await.iter().all(|status| *status == 200));
    let once = run(false).await;
    assert!((10..40).contains(&once.iter().filter(|status| **status == 503).count()), "{once:?}");
    assert_eq!(once, run(false).await);
}
