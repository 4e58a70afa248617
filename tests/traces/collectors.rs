//! Collectors that do not work.

use super::chain::{Chain, Protocol, traced};
use std::{net::SocketAddr, time::Duration};
use tests::upstream::{Upstream, listener};
use tokio::time::Instant;

/// Far more than a hundred requests take, and less than any call to a collector may.
const PROMPT: Duration = Duration::from_secs(4);

async fn costs_requests_nothing(collector: SocketAddr, protocol: Protocol) {
    let chain = Chain::plain(&traced(collector, protocol, 100, "")).await;
    let began = Instant::now();
    for _ in 0..100 {
        chain.seen(&[]).await;
    }
    // Spans are on their way by now.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    chain.seen(&[]).await;
    assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_dead_collector_costs_requests_nothing() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let (listener, nobody) = listener().await;
        drop(listener);
        costs_requests_nothing(nobody, protocol).await;
    }
}

#[tokio::test]
async fn a_collector_that_takes_and_never_answers_costs_requests_nothing() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let silent = Upstream::raw(|stream| async move {
            let _open = stream;
            std::future::pending().await
        })
        .await;
        costs_requests_nothing(silent.address, protocol).await;
    }
}
