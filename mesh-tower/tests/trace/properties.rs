//! What holds of every context, and of every header.

use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_tower::trace::{Incoming, SpanId, TraceContext, TraceFormats, TraceId};
use proptest::prelude::*;

const NAMES: [&str; 8] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
];

prop_compose! {
    fn contexts()(
        trace in prop_oneof![1..=u128::MAX, 1..=u128::from(u64::MAX)],
        span in 1..=u64::MAX,
        parent in proptest::option::of(1..=u64::MAX),
        sampled in proptest::option::of(any::<bool>()),
        is_random in any::<bool>(),
        is_debug in any::<bool>(),
    ) -> TraceContext {
        TraceContext {
            trace: TraceId::new(trace).expect("not zero"),
            span: SpanId::new(span).expect("not zero"),
            parent: parent.and_then(SpanId::new),
            sampled: if is_debug { Some(true) } else { sampled },
            is_debug,
            is_random,
        }
    }
}

fn written(context: &TraceContext, formats: TraceFormats) -> HeaderMap {
    let mut headers = HeaderMap::new();
    Incoming::default().replace(context, formats, &mut headers);
    headers
}

fn reread(context: &TraceContext, formats: TraceFormats) -> TraceContext {
    Incoming::read(&written(context, formats)).context.expect("what is written is valid")
}

/// Values that look nearly right, and any others.
fn values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[0-9a-f]{2}-[0-9a-f]{30,34}-[0-9a-f]{15,17}-[0-9a-f]{1,3}.{0,3}".prop_map(String::into_bytes),
        "([0-9a-fA-F-]{0,40}-){0,4}[01d]?".prop_map(String::into_bytes),
        "([a-z@]{0,3}=?[ -~]{0,4},?){0,40}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..80),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(context in contexts()) {
        let by_b3 = TraceFormats { b3: true, ..TraceFormats::default() };
        let w3c = TraceContext { parent: None, sampled: Some(context.is_sampled()), is_debug: false, ..context };
        prop_assert_eq!(reread(&context, TraceFormats::W3C), w3c);
        let several = TraceContext { is_random: false, ..context };
        prop_assert_eq!(reread(&context, TraceFormats::B3), several);
        prop_assert_eq!(reread(&context, by_b3), TraceContext { parent: None, ..several });
    }

    #[test]
    fn whatever_comes_what_goes_on_is_valid_and_within_limits(
        lines in proptest::collection::vec((0..NAMES.len(), values()), 0..6),
        context in contexts(),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(HeaderName::from_static(NAMES[name]), value);
            }
        }
        let incoming = Incoming::read(&headers);
        let next = incoming.context.map_or(context, |came| came.child(context.span));
        incoming.replace(&next, TraceFormats::W3C, &mut headers);
        let again = Incoming::read(&headers).context.expect("what is written is valid");
        prop_assert_eq!((again.trace, again.span), (next.trace, next.span));
        let states = headers.get_all("tracestate").iter().map(HeaderValue::as_bytes);
        let members = states.flat_map(|state| state.split(|byte| *byte == b','));
        let members = members.filter(|member| !member.trim_ascii().is_empty());
        prop_assert!(members.count() <= 32);
    }
}
