//! More requests than there is room for.

use super::*;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Http2];
const MILLISECOND: Duration = Duration::from_millis(1);

/// The time that the server takes for a request.
const SERVICE: Duration = Duration::from_millis(100);

/// Ten requests at once, and ten that wait for those.
fn room_for_ten() -> ConnectionPool {
    ConnectionPool { max_connections: 10, max_concurrent_streams: 1, max_pending_requests: 10, ..bounds() }
}

/// Sends a request, reads its answer, and says how long that took and whether there was one.
async fn timed(asked: JoinHandle<Outcome>) -> (Duration, bool) {
    let begun = Instant::now();
    let outcome = asked.await.expect("no panic");
    let is_answered = outcome.is_ok();
    match outcome {
        Ok(response) => drop(response.into_body().collect().await.expect("a whole body")),
        Err(error) => {
            let kind = error.downcast_ref::<Error>().expect("an error of the mesh").kind();
            assert_eq!(kind, Kind::Overflow);
        }
    }
    (begun.elapsed(), is_answered)
}

#[tokio::test(start_paused = true)]
async fn ten_times_what_a_backend_can_do_leaves_it_as_fast_for_those_it_serves_and_is_refused_at_once() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let clock = tokio::spawn(async move {
            loop {
                // Ten answers in the time of one: what ten workers do.
                sleep(SERVICE / 10).await;
                gate.add_permits(1);
            }
        });
        let connection = Connection::new().with_bounds(room_for_ten());
        let mut storm = JoinSet::new();
        for _ in 0..5000 {
            sleep(MILLISECOND).await;
            storm.spawn(timed(ask(&connection, &server)));
            assert!(server.connections() <= 10 && server.begun() <= 10);
            while storm.try_join_next().is_some_and(|done| check(done.expect("no panic"))) {}
            assert!(storm.len() <= 21, "{protocol:?}: {} are held", storm.len());
        }
        assert_eq!(server.counts.most_begun.load(SeqCst), 10);
        let served = server.counts.answered.load(SeqCst);
        assert!((480..=500).contains(&served), "{protocol:?}: {served} of 500 that it could do");
        assert_eq!(server.accepted(), 10);
        clock.abort();
    }
}

/// Checks one request of the storm.
fn check((took, is_answered): (Duration, bool)) -> bool {
    let bound = if is_answered { 3 * SERVICE } else { MILLISECOND };
    assert!(took <= bound, "{took:?}, answered: {is_answered}");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_ever_whoever_gives_up() {
    for protocol in BOTH {
        let server = Server::open(protocol).await;
        let bounds = ConnectionPool {
            max_connections: 3,
            max_concurrent_streams: 2,
            max_requests_per_connection: Some(7),
            ..bounds()
        };
        let connection = Connection::new().with_bounds(bounds.clone());
        let mut rounds = JoinSet::new();
        for round in 0_u32..16 {
            let (connection, upstream) = (connection.clone(), server.upstream.clone());
            rounds.spawn(async move {
                for number in 0..100 {
                    let mut request = Request::get("http://server/").body(Body::empty()).expect("a request");
                    request.extensions_mut().insert(upstream.clone());
                    let asked = tokio::spawn(connection.clone().oneshot(request));
                    // Some give up at once, some a little later, most do not.
                    for _ in 0..(round + number) % 7 {
                        yield_now().await;
                    }
                    match (round * 7 + number) % 3 {
                        0 => asked.abort(),
                        _ => assert_eq!(read(asked).await, "hello"),
                    }
                }
            });
        }
        timeout(Duration::from_secs(30), rounds.join_all()).await.expect("nobody who waits for ever");
        // All is given back: as many as may be are under way again at once.
        for _ in 0..20 {
            assert_eq!(read(ask(&connection, &server)).await, "hello");
        }
        let most = server.counts.most_begun.load(SeqCst);
        assert!(most <= 6, "{protocol:?}: {most} at once");
    }
}
