//! Expressions about requests.

use http::HeaderMap;
use mesh_core::model::{
    Attributes, ConnectionAttributes, Expression, Labels, PeerAttributes, RequestAttributes,
    ResponseAttributes, UpstreamAttributes,
};
use proptest::prelude::*;
use std::time::Duration;

fn parse(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|reason| panic!("{text}: {reason}"))
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-group", "test"),
        ("x-many", "a"),
        ("x-many", "b"),
        ("x-request-id", "7"),
        ("user-agent", "curl"),
        ("x-empty", ""),
    ] {
        headers.append(name, value.parse().expect("a value"));
    }
    headers.insert("x-binary", http::HeaderValue::from_bytes(b"\xff").expect("a value"));
    headers
}

/// A request that was answered with 404.
fn with_request<T>(look: impl FnOnce(&Attributes<'_>) -> T) -> T {
    let headers = headers();
    let labels = Labels::from([("app".to_owned(), "mail".to_owned()), ("a.b/c".to_owned(), "d".to_owned())]);
    look(&Attributes {
        request: RequestAttributes {
            path: Some("/api/v1?page=2"),
            host: Some("shop:8080"),
            scheme: Some("https"),
            method: Some("GET"),
            protocol: Some("HTTP/2"),
            headers: Some(&headers),
            size: Some(5),
            total_size: Some(u64::MAX),
            duration: Some(Duration::from_millis(1500)),
        },
        response: ResponseAttributes {
            code: Some(404),
            flags: Some(4),
            grpc_status: Some(0),
            ..ResponseAttributes::default()
        },
        connection: ConnectionAttributes { mtls: Some(true), ..ConnectionAttributes::default() },
        upstream: UpstreamAttributes { attempts: Some(2), ..UpstreamAttributes::default() },
        destination_port: Some(8080),
        called: Some(PeerAttributes {
            workload: Some("mail-v1"),
            labels: Some(&labels),
            ..PeerAttributes::default()
        }),
        ..Attributes::default()
    })
}

#[track_caller]
fn gives(text: &str, expected: Option<&str>) {
    let expression = parse(text);
    assert_eq!(
        with_request(|of| expression.text(of).map(|text| text.into_owned())).as_deref(),
        expected,
        "{text}"
    );
}

#[test]
fn attributes_are_envoys() {
    for (text, expected) in [
        ("request.path", "/api/v1?page=2"),
        ("request.url_path", "/api/v1"),
        ("request.query", "page=2"),
        ("request.host", "shop:8080"),
        ("request.scheme + '/' + request.method + '/' + request.protocol", "https/GET/HTTP/2"),
        ("request.headers['x-group']", "test"),
        ("request.headers['X-Group']", "test"),
        ("request.headers['x-many']", "a,b"),
        ("request['headers']['x-group']", "test"),
        ("request.id", "7"),
        ("request.useragent", "curl"),
        ("request.size", "5"),
        ("request.total_size", "9223372036854775807"),
        ("request.duration", "1.5s"),
        ("response.code", "404"),
        ("response.flags", "4"),
        ("response.grpc_status", "0"),
        ("connection.mtls", "true"),
        ("upstream.request_attempt_count", "2"),
        ("string(destination.port)", "8080"),
        ("upstream_peer.workload", "mail-v1"),
        ("filter_state.upstream_peer.workload", "mail-v1"),
        ("filter_state['upstream_peer'].labels['app']", "mail"),
        ("upstream_peer.labels['app'].value", "mail"),
        ("upstream_peer.labels['a.b/c'].value", "d"),
        ("upstream_peer.labels['a.b/c']", "d"),
    ] {
        gives(text, Some(expected));
    }
}

#[test]
fn what_is_not_there_has_no_value_and_is_not_true() {
    for text in [
        "response.code_details",
        "request.headers['x-none']",
        "request.headers['x-binary']",
        "request.headers[1]",
        "request.headers",
        "downstream_peer.workload",
        "response.headers['a']",
        "request.headers['x-none'] == 'a'",
        "!response.code",
        "response.code && true",
        "1 / 0",
        "1 % 0",
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "1 + 1u",
        "1u - 2u",
        "1 < 'a'",
        "'a'.startsWith(1)",
        "int('x')",
        "uint(-1)",
        "int(1e300)",
        "size(1)",
        "response.code ? 1 : 2",
        "request.nothing",
        "nothing(1)",
        "[1, 2]",
        "{'a': 1}",
        "[1].exists(x, x == 1)",
        "b'a'",
    ] {
        gives(text, None);
        let expression = parse(text);
        assert!(!with_request(|of| expression.is_true(of)), "{text}");
        assert!(!expression.is_true(&Attributes::default()), "{text}");
    }
}

#[test]
fn operations_are_cels() {
    for (text, expected) in [
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("-7 % 3", "-1"),
        ("1.5 + 2.0", "3.5"),
        ("2u * 3u", "6"),
        ("1 == 1.0", "true"),
        ("1u < 2", "true"),
        ("-1 < 1u", "true"),
        ("'a' < 'b' && 'b' <= 'b' && 'c' > 'b' && 'b' >= 'b' && 'a' != 'b'", "true"),
        ("1 == 'a'", "false"),
        ("1 != 'a'", "true"),
        ("null == null", "true"),
        ("true ? 'yes' : nothing", "yes"),
        ("false || !false", "true"),
        ("true || nothing", "true"),
        ("nothing || true", "true"),
        ("nothing && false", "false"),
        ("response.code in [200, 404]", "true"),
        ("response.code in [200, nothing, 404]", "true"),
        ("'x-group' in request.headers", "true"),
        ("'x-none' in request.headers", "false"),
        ("has(request.headers.x)", "false"),
        ("has(request.headers) && has(response.code) && !has(response.code_details)", "true"),
        ("has(upstream_peer.labels.app)", "true"),
        ("'shop'.contains('ho') && 'shop'.startsWith('s') && 'shop'.endsWith('p')", "true"),
        ("request.url_path.matches('v[0-9]')", "true"),
        ("matches('shop', '^hop')", "false"),
        ("size('né')", "2"),
        ("'né'.size()", "2"),
        ("size(upstream_peer.labels)", "2"),
        ("int('4') + int(2.9) + int(3u)", "9"),
        ("double(1) / 2.0", "0.5"),
        ("uint(7)", "7"),
        ("string(1.0) + string(true)", "1true"),
        ("request.duration > duration('1s') && request.duration < duration('1s600ms')", "true"),
        ("request.duration - duration('500ms') == duration('1s')", "true"),
        ("(connection.mtls ? request.headers : response.headers)['x-group']", "test"),
        ("request.headers['x-empty']", ""),
    ] {
        gives(text, Some(expected));
    }
}

#[test]
fn what_is_not_known_is_told() {
    for (text, unknown) in [
        ("response.code >= 400", &[][..]),
        ("add", &["add"]),
        ("request.nothing == 'a' || request.nothing == 'b'", &["request.nothing"]),
        ("xds.cluster_metadata['a']", &["xds.cluster_metadata"]),
        ("foo(1, 2, 3)", &["foo"]),
        ("[1].all(x, x > 0)", &["all, exists, exists_one, filter, map"]),
        ("request.path.matches(request.host)", &["matches with a pattern that is not written"]),
    ] {
        let found: Vec<_> = parse(text).unknown().iter().map(|text| text.to_string()).collect();
        assert_eq!(found, unknown, "{text}");
    }
}

#[test]
fn what_is_no_expression_says_where() {
    for (text, expected) in [
        (")++++", "must be a valid CEL expression, 1:1: mismatched input ')'"),
        ("a ==", "must be a valid CEL expression, 1:5: mismatched input '<EOF>'"),
        ("", "must be a valid CEL expression, it is empty"),
        ("request.path.matches('[')", "invalid regex"),
        ("duration('soon') > duration('1s')", "invalid duration \"soon\""),
        ("99999999999999999999", "must be a valid CEL expression, 1:1: invalid int literal"),
        (&"(".repeat(500), "must be a valid CEL expression, this one is nested too deeply"),
        (&format!("{}1", "1+".repeat(200)), "must be a valid CEL expression, this one is nested too deeply"),
        (&format!("{}a", "a || ".repeat(300)), "is too long: at most 1024 bytes are allowed"),
    ] {
        let reason = Expression::parse(text).expect_err(text).to_string();
        assert!(reason.starts_with(expected), "{text}: {reason}");
    }
    assert!(!with_request(|of| parse(&format!("{}true", "!".repeat(901))).is_true(of)));
}

#[test]
fn a_text_that_is_put_together_has_an_end() {
    let long = "x".repeat(5000);
    let request = RequestAttributes { path: Some(&long), ..RequestAttributes::default() };
    let of = Attributes { request, ..Attributes::default() };
    assert_eq!(parse("request.path + 'y'").text(&of).map(|text| text.len()), Some(5001));
    assert_eq!(parse("request.path + request.path").text(&of), None);
}

#[test]
fn a_text_of_the_request_is_borrowed() {
    let path = String::from("/a");
    let request = RequestAttributes { path: Some(&path), ..RequestAttributes::default() };
    let expression = parse("request.path");
    let text = expression.text(&Attributes { request, ..Attributes::default() });
    assert!(matches!(text, Some(std::borrow::Cow::Borrowed("/a"))));
}

#[test]
fn an_expression_is_read_whatever_is_left_of_the_stack() {
    for (text, is_read) in [
        ("(".repeat(500), false),
        (format!("{}1{}", "(".repeat(20), ")".repeat(20)), true),
        (format!("{}a", "a.".repeat(500)), true),
        (format!("{}a", "a == ".repeat(200)), false),
        ("[1].map(x, ".repeat(50), false),
    ] {
        let parse = move || Expression::parse(&text).is_ok();
        let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(parse).expect("a thread");
        assert_eq!(thread.join().expect("the stack is enough"), is_read);
    }
}

#[test]
fn the_deepest_expression_is_evaluated_in_little_of_the_stack() {
    let sum = Expression::parse(&format!("{}1", "1+".repeat(60))).expect("a sum");
    let choice =
        Expression::parse(&format!("{}1", "(true ? ".repeat(20) + "1" + &" : 0)".repeat(20) + " + "));
    let choice = choice.expect("a choice");
    let evaluate = move || {
        let of = Attributes::default();
        (sum.text(&of).map(String::from), choice.text(&of).map(String::from))
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(evaluate).expect("a thread");
    assert_eq!(thread.join().expect("the stack is enough"), (Some("61".into()), Some("2".into())));
}

/// Pieces of which expressions are made, and of which something is that is none.
const PIECES: [&str; 44] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "?",
    ":",
    ".",
    ",",
    "&&",
    "||",
    "==",
    "<",
    " in ",
    "request",
    "headers",
    "response.code",
    "has",
    "exists",
    "map",
    "1",
    "2u",
    "3.5",
    "'x'",
    "b'y'",
    "r'z'",
    "true",
    "null",
    "size",
    "string",
    "\"\"\"",
    "é",
    "\\",
    "`",
    "//c\n",
    "matches",
    "duration('1s')",
];

proptest! {
    /// Nothing that is written for an expression panics, when it is read or when it is evaluated.
    #[test]
    fn anything_is_an_expression_or_says_why_not(pieces in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        if let Ok(expression) = Expression::parse(&text) {
            with_request(|of| expression.text(of).map(|text| text.len()));
        }
    }

    #[test]
    fn any_text_is_an_expression_or_says_why_not(text in "\\PC{0,60}") {
        if let Ok(expression) = Expression::parse(&text) {
            with_request(|of| expression.is_true(of));
        }
    }
}
