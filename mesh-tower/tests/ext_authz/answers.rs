//! What the client of a request is told that may not pass.

use super::{Guarded, answering, get, header, over_http, text};
use http::{Request, header::CONTENT_TYPE};
use mesh_tower::{Body, respond::Refused};

#[tokio::test(start_paused = true)]
async fn it_gets_the_services_status_headers_and_body() {
    let deny = answering(
        |answer| {
            answer
                .status(302)
                .header("location", "https://login.example.com/")
                .header("content-type", "text/html")
                .header("set-cookie", "a=1")
                .header("set-cookie", "b=2")
                .header("connection", "close")
        },
        "<a>log in</a>",
    );
    for (named, cookies, content_type) in [
        ("", 2, "text/html"),
        (", headersToDownstreamOnDeny: [set-*]", 2, "text/plain"),
        (", headersToDownstreamOnDeny: [x-b]", 0, "text/plain"),
    ] {
        let guarded = Guarded::by(over_http(named), deny.clone());
        let answer = guarded.send(get("/")).await;
        assert_eq!(
            (answer.status().as_u16(), header(answer.headers(), "location")),
            (302, "https://login.example.com/")
        );
        assert_eq!(answer.headers().get_all("set-cookie").iter().count(), cookies, "{named}");
        assert_eq!(
            (header(answer.headers(), "content-type"), header(answer.headers(), "content-length")),
            (content_type, "13")
        );
        assert!(!answer.headers().contains_key("connection"));
        let said = answer.extensions().get::<Refused>().cloned().expect("the mesh's own answer");
        assert_eq!((said.flag, &*said.details), ("UAEX", "ext_authz_denied"));
        assert_eq!(text(answer).await, "<a>log in</a>");
        assert!(guarded.passed.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_grpc_client_gets_it_as_grpc() {
    let deny =
        answering(|answer| answer.status(401).header(CONTENT_TYPE, "text/html").header("x-a", "1"), "who?");
    let guarded = Guarded::by(over_http(""), deny);
    let request = Request::post("/a.B/C").header(CONTENT_TYPE, "application/grpc").body(Body::empty());
    let answer = guarded.send(request.expect("a request")).await;
    assert_eq!(answer.status(), 200);
    for (name, value) in
        [("grpc-status", "16"), ("grpc-message", "who?"), ("content-type", "application/grpc"), ("x-a", "1")]
    {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_empty_has_no_type() {
    let deny = answering(|answer| answer.status(403).header(CONTENT_TYPE, "text/html"), "");
    let answer = Guarded::by(over_http(""), deny).send(get("/")).await;
    assert_eq!((answer.status().as_u16(), answer.headers().len()), (403, 0));
}
