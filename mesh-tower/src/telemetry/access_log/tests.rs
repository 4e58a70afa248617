use super::{Format, entry};
use crate::{
    context::Arrival,
    event::{Exchange, Flags, Side},
};
use http::{Request, Response};
use std::time::{Duration, SystemTime};

/// The line about a request and its answer, at the end of a server.
fn line(format: &Format, request: Request<()>, response: Option<Response<()>>) -> String {
    let mut exchange = Exchange {
        side: Side::Server,
        started: SystemTime::UNIX_EPOCH + Duration::from_millis(1_709_251_199_042),
        arrival: Some(Arrival::new(([10, 0, 0, 9], 4711).into(), ([10, 0, 0, 1], 8080).into())),
        request_bytes: 7,
        response_bytes: 11,
        lasted: Duration::from_millis(12),
        ..Exchange::default()
    };
    entry::note_request(&mut exchange, format, &request);
    match response {
        Some(response) => {
            exchange.status = Some(response.status());
            entry::note_response(&mut exchange, format, &response);
        }
        None => exchange.flag(Flags::named("DC")),
    }
    let mut line = Vec::new();
    entry::write(&mut line, &exchange, format, [0, format.of_request.len()]);
    String::from_utf8(line).expect("text")
}

fn request() -> Request<()> {
    let request = Request::get("/a?b").header("host", "product").header("user-agent", "curl/8");
    request.header("x-request-id", "1-2-3").body(()).unwrap()
}

#[test]
fn the_default_is_istios() {
    let response = Response::builder().header("x-envoy-upstream-service-time", "3").body(()).unwrap();
    assert_eq!(
        line(&Format::text(), request(), Some(response)),
        "[2024-02-29T23:59:59.042Z] \"GET /a?b HTTP/1.1\" 200 - via_upstream - \"-\" 7 11 12 3 \"-\" \"curl/8\" \
         \"1-2-3\" \"product\" \"10.0.0.1:8080\" inbound|8080|| - 10.0.0.1:8080 10.0.0.9:4711 - default\n"
    );
}

#[test]
fn a_request_without_an_answer_has_a_line_too() {
    let line = line(&Format::text(), request(), None);
    assert!(line.contains("\" 0 DC - - "), "{line}");
}

#[test]
fn json_has_numbers_and_null() {
    let line = line(&Format::json(), request(), Some(Response::new(())));
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&value["response_code"], &value["method"]), (&200.into(), &"GET".into()));
    assert_eq!((&value["x_forwarded_for"], &value["duration"]), (&serde_json::Value::Null, &12.into()));
    assert_eq!(value.as_object().unwrap().len(), 24);
    assert!(line.ends_with("}\n"));
}

#[test]
fn what_a_client_sends_stays_in_its_place() {
    let hostile = "a\" 200\\ \u{e9}\tb";
    let request = || {
        let value = http::HeaderValue::from_bytes(hostile.as_bytes()).unwrap();
        Request::get("/").header("user-agent", value).body(()).unwrap()
    };
    let text = Format::parse_text("\"%REQ(USER-AGENT)%\" %RESPONSE_CODE%").unwrap();
    assert_eq!(line(&text, request(), Some(Response::new(()))), "\"a\\\" 200\\\\ \u{e9}\\x09b\" 200\n");
    let object = serde_json::json!({"agent": "%REQ(user-agent)%", "both": "by %REQ(user-agent)% \"quoted\""});
    let json = Format::parse_json(object.as_object().unwrap()).unwrap();
    let line = line(&json, request(), Some(Response::new(())));
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(value["agent"], hostile);
    assert_eq!(value["both"], format!("by {hostile} \"quoted\""));
}

#[test]
fn headers_have_bounds_and_stand_in_for_each_other() {
    let format =
        Format::parse_text("%REQ(X-A?X-REQUEST-ID):3% %REQ(X-A)% %REQ(HOST?:PATH)% %RESP(:STATUS)% 100%%")
            .unwrap();
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(404).unwrap();
    assert_eq!(line(&format, request(), Some(response)), "1-2 - product 404 100%\n");
}

#[test]
fn what_is_no_format_is_refused() {
    for (text, why) in [
        ("%NONSENSE%", "%NONSENSE% is no command operator that is known here"),
        ("%REQ%", "%REQ% lacks a header: write %REQ(X-REQUEST-ID)%"),
        ("%REQ(a b)%", "\"a b\" is no name of a header"),
        ("%REQ(a):x%", "\"x\" in %REQ(a):x% is no number of bytes"),
        ("%DURATION", "a % without its second one: %DURATION"),
    ] {
        assert_eq!(Format::parse_text(text).unwrap_err().to_string(), why, "{text}");
    }
}
