//! W3C's `traceparent`.

use super::{
    SpanId, TraceContext, TraceId,
    digits::{lower_number, write},
};
use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// How long version 00 is; later ones may go on after a further hyphen.
const LENGTH: usize = 55;
const SAMPLED: u128 = 1;
const RANDOM: u128 = 2;

/// What `traceparent` says; `None` when there is none, or more than one, or it is invalid.
pub(super) fn read(headers: &HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    parse(only.as_bytes().trim_ascii())
}

fn parse(text: &[u8]) -> Option<TraceContext> {
    let (known, rest) = text.split_at_checked(LENGTH)?;
    let version = lower_number(&known[..2]).filter(|version| *version != 0xff)?;
    let is_whole = rest.is_empty() || version > 0 && rest[0] == b'-';
    let are_hyphens = [2, 35, 52].iter().all(|place| known[*place] == b'-');
    if !is_whole || !are_hyphens {
        return None;
    }
    let flags = lower_number(&known[53..])?;
    Some(TraceContext {
        trace: TraceId::new(lower_number(&known[3..35])?)?,
        span: SpanId::new(u64::try_from(lower_number(&known[36..52])?).ok()?)?,
        parent: None,
        sampled: Some(flags & SAMPLED != 0),
        is_debug: false,
        is_random: flags & RANDOM != 0,
    })
}

/// Says it, in version 00.
pub(super) fn put(context: &TraceContext, headers: &mut HeaderMap) {
    let mut text = [b'-'; LENGTH];
    let flags = SAMPLED * u128::from(context.is_sampled()) + RANDOM * u128::from(context.is_random);
    write(0, &mut text[..2]);
    write(context.trace.number(), &mut text[3..35]);
    write(context.span.number().into(), &mut text[36..52]);
    write(flags, &mut text[53..]);
    if let Ok(value) = HeaderValue::from_bytes(&text) {
        headers.insert(TRACEPARENT, value);
    }
}
