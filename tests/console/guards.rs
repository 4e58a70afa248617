//! Who may look, and what a browser may do with what it gets.

use crate::{ANY_PORT, console, request, send};
use http::{Method, Request, StatusCode};
use mesh_tower::console::{Console, Settings};
use tests::{soon, wire::text};

#[tokio::test]
async fn what_another_site_has_a_browser_ask_is_refused() {
    let console = console(vec![], vec![]).await;
    let address = console.address();
    for path in ["/", "/api/stream", "/api/explain?process=a", "/api/document?file=a"] {
        let by_name = Request::get(path).header("host", "evil.com");
        assert_eq!(send(address, by_name).await.status(), StatusCode::FORBIDDEN, "{path}");
        for (name, value) in [("origin", "http://evil.com"), ("sec-fetch-site", "cross-site")] {
            let asked = request(address, Method::GET, path).header(name, value);
            assert_eq!(send(address, asked).await.status(), StatusCode::FORBIDDEN, "{path} {name}");
        }
        let posted = send(address, request(address, Method::POST, path)).await;
        assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    let console = console(vec![], vec![]).await;
    let address = console.address();
    for (path, content_type) in
        [("/", "text/html; charset=utf-8"), ("/scripts/main.js", "text/javascript; charset=utf-8")]
    {
        let response = send(address, request(address, Method::GET, path)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], content_type);
        let policy = response.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(!soon(text(response)).await.is_empty());
    }
    for path in ["/scripts/../../../Cargo.toml", "/index.html.bak", "/scripts", "//", "/api/"] {
        let response = send(address, request(address, Method::GET, path)).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = console(vec![], vec![]).await;
    let settings = Settings { listen: first.address(), ..Settings::default() };
    let fault = Console::open(settings).await.expect_err("a port that is taken").to_string();
    assert!(fault.contains(&first.address().to_string()) && fault.contains("choose another port"), "{fault}");
    let address = first.address();
    drop(first);
    soon(async {
        while Console::open(Settings { listen: address, ..Settings::default() }).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_ne!(ANY_PORT, address);
}
