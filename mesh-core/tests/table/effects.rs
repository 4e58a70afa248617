//! What rules do to paths, and where they redirect to.

use crate::build::*;
use http::{Request, StatusCode};
use mesh_core::{
    model::{
        Action, Block, Conditions, PathMatch, Redirect, RedirectPort, RegexRewrite, Rewrite, Route, TextMatch,
    },
    table::{RequestView, Rule, Snapshot},
};

/// Applies `look` to the only rule of a table made of `route`.
fn with_rule<T>(route: Route, look: impl FnOnce(&Rule) -> T) -> T {
    let rules = virtual_service("shop/rules", &["a.example.com"], vec![route]);
    let table: Snapshot = table(&model(vec![], vec![rules], vec![]));
    look(&table.virtual_hosts().next().expect("a virtual host").rules[0])
}

fn rewritten(block: Option<Block>, rewrite: Rewrite, path: &str) -> Option<String> {
    let route = Route { rewrite, ..forward("r", block.into_iter().collect(), vec![to("b.example.com", 0)]) };
    let request = get(&format!("http://a.example.com{path}"));
    with_rule(route, |rule| rule.rewritten_path(&RequestView::outbound(&request)).map(Into::into))
}

fn path_to(text: &str) -> Rewrite {
    Rewrite { path: Some(text.into()), ..Rewrite::default() }
}

fn ignoring_case(text: TextMatch) -> Block {
    when(Conditions { path: Some(PathMatch { text, ignore_case: true }), ..Conditions::default() })
}

#[test]
fn a_path_rewrite_replaces_what_was_matched_and_keeps_the_query() {
    for (block, replacement, path, expected) in [
        (Some(path(prefix("/old"))), "/new", "/old/1?q=/old", "/new/1?q=/old"),
        (Some(path(prefix("/old"))), "/new", "/older", "/newer"),
        (Some(path(prefix("/old/"))), "/", "/old/1", "/1"),
        // Envoy does not mind double slashes.
        (Some(path(prefix("/old"))), "/", "/old/1", "//1"),
        (Some(ignoring_case(prefix("/old"))), "/new", "/OLD/1", "/new/1"),
        (Some(path(exact("/old"))), "/new", "/old?q", "/new?q"),
        (Some(ignoring_case(exact("/old"))), "/new", "/Old", "/new"),
        (Some(path(regex("/o.*"))), "/new", "/old/1?q", "/new?q"),
        (Some(path(prefix("/"))), "/new/", "/1", "/new/1"),
        (None, "/new/", "/1?q", "/new/1?q"),
        (None, "/new", "/", "/new"),
    ] {
        let shown = format!("{block:?} {replacement} {path}");
        assert_eq!(rewritten(block, path_to(replacement), path).as_deref(), Some(expected), "{shown}");
    }
}

#[test]
fn a_path_that_stays_the_same_is_not_rewritten() {
    assert_eq!(rewritten(None, Rewrite::default(), "/a?b"), None);
    assert_eq!(rewritten(None, path_to(""), "/a"), None);
    assert_eq!(rewritten(Some(path(prefix("/a"))), path_to("/a"), "/a/b?c"), None);
}

#[test]
fn a_regex_rewrite_substitutes_wherever_it_matches_in_the_path_alone() {
    let rewrite = || Rewrite {
        path_regex: Some(RegexRewrite {
            pattern: regex::Regex::new("/v([0-9])").unwrap(),
            replacement: "/version-${1}".into(),
        }),
        ..Rewrite::default()
    };
    let all = || Some(path(prefix("/")));
    assert_eq!(
        rewritten(all(), rewrite(), "/v1/a/v2?x=/v3").as_deref(),
        Some("/version-1/a/version-2?x=/v3")
    );
    assert_eq!(rewritten(all(), rewrite(), "/a?x=/v3"), None);
}

fn redirect(change: impl FnOnce(&mut Redirect)) -> Route {
    let mut redirect = Redirect {
        status: StatusCode::MOVED_PERMANENTLY,
        scheme: None,
        authority: None,
        port: RedirectPort::Keep,
        path: None,
        prefix: None,
    };
    change(&mut redirect);
    route("r", vec![path(prefix("/old"))], Action::Redirect(redirect))
}

