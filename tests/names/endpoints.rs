//! ServiceEntries whose endpoints are names.

use super::*;
use std::collections::BTreeSet;
use tests::wire::{data, next};

fn entry(resolution: &str, port: u16, policy: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: db}}\n\
         spec: {{hosts: [db.test], resolution: {resolution}, \
         ports: [{{number: 80, name: http, protocol: HTTP, targetPort: {port}}}]}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: db}}\n\
         spec: {{host: db.test, trafficPolicy: {policy}}}\n"
    )
}

const ROUND_ROBIN: &str = "{loadBalancer: {simple: ROUND_ROBIN}}";

/// Who answers, of so many requests as reach everybody.
async fn answering(client: &Client) -> BTreeSet<String> {
    let mut answering = BTreeSet::new();
    for _ in 0..8 {
        let (status, text) = get(client, "http://db.test/").await;
        assert_eq!(status, StatusCode::OK, "{text}");
        answering.insert(text);
    }
    answering
}

fn set(numbers: &[u8]) -> BTreeSet<String> {
    numbers.iter().map(|number| format!("127.0.0.{number}")).collect()
}

#[tokio::test]
async fn requests_go_to_every_address_and_leave_one_that_is_gone_while_those_under_way_there_finish() {
    let ([gone, stays, comes], port, mut feeds) = servers([2, 3, 4]).await;
    let dns = NameServer::start().await;
    dns.point("db.test", &["127.0.0.2", "127.0.0.3"]);
    let joined = Joined::new(&[&entry("DNS", port, ROUND_ROBIN)], &dns).await;
    let client = &joined.client;
    assert_eq!(answering(client).await, set(&[2, 3]));
    // One after the other: the second is at the other address.
    let mut under_way = Vec::new();
    for _ in 0..2 {
        let response = soon(client.get("http://db.test/fed")).await.unwrap();
        under_way.push((response, soon(feeds.recv()).await.unwrap()));
    }
    assert_eq!((gone.open(), stays.open()), (1, 1));
    // A further connection at each, which rests.
    assert_eq!(answering(client).await, set(&[2, 3]));
    assert_eq!((gone.open(), stays.open()), (2, 2));

    dns.point("db.test", &["127.0.0.3", "127.0.0.4"]);
    until(async || answering(client).await == set(&[3, 4])).await;
    // What rested there is closed, what is used is not, and nobody else has noticed.
    until(async || gone.open() == 1).await;
    for (response, feed) in &mut under_way {
        feed.send(data("late")).unwrap();
        assert_eq!(soon(next(response.body_mut())).await, "late");
    }
    drop(under_way);
    until(async || gone.open() == 0).await;
    assert_eq!((stays.accepted(), comes.accepted()), (2, 1));
}

#[tokio::test]
async fn a_new_connection_goes_to_the_first_address_of_the_latest_answer() {
    let ([first, second], port, _feeds) = servers([2, 3]).await;
    let dns = NameServer::start().await;
    dns.point("db.test", &["127.0.0.2", "127.0.0.3"]);
    let joined = Joined::new(&[&entry("DNS_ROUND_ROBIN", port, ROUND_ROBIN)], &dns).await;
    let client = &joined.client;
    assert_eq!(answering(client).await, set(&[2]));
    dns.point("db.test", &["127.0.0.3", "127.0.0.2"]);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // The connection that is there serves on.
    assert_eq!(answering(client).await, set(&[2]));
    assert_eq!((first.accepted(), second.accepted()), (1, 0));
    let both = tokio::join!(get(client, "http://db.test/"), get(client, "http://db.test/"));
    let texts = BTreeSet::from([both.0.1, both.1.1]);
    assert_eq!(texts, set(&[2, 3]));
}

#[tokio::test]
async fn where_no_name_has_an_address_the_answer_is_envoys_until_there_is_one() {
    let ([_server], port, _feeds) = servers([2]).await;
    let dns = NameServer::start().await;
    for says in [None, Some(Says::Failure)] {
        says.into_iter().for_each(|says| dns.tell("db.test", says));
        for resolution in ["DNS", "DNS_ROUND_ROBIN"] {
            let joined = Joined::new(&[&entry(resolution, port, ROUND_ROBIN)], &dns).await;
            let refused = soon(joined.client.get("http://db.test/")).await.unwrap();
            let reason = refused.extensions().get::<Refused>().map(|refused| (refused.flag, refused.kind));
            assert_eq!(reason, Some(("UH", Kind::NoEndpoint)));
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(soon(text(refused)).await, "no healthy upstream");
        }
    }
    let joined = Joined::new(&[&entry("DNS", port, ROUND_ROBIN)], &dns).await;
    assert_eq!(get(&joined.client, "http://db.test/").await.0, StatusCode::SERVICE_UNAVAILABLE);
    dns.point("db.test", &["127.0.0.2"]);
    until(async || get(&joined.client, "http://db.test/").await == (StatusCode::OK, "127.0.0.2".into()))
        .await;
}
