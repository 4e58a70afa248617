//! What the conditions of a rule mean.

use crate::build::*;
use http::{HeaderValue, Request};
use mesh_core::model::{Conditions, PathMatch, QueryMatch, TextMatch};

fn meets(conditions: Conditions, request: &Request<()>) -> bool {
    let rules = virtual_service("shop/rules", &["a.example.com"], vec![answer("a", vec![when(conditions)])]);
    match &*outcome(&table(&model(vec![], vec![rules], vec![])), request) {
        "a answers" => true,
        "refuse NoRoute" => false,
        other => panic!("{other}"),
    }
}

fn with_headers(values: &[&[u8]]) -> Request<()> {
    let mut request = get("http://a.example.com/");
    for value in values {
        request.headers_mut().append("x-group", HeaderValue::from_bytes(value).expect("a value"));
    }
    request
}

#[test]
fn a_path_is_compared_without_its_query() {
    for (text, ignore_case, path, expected) in [
        (exact("/foo"), false, "/foo?bar=1", true),
        (exact("/foo"), false, "/foo/", false),
        (exact("/foo"), false, "/Foo", false),
        (exact("/foo"), true, "/Foo", true),
        (prefix("/foo"), false, "/foobar", true),
        (prefix("/foo"), false, "/fo?o", false),
        (prefix("/foo"), true, "/FOObar", true),
        (regex("/[a-z]+"), false, "/foo?1", true),
        (regex("/[a-z]+"), false, "/foo/1", false),
        // Letter case is ignored for exact and prefix only.
        (regex("/foo"), true, "/FOO", false),
        (TextMatch::Present, false, "/", true),
    ] {
        let conditions =
            Conditions { path: Some(PathMatch { text: text.clone(), ignore_case }), ..Conditions::default() };
        let request = get(&format!("http://a.example.com{path}"));
        assert_eq!(meets(conditions, &request), expected, "{text} {path}");
    }
}

#[test]
fn method_scheme_and_authority_are_compared_as_received() {
    let request = get("http://A.example.com:80/");
    for (conditions, expected) in [
        (Conditions { method: Some(exact("GET")), ..Conditions::default() }, true),
        (Conditions { method: Some(regex("POST|PUT")), ..Conditions::default() }, false),
        (Conditions { scheme: Some(exact("http")), ..Conditions::default() }, true),
        (Conditions { scheme: Some(exact("https")), ..Conditions::default() }, false),
        (Conditions { authority: Some(exact("A.example.com:80")), ..Conditions::default() }, true),
        (Conditions { authority: Some(exact("a.example.com")), ..Conditions::default() }, false),
    ] {
        assert_eq!(meets(conditions.clone(), &request), expected, "{conditions:?}");
    }
}

#[test]
fn a_header_must_be_there_and_match_and_lines_are_joined() {
    for (value, lines, expected) in [
        (exact("test"), &[&b"test"[..]][..], true),
        (exact("test"), &[b"tester"], false),
        (exact("test"), &[], false),
        (exact(""), &[], false),
        (exact("a,b,c"), &[b"a", b"b", b"c"], true),
        (exact("a"), &[b"a", b"b"], false),
        (prefix("a,"), &[b"a", b"b"], true),
        (regex("t.st"), &[b"test"], true),
        (TextMatch::Present, &[b""], true),
        (TextMatch::Present, &[], false),
        (TextMatch::Present, &[b"\xff"], true),
        (regex(".*"), &[b"\xff"], false),
        (regex(".*"), &[b"a", b"\xff"], false),
        (exact("é"), &["é".as_bytes()], true),
    ] {
        let headers = vec![header("x-group", value.clone())];
        let conditions = Conditions { headers, ..Conditions::default() };
        assert_eq!(meets(conditions, &with_headers(lines)), expected, "{value} {lines:?}");
    }
}

#[test]
fn a_header_must_not_match_and_an_absent_one_counts_as_empty() {
    for (value, lines, expected) in [
        (exact("test"), &[&b"test"[..]][..], false),
        (exact("test"), &[b"tester"], true),
        (exact("test"), &[], true),
        (exact(""), &[], false),
        (prefix("t"), &[], true),
        (regex(".*"), &[], false),
        (regex(".+"), &[], true),
        (regex(".*"), &[b""], false),
        (exact("a,b"), &[b"a", b"b"], false),
        (TextMatch::Present, &[], true),
        (TextMatch::Present, &[b""], false),
        (TextMatch::Present, &[b"\xff"], false),
        (regex(".*"), &[b"\xff"], true),
    ] {
        let without_headers = vec![header("x-group", value.clone())];
        let conditions = Conditions { without_headers, ..Conditions::default() };
        assert_eq!(meets(conditions, &with_headers(lines)), expected, "without {value} {lines:?}");
    }
}

#[test]
fn the_host_header_is_the_authority_even_when_the_host_is_in_the_uri() {
    let headers = vec![header("host", exact("a.example.com"))];
    let conditions = Conditions { headers, ..Conditions::default() };
    assert!(meets(conditions, &get("http://a.example.com/")));
}

#[test]
fn of_a_repeated_query_parameter_the_first_value_counts_as_sent() {
    for (value, query, expected) in [
        (exact("1"), "?a=1", true),
        (exact("1"), "?b=2&a=1", true),
        (exact("1"), "?a=2&a=1", false),
        (exact("1"), "?A=1", false),
        (exact("1"), "", false),
        (prefix("v"), "?a=v2", true),
        (regex("[0-9]+"), "?a=12x", false),
        (exact("1=2"), "?a=1=2", true),
        (exact(""), "?a", true),
        (TextMatch::Present, "?a", true),
        (TextMatch::Present, "?aa=1", false),
        (exact("a b"), "?a=a%20b", false),
        (exact("a%20b"), "?a=a%20b", true),
        (exact("a+b"), "?a=a+b", true),
    ] {
        let conditions = Conditions {
            query: vec![QueryMatch { name: "a".into(), value: value.clone() }],
            ..Conditions::default()
        };
        let request = get(&format!("http://a.example.com/{query}"));
        assert_eq!(meets(conditions, &request), expected, "{value} {query}");
    }
}