fn location(route: Route, url: &str) -> Option<String> {
    let request = get(url);
    with_rule(route, |rule| rule.redirect_location(&RequestView::outbound(&request)))
}

#[test]
fn a_redirect_keeps_what_it_does_not_name() {
    let url = "http://a.example.com:8080/old/1?q=1";
    type Change = fn(&mut Redirect);
    let cases: [(Change, &str); 8] = [
        (|_| (), "http://a.example.com:8080/old/1?q=1"),
        (|r| r.path = Some("/new".into()), "http://a.example.com:8080/new?q=1"),
        (|r| r.path = Some("/new?p".into()), "http://a.example.com:8080/new?p"),
        (|r| r.prefix = Some("/new".into()), "http://a.example.com:8080/new/1?q=1"),
        (|r| r.scheme = Some("https".into()), "https://a.example.com:8080/old/1?q=1"),
        // A new authority replaces host and port.
        (|r| r.authority = Some("b.com".into()), "http://b.com/old/1?q=1"),
        (|r| r.authority = Some("b.com:81".into()), "http://b.com:81/old/1?q=1"),
        (|r| r.authority = Some("".into()), "http://a.example.com:8080/old/1?q=1"),
    ];
    for (change, expected) in cases {
        assert_eq!(location(redirect(change), url).as_deref(), Some(expected));
    }
}

#[test]
fn the_port_of_a_redirect_is_kept_dropped_or_replaced() {
    let to_https = |redirect: &mut Redirect| redirect.scheme = Some("https".into());
    for (port, url, scheme_changes, expected) in [
        (RedirectPort::Keep, "http://a.com:80/old", true, "https://a.com/old"),
        (RedirectPort::Keep, "http://a.com:80/old", false, "http://a.com:80/old"),
        (RedirectPort::Keep, "http://a.com:81/old", true, "https://a.com:81/old"),
        (RedirectPort::Keep, "http://[::1]:80/old", true, "https://[::1]/old"),
        (RedirectPort::Keep, "http://[::1]/old", true, "https://[::1]/old"),
        // Envoy's own rule again: it has no other.
        (RedirectPort::OfScheme, "http://a.com:80/old", true, "https://a.com/old"),
        (RedirectPort::OfScheme, "http://[::1]:81/old", true, "https://[::1]:81/old"),
        (RedirectPort::OfListener, "http://a.com:8080/old", true, "https://a.com:8080/old"),
        // istiod leaves out the usual port of the new scheme, and the request's stays.
        (RedirectPort::OfListener, "http://a.com/old", false, "http://a.com/old"),
        (RedirectPort::Number(80), "http://a.com:81/old", false, "http://a.com:81/old"),
        (RedirectPort::Number(443), "http://a.com:81/old", true, "https://a.com:81/old"),
        (RedirectPort::Number(80), "http://a.com:81/old", true, "https://a.com:80/old"),
        (RedirectPort::Number(8443), "http://a.com:81/old", true, "https://a.com:8443/old"),
        (RedirectPort::Number(8443), "http://a.com/old", true, "https://a.com:8443/old"),
    ] {
        let route = redirect(|redirect| {
            redirect.port = port;
            if scheme_changes {
                to_https(redirect);
            }
        });
        assert_eq!(location(route, url).as_deref(), Some(expected), "{port:?} {url}");
    }
    let named = redirect(|redirect| {
        redirect.authority = Some("b.com:81".into());
        redirect.port = RedirectPort::Number(82);
    });
    assert_eq!(location(named, "http://a.com/old").as_deref(), Some("http://b.com:82/old"));
}

#[test]
fn from_https_to_http_the_usual_port_of_https_is_dropped() {
    let request = Request::get("https://a.com:443/old").body(()).unwrap();
    let route = redirect(|redirect| redirect.scheme = Some("http".into()));
    let location = with_rule(route, |rule| rule.redirect_location(&RequestView::outbound(&request)));
    assert_eq!(location.as_deref(), Some("http://a.com/old"));
}

#[test]
fn a_rule_that_does_not_redirect_has_no_location() {
    assert_eq!(location(answer("a", vec![]), "http://a.com/"), None);
}
