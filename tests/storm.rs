//! More requests than a backend can answer, through a whole mesh and over real sockets. Time stands still but for what the
//! test lets pass.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use mesh_tower::{Body, Client, respond::Refused};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, sync::Arc, time::Duration};
use tests::{
    documents::{Documents, service},
    mesh::join,
    upstream::Upstream,
    wire::text,
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MILLISECOND: Duration = Duration::from_millis(1);
/// The time that the backend takes for a request. It does ten at once.
const SERVICE: Duration = Duration::from_millis(100);
/// One request a millisecond is ten times what it can do.
const REQUESTS: usize = 5000;
/// After so many requests nearly everything that is ever needed is there.
const WARM: usize = 1000;
/// What memory may grow from then on: if anything of each request were kept, it would be much more.
const MOST_MEMORY: isize = 256 * 1024;

const BOUNDED: &str = "apiVersion: networking.istio.io/v1\n\
     kind: DestinationRule\n\
     metadata: {name: product}\n\
     spec: {host: product, trafficPolicy: {connectionPool: {\
       tcp: {maxConnections: 10}, http: {http1MaxPendingRequests: 10, maxConcurrentStreams: 1}}}}\n";

/// What became of a request, and after what time.
struct Ending {
    took: Duration,
    is_answered: bool,
}

async fn ask(client: Client) -> Ending {
    let begun = Instant::now();
    let response = client.get("http://product/").await.expect("an answer");
    let is_answered = response.status() == StatusCode::OK;
    if !is_answered {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["x-envoy-overloaded"], "true");
        assert_eq!(response.extensions().get::<Refused>().map(|refused| refused.flag), Some("UO"));
    }
    text(response).await;
    Ending { took: begun.elapsed(), is_answered }
}

/// A backend that answers one request each time that a tenth of its time has passed: what ten workers do.
async fn backend() -> Upstream {
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    tokio::spawn(async move {
        loop {
            sleep(SERVICE / 10).await;
            opened.add_permits(1);
        }
    });
    Upstream::serving(move |_: Request<Incoming>| {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await?.forget();
            Ok(Response::new(Body::from("hello")))
        }
    })
    .await
}

/// Memory in use since the region began.
fn in_use(region: &Region<'_, System>) -> isize {
    let change = region.change();
    isize::try_from(change.bytes_allocated).unwrap_or(isize::MAX)
        - isize::try_from(change.bytes_deallocated).unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn in_a_storm_those_who_are_admitted_are_as_quick_as_ever_the_rest_is_refused_at_once_and_nothing_piles_up()
 {
    for port_name in ["http", "http2"] {
        let upstream = backend().await;
        let documents = Documents::of(&[&service("product", port_name, upstream.address), BOUNDED]);
        let mesh = join(&documents).await;
        assert!(mesh.status().borrow().faults.is_empty(), "{:?}", mesh.status().borrow().faults);
        let (mut storm, mut answered, mut warm) = (JoinSet::new(), 0, None);
        for number in 0..REQUESTS {
            sleep(MILLISECOND).await;
            storm.spawn(ask(mesh.client()));
            while let Some(ending) = storm.try_join_next() {
                let Ending { took, is_answered } = ending.expect("no panic");
                let most = if is_answered { 3 * SERVICE } else { MILLISECOND };
                assert!(took <= most, "{port_name}: {took:?}, answered: {is_answered}");
                answered += usize::from(is_answered);
            }
            // Ten under way, ten that wait, and the one that has just begun.
            assert!(storm.len() <= 21, "{port_name}: {} are held", storm.len());
            if number == WARM {
                warm = Some(Region::new(ALLOCATOR));
            }
            let memory = warm.as_ref().map_or(0, in_use);
            assert!(memory < MOST_MEMORY, "{port_name}: {memory} bytes more after {number} requests");
        }
        // What the backend could do in that time, less what is under way.
        assert!((470..=500).contains(&answered), "{port_name}: {answered}");
        assert_eq!(upstream.accepted(), 10, "{port_name}");
    }
}
