//! Requests that are sent once more when they are slow, with a paused clock.

mod bodies;
mod limits;

use http::{Request, Response};
use mesh_tower::{Body, BoxError, Tried, hedge::HedgeLayer};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, advance},
};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_test::mock;

const AFTER: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3600);

/// A try that has arrived.
struct Try {
    request: Request<Body>,
    answer: oneshot::Sender<Result<Response<Body>, BoxError>>,
}

impl Try {
    fn answers(self, status: u16) {
        let response = Response::builder().status(status).body(Body::empty()).expect("a response");
        self.answer.send(Ok(response)).expect("somebody waits");
    }

    fn fails(self, why: &'static str) {
        self.answer.send(Err(why.into())).expect("somebody waits");
    }

    fn is_reset(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Where tries arrive.
type Arrivals = mpsc::UnboundedReceiver<Try>;
type Client = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// A client whose tries the test answers, or does not.
fn client(layer: &HedgeLayer) -> (Client, Arrivals) {
    let (sender, arrivals) = mpsc::unbounded_channel();
    let endpoint = service_fn(move |request| {
        let (answer, answered) = oneshot::channel();
        let sent = sender.send(Try { request, answer });
        async move {
            sent.map_err(|_| "the test is over")?;
            answered.await?
        }
    });
    (BoxCloneSyncService::new(layer.layer(endpoint)), arrivals)
}

fn get() -> Request<Body> {
    Request::get("http://product/1").header("x-user", "me").body(Body::empty()).expect("a request")
}

type Answered = Result<Response<Body>, BoxError>;
type Waiting = task::Spawn<std::pin::Pin<Box<dyn Future<Output = Answered> + Send>>>;

/// A request under way, as far as it can go now.
fn send(client: &Client, request: Request<Body>) -> Waiting {
    let mut waiting: Waiting = task::spawn(Box::pin(client.clone().oneshot(request)));
    assert_pending!(waiting.poll());
    waiting
}

/// Lets time pass for a request that still waits after it.
async fn pass(waiting: &mut Waiting, time: Duration) {
    advance(time).await;
    assert_pending!(waiting.poll());
}

fn status(waiting: &mut Waiting) -> u16 {
    assert!(waiting.is_woken());
    assert_ready_ok!(waiting.poll()).status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_is_sent_once_more_and_the_first_answer_wins_whosoever_it_is() {
    for winner in [0, 1] {
        let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
        let mut waiting = send(&client, get());
        let first = arrivals.try_recv().unwrap();
        pass(&mut waiting, AFTER - Duration::from_millis(1)).await;
        assert!(arrivals.try_recv().is_err());
        pass(&mut waiting, Duration::from_millis(1)).await;
        let second = arrivals.try_recv().unwrap();
        assert!(!first.is_reset());
        assert_eq!(
            (second.request.uri(), second.request.headers()),
            (first.request.uri(), first.request.headers())
        );

        let mut tries = [first, second];
        if winner == 1 {
            tries.reverse();
        }
        let [winner, loser] = tries;
        winner.answers(404);
        assert_eq!(status(&mut waiting), 404);
        // The future itself is still there.
        assert!(loser.is_reset());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_answered_in_time_is_sent_once_however_long_its_body_takes() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    let mut waiting = send(&client, get());
    pass(&mut waiting, AFTER - Duration::from_millis(1)).await;
    arrivals.try_recv().unwrap().answers(200);
    assert_eq!(status(&mut waiting), 200);
    advance(LONG).await;
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_is_taken_at_once_where_there_is_no_other_try() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    let mut waiting = send(&client, get());
    arrivals.try_recv().unwrap().answers(503);
    assert_eq!(status(&mut waiting), 503);
    let mut waiting = send(&client, get());
    arrivals.try_recv().unwrap().fails("no connection");
    assert_eq!(assert_ready!(waiting.poll()).unwrap_err().to_string(), "no connection");
    assert!(arrivals.try_recv().is_err());
}

/// Both tries of a request under way.
async fn both(client: &Client, arrivals: &mut Arrivals) -> (Waiting, [Try; 2]) {
    let mut waiting = send(client, get());
    pass(&mut waiting, AFTER).await;
    (waiting, [(); 2].map(|()| arrivals.try_recv().expect("two tries")))
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_waits_for_a_better_one() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    for reverses in [false, true] {
        let (mut waiting, mut tries) = both(&client, &mut arrivals).await;
        if reverses {
            tries.reverse();
        }
        let [bad, good] = tries;
        bad.answers(503);
        pass(&mut waiting, LONG).await;
        good.answers(200);
        assert_eq!(status(&mut waiting), 200);
    }
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn of_bad_outcomes_an_answer_is_taken_rather_than_an_error_and_the_last_of_equals() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    for answers_first in [true, false] {
        let (mut waiting, [one, other]) = both(&client, &mut arrivals).await;
        let (answers, fails) = if answers_first { (one, other) } else { (other, one) };
        if answers_first {
            answers.answers(503);
            assert_pending!(waiting.poll());
            fails.fails("reset");
        } else {
            fails.fails("reset");
            assert_pending!(waiting.poll());
            answers.answers(503);
        }
        assert_eq!(status(&mut waiting), 503);
    }
    let (mut waiting, [one, other]) = both(&client, &mut arrivals).await;
    one.answers(500);
    assert_pending!(waiting.poll());
    other.answers(502);
    assert_eq!(status(&mut waiting), 502);
}

#[tokio::test(start_paused = true)]
async fn tries_share_what_they_took_along_and_tell_which_endpoints_were_tried() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    let mut request = get();
    request.extensions_mut().insert("mine");
    let mut waiting = send(&client, request);
    let first = arrivals.try_recv().unwrap();
    let address = mesh_core::model::Address::Ip([10, 0, 0, 1].into());
    first.request.extensions().get::<Tried>().unwrap().add(address.clone(), 80);
    pass(&mut waiting, AFTER).await;
    let second = arrivals.try_recv().unwrap();
    assert!(second.request.extensions().get::<Tried>().unwrap().contains(&address, 80));
    assert_eq!(second.request.extensions().get(), Some(&"mine"));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_waits_for_readiness_of_its_own_and_a_drop_releases_everything() {
    let (mut service, mut upstream) =
        mock::spawn_layer::<Request<Body>, Response<Body>, _>(HedgeLayer::after(AFTER));
    let witness = Arc::new(());
    let mut request = get();
    request.extensions_mut().insert(Arc::clone(&witness));
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(request));
    assert_pending!(response.poll());
    upstream.allow(0);
    let first = assert_ready!(upstream.poll_request()).expect("the first try");
    advance(AFTER).await;
    assert!(response.is_woken());
    assert_pending!(response.poll());
    assert_pending!(upstream.poll_request());

    upstream.allow(1);
    assert!(response.is_woken());
    assert_pending!(response.poll());
    let second = assert_ready!(upstream.poll_request()).expect("the second try");
    drop((response, service, first, second));
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(matches!(upstream.poll_request(), std::task::Poll::Ready(None)));
}

#[tokio::test(start_paused = true)]
async fn the_wait_begins_when_the_request_is_sent_and_not_before() {
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER));
    let unsent = client.clone().oneshot(get());
    advance(LONG).await;
    let started = Instant::now();
    let answered = tokio::spawn(unsent);
    let _first = arrivals.recv().await.unwrap();
    arrivals.recv().await.unwrap().answers(200);
    assert_eq!(answered.await.unwrap().unwrap().status(), 200);
    assert_eq!(started.elapsed(), AFTER);
}
