//! How many there may be at once.

use super::*;

const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Http2];

fn one_at_a_time() -> ConnectionPool {
    ConnectionPool { max_connections: 1, max_concurrent_streams: 1, ..bounds() }
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_connections_wait_in_the_order_in_which_they_came() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let connection = Connection::new().with_bounds(one_at_a_time());
        let mut asked = Vec::new();
        for _ in 0..5 {
            asked.push(ask(&connection, &server));
            settle().await;
        }
        for request in asked {
            assert_eq!(server.begun(), 1);
            gate.add_permits(1);
            assert_eq!(read(request).await, "hello");
            settle().await;
        }
        assert_eq!((server.accepted(), server.counts.most_begun.load(SeqCst)), (1, 1), "{protocol:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_refused_at_once_when_as_many_wait_as_may() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let connection =
            Connection::new().with_bounds(ConnectionPool { max_pending_requests: 2, ..one_at_a_time() });
        let first = ask(&connection, &server);
        settle().await;
        let waiting = [(); 2].map(|()| ask(&connection, &server));
        settle().await;
        assert_eq!(refusal(ask(&connection, &server)).await, Kind::Overflow);
        gate.add_permits(3);
        for request in [first].into_iter().chain(waiting) {
            assert_eq!(read(request).await, "hello");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_refused_while_as_many_are_under_way_as_may() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let connection = Connection::new().with_bounds(ConnectionPool { max_requests: 2, ..bounds() });
        let first = [(); 2].map(|()| ask(&connection, &server));
        settle().await;
        assert_eq!(refusal(ask(&connection, &server)).await, Kind::Overflow);
        gate.add_permits(2);
        let mut responses = Vec::new();
        for request in first {
            responses.push(request.await.unwrap().unwrap());
        }
        // Under way to the end of its response, not only to the head.
        assert_eq!(refusal(ask(&connection, &server)).await, Kind::Overflow);
        responses.pop();
        for _ in 0..3 {
            gate.add_permits(1);
            assert_eq!(read(ask(&connection, &server)).await, "hello");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_gives_everything_back() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let bounds = ConnectionPool { max_pending_requests: 1, max_requests: 1, ..one_at_a_time() };
        let connection = Connection::new().with_bounds(bounds);
        for _ in 0..20 {
            let under_way = ask(&connection, &server);
            settle().await;
            let waits = ask(&connection, &server);
            settle().await;
            assert!(!waits.is_finished());
            assert_eq!(refusal(ask(&connection, &server)).await, Kind::Overflow);
            waits.abort();
            under_way.abort();
            settle().await;
        }
        gate.add_permits(1);
        assert_eq!(read(ask(&connection, &server)).await, "hello");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_turn_comes_as_it_is_given_up_passes_it_on() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let connection = Connection::new().with_bounds(one_at_a_time());
        let first = ask(&connection, &server);
        settle().await;
        let given_up = ask(&connection, &server);
        settle().await;
        let last = ask(&connection, &server);
        settle().await;
        gate.add_permits(2);
        let response = first.await.unwrap().unwrap();
        // Its turn comes in this very step, before it has run again.
        response.into_body().collect().await.unwrap();
        given_up.abort();
        assert_eq!(read(last).await, "hello");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_a_connection_may_have_one_whatever_others_have() {
    let gate = closed_gate();
    let greedy = Server::behind(Arc::clone(&gate), Protocol::Http).await;
    let modest = Server::open(Protocol::Http).await;
    let connection = Connection::new().with_bounds(ConnectionPool { max_connections: 3, ..bounds() });
    let asked = [(); 5].map(|()| ask(&connection, &greedy));
    settle().await;
    assert_eq!(greedy.connections(), 3);
    assert_eq!(read(ask(&connection, &modest)).await, "hello");
    gate.add_permits(5);
    for request in asked {
        assert_eq!(read(request).await, "hello");
    }
    assert_eq!(greedy.connections(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_makes_room_for_another() {
    let gate = closed_gate();
    let server = Server::behind(Arc::clone(&gate), Protocol::Http).await;
    let connection = Connection::new().with_bounds(one_at_a_time());
    let broken = ask(&connection, &server);
    settle().await;
    let waits = ask(&connection, &server);
    settle().await;
    assert_eq!(server.accepted(), 1);
    broken.abort();
    settle().await;
    assert_eq!(server.accepted(), 2);
    gate.add_permits(2);
    assert_eq!(read(waits).await, "hello");
}

#[tokio::test(start_paused = true)]
async fn requests_over_the_streams_of_a_connection_open_another() {
    let gate = closed_gate();
    let server = Server::behind(Arc::clone(&gate), Protocol::Http2).await;
    let bounds = ConnectionPool { max_concurrent_streams: 3, max_connections: 2, ..bounds() };
    let connection = Connection::new().with_bounds(bounds);
    let asked: Vec<_> = (0..10).map(|_| ask(&connection, &server)).collect();
    settle().await;
    assert_eq!((server.connections(), server.begun()), (2, 6));
    gate.add_permits(10);
    for request in asked {
        assert_eq!(read(request).await, "hello");
    }
    assert_eq!(server.accepted(), 2);
}
