//! Which trace a request belongs to.

mod properties;

use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_tower::trace::{Incoming, SpanId, TraceFormats, TraceId};

const TRACE: u128 = 0x80f1_98ee_5634_3ba8_64fe_8b2a_57d3_eff7;
const SPAN: u64 = 0xe457_b5a2_e4d8_6bd1;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

/// Trace, span, whether it is kept, and whether that is beyond discussion.
fn read(lines: &[(&'static str, &str)]) -> Option<(u128, u64, Option<bool>, bool)> {
    let context = Incoming::read(&headers(lines)).context?;
    Some((context.trace.number(), context.span.number(), context.sampled, context.is_debug))
}

#[test]
fn b3_in_one_header_is_read_with_names_of_both_lengths() {
    for (text, expected) in [
        ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1", Some((TRACE, SPAN, Some(true), false))),
        ("80F198EE56343BA864FE8B2A57D3EFF7-E457B5A2E4D86BD1-0", Some((TRACE, SPAN, Some(false), false))),
        ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-d", Some((0x64fe_8b2a_57d3_eff7, SPAN, Some(true), true))),
        ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1", Some((TRACE, SPAN, None, false))),
        (
            "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90",
            Some((TRACE, SPAN, Some(true), false)),
        ),
        ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-2", None),
        ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-x", None),
        ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90-", None),
        ("80f198ee56343ba8-e457b5a2e4d86bd", None),
        ("0000000000000000-e457b5a2e4d86bd1-1", None),
        ("80f198ee56343ba8-0000000000000000-1", None),
        ("", None),
    ] {
        assert_eq!(read(&[("b3", text)]), expected, "{text}");
    }
}

#[test]
fn b3_in_several_headers_is_read() {
    let ids = [("x-b3-traceid", "80f198ee56343ba864fe8b2a57d3eff7"), ("x-b3-spanid", "e457b5a2e4d86bd1")];
    let with = |line| read(&[ids[0], ids[1], line]);
    assert_eq!(read(&ids), Some((TRACE, SPAN, None, false)));
    assert_eq!(with(("x-b3-sampled", "1")), Some((TRACE, SPAN, Some(true), false)));
    assert_eq!(with(("x-b3-sampled", "false")), Some((TRACE, SPAN, Some(false), false)));
    assert_eq!(with(("x-b3-flags", "1")), Some((TRACE, SPAN, Some(true), true)));
    assert_eq!(with(("x-b3-traceid", "80f198ee56343ba8")), None, "two traces are none");
    assert_eq!(read(&ids[..1]), None);
}

#[test]
fn b3_may_say_whether_a_trace_is_kept_and_nothing_of_it() {
    for (line, expected) in [
        (("b3", "0"), Some(false)),
        (("b3", "1"), Some(true)),
        (("b3", "d"), Some(true)),
        (("x-b3-sampled", "0"), Some(false)),
        (("x-b3-flags", "1"), Some(true)),
        (("x-b3-sampled", "maybe"), None),
    ] {
        let incoming = Incoming::read(&headers(&[line]));
        assert_eq!((incoming.context, incoming.sampled), (None, expected), "{line:?}");
    }
}

#[test]
fn what_goes_on_is_said_in_the_headers_that_came_and_in_those_that_are_asked_for() {
    let mut came = headers(&[("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1")]);
    let incoming = Incoming::read(&came);
    let next = incoming.context.unwrap().child(SpanId::new(9).unwrap());
    incoming.replace(&next, TraceFormats::default(), &mut came);
    assert_eq!(came.len(), 1);
    assert_eq!(came["b3"], "80f198ee56343ba864fe8b2a57d3eff7-0000000000000009-1");

    incoming.replace(&next, TraceFormats::W3C.and(TraceFormats::B3), &mut came);
    assert_eq!(came["traceparent"], "00-80f198ee56343ba864fe8b2a57d3eff7-0000000000000009-01");
    assert_eq!(came["x-b3-traceid"], "80f198ee56343ba864fe8b2a57d3eff7");
    assert_eq!(came["x-b3-spanid"], "0000000000000009");
    assert_eq!(came["x-b3-parentspanid"], "e457b5a2e4d86bd1");
    assert_eq!(came["x-b3-sampled"], "1");
}

#[test]
fn a_short_name_stays_short_in_b3_and_is_filled_up_in_w3c() {
    let mut came = headers(&[("x-b3-traceid", "64fe8b2a57d3eff7"), ("x-b3-spanid", "e457b5a2e4d86bd1")]);
    let incoming = Incoming::read(&came);
    incoming.replace(&incoming.context.unwrap(), TraceFormats::W3C, &mut came);
    assert_eq!(came["x-b3-traceid"], "64fe8b2a57d3eff7");
    assert_eq!(came["traceparent"], "00-000000000000000064fe8b2a57d3eff7-e457b5a2e4d86bd1-00");
}

#[test]
fn the_state_of_a_trace_that_does_not_go_on_is_dropped() {
    let valid = ("traceparent", "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01");
    for (lines, is_kept) in [
        (vec![valid, ("tracestate", "a=1")], true),
        (vec![valid, ("tracestate", "a")], false),
        (vec![("traceparent", "00"), ("tracestate", "a=1")], false),
        (vec![("tracestate", "a=1")], false),
    ] {
        let mut came = headers(&lines);
        let incoming = Incoming::read(&came);
        let next = incoming.context.unwrap_or_else(|| {
            let (trace, span) = (TraceId::new(1).unwrap(), SpanId::new(1).unwrap());
            mesh_tower::trace::TraceContext::begin(trace, span, true)
        });
        incoming.replace(&next, TraceFormats::W3C, &mut came);
        assert_eq!(came.contains_key("tracestate"), is_kept, "{lines:?}");
    }
}

#[test]
fn of_members_with_one_key_the_newest_stays() {
    let valid = ("traceparent", "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01");
    let mut came = headers(&[valid, ("tracestate", "a=1,b=2"), ("tracestate", "a=3 , c=4")]);
    let incoming = Incoming::read(&came);
    incoming.replace(&incoming.context.unwrap(), TraceFormats::default(), &mut came);
    let states: Vec<_> = came.get_all("tracestate").iter().collect();
    assert_eq!(states, ["a=1,b=2,c=4"]);
}
