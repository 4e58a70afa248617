//! How long requests may take, and how long the waits between their tries are.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use mesh_core::model::{Retriable, RetryOn, RetryPolicy};
use mesh_tower::{Body, BoxError, Dice, mesh::Config, respond::Refused, retry::RetryLayer};
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{
    documents::{Documents, named, routes, service, workload},
    mesh::{config, join, serve},
    soon,
    upstream::{Upstream, listener},
    wire::text,
};
use tokio::{sync::oneshot, time::Instant};
use tower::{Layer, ServiceExt, service_fn};

/// Longer than the timeouts of these tests, and shorter than Envoy's own of 15 seconds: nobody waits for that one.
const SLOW: Duration = Duration::from_millis(300);

async fn slow() -> Upstream {
    Upstream::serving(|_: Request<Incoming>| async {
        tokio::time::sleep(SLOW).await;
        Ok(Response::new(Body::from("slow")))
    })
    .await
}

#[tokio::test]
async fn line_5_a_timeout_of_zero_or_none_is_no_limit_and_any_other_ends_with_504() {
    let slow = slow().await;
    for (timeout, expected) in [
        ("", (200, "none", "slow")),
        (", timeout: 0s", (200, "none", "slow")),
        (", timeout: 100ms", (504, "UT", "upstream request timeout")),
    ] {
        let rules = routes("product", &format!("[{{route: [{{destination: {{host: product}}}}]{timeout}}}]"));
        let one = workload("product", "v1", "http", slow.address);
        let mesh = join(&Documents::of(&[&named("product", "http"), &one, &rules])).await;
        let response = soon(mesh.client().get("http://product/")).await.expect("an answer");
        let flag = response.extensions().get::<Refused>().map_or("none", |refused| refused.flag);
        let status = response.status().as_u16();
        assert_eq!((status, flag, &*soon(text(response)).await), expected, "{timeout}");
    }
}

#[tokio::test(start_paused = true)]
async fn line_8_the_wait_before_a_retry_is_below_25_ms_then_75_then_175_and_never_above_250() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&times);
    let failing = service_fn(move |_: Request<Body>| {
        seen.lock().expect("nobody who panicked").push(Instant::now());
        async { Ok::<_, BoxError>(Response::builder().status(503).body(Body::empty())?) }
    });
    let on = RetryOn::NONE.with(Retriable::ServerError);
    let policy = RetryPolicy { attempts: 6, on, ..RetryPolicy::default() };
    let client = RetryLayer::new(policy).with_dice(Dice::seeded(8)).layer(failing);
    let mut longest = [Duration::ZERO; 6];
    for _ in 0..200 {
        client.clone().oneshot(Request::default()).await.expect("an answer");
        let times = std::mem::take(&mut *times.lock().expect("nobody who panicked"));
        for (longest, pair) in longest.iter_mut().zip(times.windows(2)) {
            *longest = (*longest).max(pair[1] - pair[0]);
        }
    }
    // The clock of tests goes by whole milliseconds.
    for (longest, bound) in longest.into_iter().zip([25, 75, 175, 250, 250, 250]) {
        assert!((bound * 9 / 10..=bound).contains(&longest.as_millis()), "{longest:?} of {bound} ms");
    }
}

#[tokio::test]
async fn the_time_that_a_caller_gives_bounds_the_calls_of_the_service_it_calls() {
    for (keeps_deadlines, expected) in [(true, StatusCode::GATEWAY_TIMEOUT), (false, StatusCode::OK)] {
        let slow = slow().await;
        let (front, address) = listener().await;
        let documents =
            Documents::of(&[&service("product", "http", slow.address), &service("shop", "http", address)]);
        let mesh = mesh_tower::Mesh::start(Config { keeps_deadlines, ..config(&documents) });
        let mesh = mesh.await.expect("documents that are there");
        let client = mesh.client();
        let app = service_fn(move |_: Request<Body>| {
            let client = client.clone();
            async move { client.get("http://product/").await }
        });
        serve(&mesh, front, app);
        let mut request = Request::get(format!("http://{address}/")).body(Body::empty()).expect("a request");
        request.headers_mut().insert("x-envoy-expected-rq-timeout-ms", 100.into());
        let response = soon(mesh.client().request(request)).await.expect("an answer");
        assert_eq!(response.status(), expected);
    }
}

#[tokio::test]
async fn a_handler_whose_client_has_gone_is_dropped() {
    let (begun, has_begun) = oneshot::channel::<()>();
    let (held, gone) = oneshot::channel::<()>();
    let hands = Arc::new(Mutex::new(Some((begun, held))));
    let app = service_fn(move |_: Request<Body>| {
        let hands = hands.lock().expect("nobody who panicked").take();
        async move {
            let (begun, _held) = hands.expect("one request");
            begun.send(()).expect("somebody who waits");
            pending::<Result<Response<Body>, BoxError>>().await
        }
    });
    let (front, address) = listener().await;
    let mesh = join(&Documents::of(&[&service("shop", "http", address)])).await;
    serve(&mesh, front, app);
    let client = mesh.client();
    let call = tokio::spawn(async move { client.get("http://shop/").await });
    soon(has_begun).await.expect("a request that arrives");
    call.abort();
    assert!(soon(gone).await.is_err());
}
