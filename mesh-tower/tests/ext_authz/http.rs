//! What a service that speaks HTTP is asked, and what a request that may pass takes along.

use super::{Guarded, answering, asking, get, header, over_http};
use http::{HeaderMap, Request};
use mesh_tower::Body;

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_with_the_method_the_path_the_host_and_what_was_asked_for() {
    let guarded = Guarded::by(
        over_http(
            ", pathPrefix: /check, includeRequestHeadersInCheck: [cookie, x-ext-*], \
             includeAdditionalHeadersInCheck: {x-by: mesh, x-ext-c: fixed}",
        ),
        answering(|answer| answer, ""),
    );
    let request = Request::post("/a/b?c=d")
        .header("host", "product:8080")
        .header("authorization", "Bearer x")
        .header("cookie", "a=1")
        .header("x-ext-a", "1")
        .header("x-ext-a", "2")
        .header("x-ext-c", "theirs")
        .header("x-other", "3")
        .header("content-length", "4")
        .header("x-envoy-auth-partial-body", "false")
        .body(Body::from("body"));
    let answer = guarded.send(request.expect("a request")).await;
    assert_eq!((answer.status().as_u16(), header(answer.headers(), "x-app")), (200, "1"));
    let (head, body) = guarded.asked.only();
    assert_eq!(
        (head.method.as_str(), head.uri.to_string().as_str()),
        ("POST", "http://product:8080/check/a/b?c=d")
    );
    assert_eq!(
        names(&head.headers),
        ["authorization", "content-length", "cookie", "x-by", "x-ext-a", "x-ext-c"]
    );
    assert_eq!(head.headers.get_all("x-ext-a").iter().count(), 2);
    assert_eq!((header(&head.headers, "content-length"), header(&head.headers, "x-ext-c")), ("0", "fixed"));
    assert!(body.is_empty());
    let (head, body) = guarded.passed.only();
    assert_eq!((head.uri.path(), &*body, head.headers.len()), ("/a/b", &b"body"[..], 9));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_pass_takes_along_what_was_asked_for_and_loses_what_the_service_says() {
    let guarded = Guarded::by(
        over_http(
            ", headersToUpstreamOnAllow: [x-user, x-gone], headersToDownstreamOnAllow: [x-trace, x-app]",
        ),
        answering(
            |answer| {
                answer
                    .header("x-user", "me")
                    .header("x-not-asked-for", "1")
                    .header("x-trace", "t")
                    .header("x-app", "2")
                    .header("x-envoy-auth-headers-to-remove", "authorization, host,x-old")
                    .header("x-envoy-auth-headers-to-remove", "a b")
            },
            "ignored",
        ),
    );
    let request = Request::get("/")
        .header("host", "product")
        .header("authorization", "x")
        .header("x-user", "somebody else")
        .header("x-old", "1");
    let answer = guarded.send(request.body(Body::empty()).expect("a request")).await;
    let app: Vec<_> =
        answer.headers().get_all("x-app").iter().map(|value| value.to_str().expect("text")).collect();
    assert_eq!((app, header(answer.headers(), "x-trace")), (vec!["1", "2"], "t"));
    assert_eq!(super::text(answer).await, "the app");
    let (head, _) = guarded.passed.only();
    assert_eq!(names(&head.headers), ["host", "x-user"]);
    assert_eq!(head.headers["x-user"], "me");
}

const PROVIDER: &str = "envoyExtAuthzHttp: {service: authz.shop.svc.cluster.local, port: 80}";

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_a_request_that_no_policy_is_for() {
    let guarded = Guarded::by(asking(PROVIDER, &[]), answering(|answer| answer.status(403), ""));
    assert_eq!(guarded.send(get("/")).await.status(), 200);
    assert!(guarded.asked.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_two_policies_name_is_asked_once() {
    let guarded = Guarded::by(asking(PROVIDER, &["door", "door"]), answering(|answer| answer, ""));
    assert_eq!(guarded.send(get("/")).await.status(), 200);
    guarded.asked.only();
}
