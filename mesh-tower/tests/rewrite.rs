//! Changed requests and responses.

use http::{HeaderName, HeaderValue, Request, Response, header::HOST};
use mesh_core::model::{Edit, HeaderEdits, RegexRewrite, Rewrite};
use mesh_tower::rewrite::{Changes, ORIGINAL_HOST, ORIGINAL_PATH, RewriteLayer};
use std::convert::Infallible;
use tower::{Layer, ServiceExt, service_fn};

/// What the inner service sees of a request, as the body of the response.
async fn seen(changes: Changes, request: http::request::Builder) -> Response<Request<()>> {
    let inner = service_fn(|request: Request<()>| async { Ok::<_, Infallible>(Response::new(request)) });
    let request = request.body(()).expect("a valid request");
    RewriteLayer::new(changes).layer(inner).oneshot(request).await.expect("it cannot fail")
}

fn rewrite(path: Option<&str>, authority: Option<&str>) -> Changes {
    let rewrite =
        Rewrite { path: path.map(Into::into), authority: authority.map(Into::into), path_regex: None };
    Changes { rewrite, ..Changes::default() }
}

#[tokio::test]
async fn a_changed_path_keeps_the_query_and_the_form_of_the_uri() {
    for (uri, changed) in [
        ("http://product/old?page=2", "http://product/new?page=2"),
        ("/old?page=2", "/new?page=2"),
        ("http://product", "http://product/new"),
    ] {
        let request = seen(rewrite(Some("/new"), None), Request::get(uri)).await.into_body();
        assert_eq!(request.uri(), changed);
    }
}

#[tokio::test]
async fn the_original_path_is_remembered_even_if_it_stays() {
    let request = seen(rewrite(Some("/new"), None), Request::get("/old?page=2")).await.into_body();
    assert_eq!(request.headers()[ORIGINAL_PATH], "/old?page=2");
    let request = seen(rewrite(Some("/new"), None), Request::get("/new?page=2")).await.into_body();
    assert_eq!(request.headers()[ORIGINAL_PATH], "/new?page=2");
}

#[tokio::test]
async fn a_pattern_substitutes_in_the_path_alone() {
    let pattern = regex::Regex::new("^/v1/(.*)$").unwrap();
    let path_regex = Some(RegexRewrite { pattern, replacement: "/${1}/v2".into() });
    let changes = Changes { rewrite: Rewrite { path_regex, ..Rewrite::default() }, ..Changes::default() };
    let request = seen(changes.clone(), Request::get("/v1/a?x=/v1/")).await.into_body();
    assert_eq!(request.uri(), "/a/v2?x=/v1/");
    let request = seen(changes, Request::get("/v3/a")).await.into_body();
    assert_eq!(request.uri(), "/v3/a");
}

#[tokio::test]
async fn a_path_that_makes_no_uri_is_left_alone() {
    let request = seen(rewrite(Some("/a b"), None), Request::get("/old")).await.into_body();
    assert_eq!(request.uri(), "/old");
    assert!(!request.headers().contains_key(ORIGINAL_PATH));
    let tunnel = Request::connect("product:443");
    assert_eq!(seen(rewrite(Some("/new"), None), tunnel).await.into_body().uri(), "product:443");
}

#[tokio::test]
async fn the_authority_is_changed_wherever_the_request_names_it() {
    let changes = || rewrite(None, Some("catalogue:81"));
    let absolute = seen(changes(), Request::get("http://product:80/a")).await.into_body();
    assert_eq!(absolute.uri(), "http://catalogue:81/a");
    assert!(!absolute.headers().contains_key(HOST));

    let origin = seen(changes(), Request::get("/a").header(HOST, "product:80")).await.into_body();
    assert_eq!(origin.uri(), "/a");
    assert_eq!(origin.headers()[HOST], "catalogue:81");

    let nameless = seen(changes(), Request::get("/a")).await.into_body();
    assert_eq!(nameless.headers()[HOST], "catalogue:81");

    let both = seen(changes(), Request::get("http://product/a").header(HOST, "product")).await.into_body();
    assert_eq!(both.uri(), "http://catalogue:81/a");
    assert_eq!(both.headers()[HOST], "catalogue:81");
}

#[tokio::test]
async fn headers_are_changed_on_the_request_and_on_the_response() {
    let set = |name, value| Edit::Set(HeaderName::from_static(name), HeaderValue::from_static(value));
    let changes = Changes {
        rewrite: Rewrite::default(),
        request_headers: HeaderEdits::new(vec![
            set("x-from", "shop"),
            Edit::Remove(HeaderName::from_static("x-old")),
        ]),
        response_headers: HeaderEdits::new(vec![set("x-by", "mesh")]),
    };
    let response = seen(changes, Request::get("/").header("x-old", "1")).await;
    assert_eq!(response.headers()["x-by"], "mesh");
    let request = response.into_body();
    assert_eq!(request.headers()["x-from"], "shop");
    assert!(!request.headers().contains_key("x-old") && !request.headers().contains_key("x-by"));
}

#[tokio::test]
async fn a_host_that_is_set_by_hand_is_the_authority_too() {
    let edits = vec![Edit::Set(HOST, HeaderValue::from_static("catalogue"))];
    let changes = Changes { request_headers: HeaderEdits::new(edits), ..Changes::default() };
    let request = seen(changes, Request::get("http://product/a")).await.into_body();
    assert_eq!(request.uri(), "http://catalogue/a");
}

#[tokio::test]
async fn a_request_without_a_rule_passes_unchanged() {
    let inner = service_fn(|request: Request<()>| async { Ok::<_, Infallible>(Response::new(request)) });
    let request = Request::get("http://product/a").header("x-one", "1").body(()).unwrap();
    let seen = RewriteLayer::routed().layer(inner).oneshot(request).await.unwrap().into_body();
    assert_eq!(seen.uri(), "http://product/a");
    assert_eq!(seen.headers().len(), 1);
}

#[tokio::test]
async fn the_original_host_is_remembered_and_a_rewrite_beats_a_header() {
    let set = HeaderEdits::new(vec![Edit::Set(HOST, HeaderValue::from_static("by-header"))]);
    for (authority, expected) in [(Some("rewritten"), "rewritten"), (None, "by-header")] {
        let changes = Changes { request_headers: set.clone(), ..rewrite(None, authority) };
        let request = seen(changes, Request::get("/").header(HOST, "product:81")).await.into_body();
        assert_eq!(request.headers()[HOST], expected);
        assert_eq!(request.headers()[ORIGINAL_HOST], "product:81");
    }
    let request = seen(rewrite(Some("/new"), None), Request::get("http://product/")).await.into_body();
    assert!(!request.headers().contains_key(ORIGINAL_HOST));
}
