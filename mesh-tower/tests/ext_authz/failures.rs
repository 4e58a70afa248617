//! What becomes of requests that nobody can be asked about.

use super::{Guarded, answering, asking, by_grpc, get, over_http, text};
use mesh_tower::{BoxError, Error, Kind, respond::Refused};
use std::{
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_lets_nobody_pass_unless_it_may_be_done_without() {
    for (more, expected) in [("", 403), (", statusOnError: '503'", 503), (", failOpen: true", 200)] {
        let refusing = || ready(Err::<_, BoxError>(Error::new(Kind::ConnectFailure).into()));
        for guarded in [
            Guarded::by(over_http(more), answering(|answer| answer.status(500), "broken")),
            Guarded::by(over_http(more), refusing),
            Guarded::by(by_grpc(more), refusing),
            Guarded::by(by_grpc(more), answering(|answer| answer, "no gRPC")),
        ] {
            let answer = guarded.send(get("/")).await;
            assert_eq!(answer.status(), expected, "{more}");
            assert_eq!(guarded.passed.is_empty(), expected != 200);
            if expected != 200 {
                let said = answer.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
                assert_eq!((said.flag, &*said.details), ("UAEX", "ext_authz_error"));
                assert_eq!(text(answer).await, "");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_has_ten_minutes_or_what_is_written() {
    for (more, expected) in [("", Duration::from_secs(600)), (", timeout: 2s", Duration::from_secs(2))] {
        for handle in [over_http(more), by_grpc(more)] {
            let guarded = Guarded::by(handle, pending);
            let begun = Instant::now();
            assert_eq!(guarded.send(get("/")).await.status(), 403);
            assert_eq!(begun.elapsed(), expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_unknown_lets_nobody_pass_even_if_it_may_be_done_without() {
    let open = "envoyExtAuthzHttp: {service: authz.shop.svc.cluster.local, port: 80, failOpen: true}";
    let unknown = Guarded::by(asking(open, &["window"]), answering(|answer| answer, ""));
    let answer = unknown.send(get("/")).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(text(answer).await, "RBAC: access denied");
    assert!(unknown.asked.is_empty() && unknown.passed.is_empty());

    let elsewhere = super::table("envoyExtAuthzHttp: {service: nowhere.shop.svc.cluster.local, port: 80}");
    let guarded = Guarded::by(elsewhere, answering(|answer| answer, ""));
    assert_eq!(guarded.send(get("/")).await.status(), 403);
    assert!(guarded.asked.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_gives_up_its_question() {
    let guarded = Guarded::by(over_http(""), pending);
    let witness = Arc::new(());
    let mut request = get("/");
    request.extensions_mut().insert(Arc::clone(&witness));
    let sent = tokio::time::timeout(Duration::from_secs(1), guarded.service.clone().oneshot(request)).await;
    assert!(sent.is_err());
    guarded.asked.only();
    assert_eq!(Arc::strong_count(&witness), 1);
    assert!(guarded.passed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_names_a_host_that_is_none_gets_around_no_question() {
    for host in ["product/open?a=", "product/open#", "pro duct", "a@b@c"] {
        for handle in [over_http(", failOpen: true"), over_http("")] {
            let guarded = Guarded::by(handle, answering(|answer| answer, ""));
            let request =
                ::http::Request::get("/guarded").header("host", host).body(mesh_tower::Body::empty());
            assert_eq!(guarded.send(request.expect("a request")).await.status(), 403, "{host}");
            assert!(guarded.asked.is_empty() && guarded.passed.is_empty());
        }
    }
}
