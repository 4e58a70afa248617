//! How long connections live, and how much they serve.

use super::*;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::TcpSocket,
    time::{Instant, sleep},
};

const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Http2];
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_too_long_closes_by_itself() {
    for protocol in BOTH {
        let server = Server::open(protocol).await;
        let idle_timeout = Some(10 * SECOND);
        let connection = Connection::new().with_bounds(ConnectionPool { idle_timeout, ..bounds() });
        for _ in 0..3 {
            assert_eq!(read(ask(&connection, &server)).await, "hello");
            sleep(9 * SECOND).await;
            assert_eq!((server.accepted(), server.connections()), (1, 1));
        }
        sleep(SECOND).await;
        settle().await;
        assert_eq!(server.connections(), 0, "{protocol:?}");
        assert_eq!(read(ask(&connection, &server)).await, "hello");
        assert_eq!(server.accepted(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_used_does_not_rest() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let idle_timeout = Some(10 * SECOND);
        let connection = Connection::new().with_bounds(ConnectionPool { idle_timeout, ..bounds() });
        let slow = ask(&connection, &server);
        settle().await;
        sleep(100 * SECOND).await;
        gate.add_permits(1);
        assert_eq!(read(slow).await, "hello");
        sleep(9 * SECOND).await;
        assert_eq!(server.connections(), 1, "{protocol:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_for_ever_where_no_bound_says_otherwise() {
    for protocol in BOTH {
        let server = Server::open(protocol).await;
        let connection = Connection::new().with_bounds(ConnectionPool { idle_timeout: None, ..bounds() });
        assert_eq!(read(ask(&connection, &server)).await, "hello");
        sleep(1_000_000 * SECOND).await;
        assert_eq!(read(ask(&connection, &server)).await, "hello");
        assert_eq!(server.accepted(), 1, "{protocol:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_too_old_finishes_what_it_carries_and_takes_no_more() {
    for protocol in BOTH {
        let gate = closed_gate();
        let server = Server::behind(Arc::clone(&gate), protocol).await;
        let max_connection_duration = Some(10 * SECOND);
        let connection =
            Connection::new().with_bounds(ConnectionPool { max_connection_duration, ..bounds() });
        let slow = ask(&connection, &server);
        settle().await;
        sleep(11 * SECOND).await;
        gate.add_permits(2);
        assert_eq!(read(slow).await, "hello");
        settle().await;
        assert_eq!(server.connections(), 0, "{protocol:?}");
        assert_eq!(read(ask(&connection, &server)).await, "hello");
        assert_eq!(server.accepted(), 2);
        // One that rests closes at once.
        sleep(9 * SECOND).await;
        assert_eq!(server.connections(), 1);
        sleep(SECOND).await;
        settle().await;
        assert_eq!(server.connections(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_serves_no_more_requests_than_it_may() {
    for protocol in BOTH {
        for (most, accepted) in [(1, 12), (3, 4), (5, 3)] {
            let server = Server::open(protocol).await;
            let bounds = ConnectionPool { max_requests_per_connection: Some(most), ..bounds() };
            let connection = Connection::new().with_bounds(bounds);
            for _ in 0..12 {
                assert_eq!(read(ask(&connection, &server)).await, "hello");
            }
            settle().await;
            assert_eq!(server.accepted(), accepted, "{protocol:?} {most}");
            assert_eq!(server.connections(), usize::from(most == 5), "{protocol:?} {most}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_request_of_a_connection_makes_room_for_those_that_wait() {
    for protocol in BOTH {
        let server = Server::open(protocol).await;
        let bounds = ConnectionPool { max_requests_per_connection: Some(2), max_connections: 1, ..bounds() };
        let connection = Connection::new().with_bounds(bounds);
        let asked: Vec<_> = (0..10).map(|_| ask(&connection, &server)).collect();
        for request in asked {
            assert_eq!(read(request).await, "hello");
        }
        assert_eq!(server.accepted(), 5, "{protocol:?}");
    }
}

/// An address where connections are neither accepted nor refused.
async fn silent() -> (SocketAddr, impl Sized) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(0).expect("a listener");
    let address = listener.local_addr().expect("a bound listener");
    // Fills what the system accepts by itself.
    let full = tokio::net::TcpStream::connect(address).await.expect("a first connection");
    (address, (listener, full))
}

#[tokio::test(start_paused = true)]
async fn connecting_takes_no_longer_than_it_may() {
    for protocol in BOTH {
        let server = Server::open(protocol).await;
        let (address, _silent) = silent().await;
        let upstream = Upstream { port: address.port(), ..server.upstream.clone() };
        let silent = Server { upstream, ..server };
        let connect_timeout = 3 * SECOND;
        let bounds =
            ConnectionPool { connect_timeout: Some(connect_timeout), max_connections: 1, ..bounds() };
        let connection = Connection::new().with_bounds(bounds);
        // Those who wait for a connection learn together that there is none.
        let (begun, asked) = (Instant::now(), [(); 3].map(|()| ask(&connection, &silent)));
        for request in asked {
            assert_eq!(refusal(request).await, Kind::ConnectTimeout);
        }
        assert_eq!(begun.elapsed().as_secs(), 3, "{protocol:?}");
        assert_eq!(refusal(ask(&connection, &silent)).await, Kind::ConnectTimeout);
        assert_eq!(begun.elapsed().as_secs(), 6, "{protocol:?}");
    }
}
