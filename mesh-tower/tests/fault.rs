//! Injected faults, with a paused clock.

use http::{Request, Response, StatusCode};
use mesh_core::model::{Abort, AbortStatus, Delay, Injection, Retriable, RetryOn, RetryPolicy, Share};
use mesh_tower::{Body, BoxError, Dice, Error, Kind, fault::FaultLayer, retry::RetryLayer};
use std::{convert::Infallible, sync::Arc, task::Poll, time::Duration};
use tokio::time::Instant;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;

const STATUS: AbortStatus = AbortStatus::Http(StatusCode::IM_A_TEAPOT);
const THREE_SECONDS: Duration = Duration::from_secs(3);

fn delay(share: Share) -> Option<Delay> {
    Some(Delay { lasting: THREE_SECONDS, share })
}

fn abort(share: Share) -> Option<Abort> {
    Some(Abort { status: STATUS, share })
}

fn kind(error: &BoxError) -> Option<Kind> {
    error.downcast_ref::<Error>().map(Error::kind)
}

async fn sound(_: Request<()>) -> Result<Response<()>, Infallible> {
    Ok(Response::new(()))
}

#[tokio::test(start_paused = true)]
async fn a_delay_of_three_seconds_is_three_seconds() {
    let layer = FaultLayer::new(Injection { delay: delay(Share::ALL), abort: abort(Share::NONE) });
    let start = Instant::now();
    layer.layer(service_fn(sound)).oneshot(Request::new(())).await.unwrap();
    assert_eq!(start.elapsed(), THREE_SECONDS);
}

#[tokio::test(start_paused = true)]
async fn an_abort_comes_after_the_delay_and_spares_the_inner_service() {
    let layer = FaultLayer::new(Injection { delay: delay(Share::ALL), abort: abort(Share::ALL) });
    let (mut service, mut upstream) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
    let start = Instant::now();
    assert_ready_ok!(service.poll_ready());
    let error = service.call(Request::new(())).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::Aborted(STATUS)));
    assert_eq!(start.elapsed(), THREE_SECONDS);
    assert!(upstream.poll_request().is_pending());
}

#[tokio::test(start_paused = true)]
async fn an_abort_without_a_delay_is_immediate() {
    let layer = FaultLayer::new(Injection { delay: delay(Share::NONE), abort: abort(Share::ALL) });
    let mut service = layer.layer(service_fn(sound));
    let mut response = task::spawn(service.call(Request::new(())));
    assert_eq!(kind(&assert_ready!(response.poll()).unwrap_err()), Some(Kind::Aborted(STATUS)));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_leaves_the_readied_service_and_waits_for_readiness_of_its_own() {
    let layer = FaultLayer::new(Injection { delay: delay(Share::ALL), abort: None });
    let (mut service, mut upstream) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(Request::new(())));
    upstream.allow(0);
    // The grant was not spent: this instance is still ready.
    assert_ready_ok!(service.poll_ready());

    assert_pending!(response.poll());
    assert!(!response.is_woken());
    tokio::time::advance(THREE_SECONDS).await;
    assert!(response.is_woken());
    assert_pending!(response.poll());
    assert!(upstream.poll_request().is_pending());

    upstream.allow(1);
    assert!(response.is_woken());
    assert_pending!(response.poll());
    let (_, answer) = assert_ready!(upstream.poll_request()).unwrap();
    answer.send_response(Response::new(()));
    assert_ready_ok!(response.poll());
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_during_its_delay_is_released_and_never_forwarded() {
    let layer = FaultLayer::new(Injection { delay: delay(Share::ALL), abort: None });
    let (mut service, mut upstream) = mock::spawn_layer::<Request<Arc<()>>, Response<()>, _>(layer);
    let witness = Arc::new(());
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(Request::new(Arc::clone(&witness))));
    assert_pending!(response.poll());
    drop((response, service));
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(matches!(upstream.poll_request(), Poll::Ready(None)));
}

#[tokio::test(start_paused = true)]
async fn shares_are_kept_and_the_two_dice_are_independent() {
    let fifth = Share::from_percent(20.0).unwrap();
    let layer =
        FaultLayer::new(Injection { delay: delay(fifth), abort: abort(fifth) }).with_dice(Dice::seeded(7));
    let mut service = layer.layer(service_fn(sound));
    let (mut delayed, mut aborted, mut both) = (0_u32, 0_u32, 0_u32);
    for _ in 0..10_000 {
        let start = Instant::now();
        let is_aborted = service.call(Request::new(())).await.is_err();
        let is_delayed = start.elapsed() == THREE_SECONDS;
        delayed += u32::from(is_delayed);
        aborted += u32::from(is_aborted);
        both += u32::from(is_delayed && is_aborted);
    }
    // Six standard deviations either way.
    assert!((1760..=2240).contains(&delayed) && (1760..=2240).contains(&aborted), "{delayed} {aborted}");
    assert!((282..=518).contains(&both), "{both}");
}

#[tokio::test(start_paused = true)]
async fn below_retries_each_try_has_its_own_chance_and_a_seed_replays_all_of_it() {
    let inner = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
    let half = Share::from_percent(50.0).unwrap();
    let run = |attempts| async move {
        let faults = FaultLayer::new(Injection { delay: None, abort: abort(half) });
        let on = RetryOn::NONE.with(Retriable::StatusCodes);
        let policy = RetryPolicy { attempts, on, statuses: vec![418], ..RetryPolicy::default() };
        let service = RetryLayer::new(policy).layer(faults.with_dice(Dice::seeded(7)).layer(inner));
        let mut outcomes = Vec::new();
        for _ in 0..200 {
            outcomes.push(service.clone().oneshot(Request::<Body>::default()).await.is_ok());
        }
        outcomes
    };
    let first = run(3).await;
    assert_eq!(first, run(3).await);
    // One of sixteen meets four aborts in a row, and one of two meets one.
    let [with_retries, without] =
        [first, run(0).await].map(|outcomes| outcomes.iter().filter(|is_ok| **is_ok).count());
    assert!(with_retries > 170 && (70..130).contains(&without), "{with_retries} {without}");
}
