//! What rules do that only whole requests show.

use http::{Request, StatusCode};
use hyper::body::Incoming;
use mesh_tower::Body;
use std::future::ready;
use tests::{
    documents::routes,
    mesh::OneService,
    soon,
    upstream::{Upstream, nobody},
    wire::text,
};

/// A service that is not there, with these rules.
async fn ruled(rules: &str) -> OneService {
    OneService::at("http", nobody().await, &[&routes("upstream", rules)]).await
}

async fn ask(one: &OneService, path: &str) -> http::Response<Body> {
    soon(one.mesh.client().get(&format!("http://upstream{path}"))).await.expect("an answer")
}

#[tokio::test]
async fn a_rule_changes_the_headers_of_what_the_mesh_answers_itself() {
    let to = "route: [{destination: {host: upstream}}]";
    let headers = "headers: {response: {set: {x-by: rule, x-empty: ''}}}";
    let abort = "fault: {abort: {httpStatus: 418, percentage: {value: 100}}}";
    for (rules, status) in
        [(format!("[{{{to}, {headers}}}]"), 503), (format!("[{{{to}, {headers}, {abort}}}]"), 418)]
    {
        let response = ask(&ruled(&rules).await, "/").await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-by"]),
            (status, &"rule".parse().unwrap())
        );
        assert!(!response.headers().contains_key("x-empty"));
    }
}

#[tokio::test]
async fn a_fault_is_injected_before_anybody_looks_for_the_destination() {
    let abort = "fault: {abort: {httpStatus: 418, percentage: {value: 100}}}";
    let one = ruled(&format!("[{{route: [{{destination: {{host: nowhere}}}}], {abort}}}]")).await;
    assert_eq!(ask(&one, "/").await.status(), StatusCode::IM_A_TEAPOT);
}

#[tokio::test]
async fn rules_for_other_ports_or_clients_leave_a_service_as_it_is() {
    for place in ["port: 8080", "sourceLabels: {app: other}"] {
        let one = ruled(&format!("[{{match: [{{{place}}}], directResponse: {{status: 418}}}}]")).await;
        assert_eq!(ask(&one, "/").await.status(), StatusCode::SERVICE_UNAVAILABLE, "{place}");
    }
}

#[tokio::test]
async fn rules_and_services_see_one_form_of_a_path() {
    let upstream = Upstream::serving(|request: Request<Incoming>| {
        ready(Ok(http::Response::new(request.uri().to_string().into())))
    })
    .await;
    let rules = "[{match: [{uri: {prefix: /private}}], directResponse: {status: 403}}, \
                  {route: [{destination: {host: upstream}}]}]";
    let one = OneService::at("http", upstream.address, &[&routes("upstream", rules)]).await;
    for path in ["/private/a", "/public/../private/a", "/%70rivate/a", "/./private"] {
        assert_eq!(ask(&one, path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    for (path, seen) in [("/a/../b?c=/../d", "/b?c=/../d"), ("/a%2Fb//c", "/a%2Fb//c")] {
        assert_eq!(soon(text(ask(&one, path).await)).await, seen);
    }
}
