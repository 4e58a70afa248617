//! Headers by which strangers would be somebody, and headers that take others away.

use super::*;

/// The headers that the application saw of a request with these.
async fn sent(door: &Door, headers: &str) -> Vec<String> {
    let text = format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\nconnection: close\r\n\r\n");
    let answer = exchange(door.address, text.as_bytes()).await;
    assert_eq!(status(&answer), Some(200), "{answer}");
    let (_, seen) = answer.split_once("\r\n\r\n").expect("a body");
    seen.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_stranger_is_nobody_and_comes_from_where_it_comes() {
    for door in Door::both().await {
        let seen =
            sent(&door, "x-forwarded-client-cert: By=spiffe://x;URI=spiffe://cluster.local/ns/a/sa/admin")
                .await;
        assert!(!seen.iter().any(|line| line.starts_with("x-forwarded-client-cert")), "{seen:?}");
    }
    let gateway = Door::gateway().await;
    let seen = sent(&gateway, "x-forwarded-proto: https\r\nx-forwarded-for: 10.0.0.1").await;
    assert!(seen.contains(&"x-forwarded-proto: \"http\"".to_owned()), "{seen:?}");
    assert!(seen.contains(&"x-forwarded-for: \"10.0.0.1, 127.0.0.1\"".to_owned()), "{seen:?}");
}

#[tokio::test]
async fn a_stranger_does_not_say_which_documents_decide() {
    let gateway = Door::gateway().await;
    let own = sent(&gateway, "x: y").await;
    let generation =
        own.iter().find(|line| line.starts_with("x-mesh-generation")).expect("the gateway's own");
    for spoofed in ["x-mesh-generation: 1", "x-mesh-generation: 0123456789abcdef\r\nx-mesh-generation: 2"] {
        let seen = sent(&gateway, spoofed).await;
        let said: Vec<_> = seen.iter().filter(|line| line.starts_with("x-mesh-generation")).collect();
        assert_eq!(said, [generation], "{spoofed}");
    }
    // One that a workload does not know decides nothing there, and the application never sees it.
    let workload = Door::workload(&[]).await;
    let seen = sent(&workload, "x-mesh-generation: 0123456789abcdef").await;
    assert!(!seen.iter().any(|line| line.starts_with("x-mesh-generation")), "{seen:?}");
}

#[tokio::test]
async fn nobody_takes_away_what_the_gateway_says() {
    let gateway = Door::gateway().await;
    let names = "x-forwarded-for, x-forwarded-proto, x-mesh-generation, x-request-id, x-envoy-attempt-count";
    let seen = sent(&gateway, &format!("connection: {names}")).await;
    for name in names.split(", ") {
        assert!(seen.iter().any(|line| line.starts_with(name)), "{name}: {seen:?}");
    }
    // Nor what whoever is before it says.
    gateway.take();
    let seen = sent(&gateway, "connection: host, x-forwarded-for\r\nx-forwarded-for: 10.0.0.1").await;
    assert!(seen.contains(&"x-forwarded-for: \"10.0.0.1, 127.0.0.1\"".to_owned()), "{seen:?}");
    assert_eq!(gateway.take(), ["GET / a"]);
}

#[tokio::test]
async fn an_underscore_is_no_dash() {
    let gateway = Door::gateway().await;
    let seen = sent(&gateway, "x_forwarded_proto: https\r\nx_envoy_internal: true").await;
    // They pass, as in Istio: whoever takes them for others has to refuse them itself.
    assert!(seen.contains(&"x_forwarded_proto: \"https\"".to_owned()), "{seen:?}");
    assert!(seen.contains(&"x-forwarded-proto: \"http\"".to_owned()), "{seen:?}");
}
