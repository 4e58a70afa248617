//! B3, Zipkin's headers: `b3` alone, or several of which each says one thing.

use super::{
    SpanId, TraceContext, TraceId,
    digits::{number, write},
};
use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const B3: HeaderName = HeaderName::from_static("b3");
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
pub(super) const SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
pub(super) const PARENT_SPAN_ID: HeaderName = HeaderName::from_static("x-b3-parentspanid");
pub(super) const SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
pub(super) const FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// What B3's headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Which trace the request belongs to; `None` when they do not say, or say what is invalid.
    pub(super) context: Option<TraceContext>,
    /// Whether the trace is kept, where only that is said.
    pub(super) sampled: Option<bool>,
}

/// Whether a trace is kept, and whether that is beyond discussion.
type Sampling = (Option<bool>, bool);

/// What the one header says.
pub(super) fn read_single(headers: &HeaderMap) -> Said {
    let text = only(headers, &B3).unwrap_or_default();
    let alone = sampling(text).filter(|_| !text.is_empty());
    Said { context: parse(text), sampled: alone.and_then(|(sampled, _)| sampled) }
}

fn parse(text: &[u8]) -> Option<TraceContext> {
    let mut parts = text.split(|byte| *byte == b'-');
    let (trace, span) = (trace_id(parts.next()?)?, span_id(parts.next()?)?);
    let sampling = parts.next().map_or(Some((None, false)), sampling)?;
    let parent = parts.next().map(|parent| span_id(parent).ok_or(())).transpose().ok()?;
    parts.next().is_none().then(|| context(trace, span, parent, sampling))
}

/// What the several headers say.
pub(super) fn read_several(headers: &HeaderMap) -> Said {
    let sampled = match only(headers, &SAMPLED) {
        Some(b"1" | b"true" | b"True" | b"d") => Some(true),
        Some(b"0" | b"false" | b"False") => Some(false),
        _ => None,
    };
    let is_debug = only(headers, &FLAGS) == Some(b"1");
    let sampled = if is_debug { Some(true) } else { sampled };
    let ids = || {
        let trace = trace_id(only(headers, &TRACE_ID)?)?;
        let span = span_id(only(headers, &SPAN_ID)?)?;
        let parent = only(headers, &PARENT_SPAN_ID).and_then(span_id);
        Some(context(trace, span, parent, (sampled, is_debug)))
    };
    Said { context: ids(), sampled }
}

fn context(trace: TraceId, span: SpanId, parent: Option<SpanId>, sampling: Sampling) -> TraceContext {
    let (sampled, is_debug) = sampling;
    TraceContext { trace, span, parent, sampled, is_debug, is_random: false }
}

/// The value of a header; `None` when there is none, or more than one.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    Some(only.as_bytes().trim_ascii())
}

fn trace_id(digits: &[u8]) -> Option<TraceId> {
    let is_long_enough = matches!(digits.len(), 16 | 32);
    number(digits).filter(|_| is_long_enough).and_then(TraceId::new)
}

fn span_id(digits: &[u8]) -> Option<SpanId> {
    let number = number(digits).filter(|_| digits.len() == 16)?;
    SpanId::new(u64::try_from(number).ok()?)
}

fn sampling(text: &[u8]) -> Option<Sampling> {
    match text {
        b"0" => Some((Some(false), false)),
        b"1" => Some((Some(true), false)),
        b"d" => Some((Some(true), true)),
        _ => None,
    }
}

/// Says it in the one header.
pub(super) fn put_single(context: &TraceContext, headers: &mut HeaderMap) {
    let (digits, length) = trace_digits(context.trace);
    let mut text = [b'-'; 32 + 1 + 16 + 1 + 1];
    text[..length].copy_from_slice(&digits[..length]);
    write(context.span.number().into(), &mut text[length + 1..length + 17]);
    let end = match sampling_digit(context) {
        Some(digit) => {
            text[length + 18] = digit;
            length + 19
        }
        None => length + 17,
    };
    insert(headers, B3, &text[..end]);
}

/// Says it in several headers.
pub(super) fn put_several(context: &TraceContext, headers: &mut HeaderMap) {
    let (digits, length) = trace_digits(context.trace);
    insert(headers, TRACE_ID, &digits[..length]);
    put_span(headers, SPAN_ID, Some(context.span));
    put_span(headers, PARENT_SPAN_ID, context.parent);
    if context.is_debug {
        headers.remove(SAMPLED);
        headers.insert(FLAGS, HeaderValue::from_static("1"));
        return;
    }
    headers.remove(FLAGS);
    match context.sampled {
        Some(true) => drop(headers.insert(SAMPLED, HeaderValue::from_static("1"))),
        Some(false) => drop(headers.insert(SAMPLED, HeaderValue::from_static("0"))),
        None => drop(headers.remove(SAMPLED)),
    }
}

fn put_span(headers: &mut HeaderMap, name: HeaderName, span: Option<SpanId>) {
    match span {
        Some(span) => {
            let mut digits = [0; 16];
            write(span.number().into(), &mut digits);
            insert(headers, name, &digits);
        }
        None => drop(headers.remove(name)),
    }
}

/// The digits of a trace's name, and how many there are: 16 where the upper half is 0, as whoever knows only those reads it.
fn trace_digits(trace: TraceId) -> ([u8; 32], usize) {
    let mut digits = [0; 32];
    let length = if trace.number() >> 64 == 0 { 16 } else { 32 };
    write(trace.number(), &mut digits[..length]);
    (digits, length)
}

fn sampling_digit(context: &TraceContext) -> Option<u8> {
    match (context.is_debug, context.sampled) {
        (true, _) => Some(b'd'),
        (false, Some(true)) => Some(b'1'),
        (false, Some(false)) => Some(b'0'),
        (false, None) => None,
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, text: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(text) {
        headers.insert(name, value);
    }
}
