//! In which headers a request says which trace it belongs to.

use super::{
    TraceContext, b3,
    state::{TRACESTATE, tidy},
    w3c,
};
use http::HeaderMap;

/// Headers that say which trace a request belongs to. Default: none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceFormats {
    /// W3C's `traceparent` and `tracestate`.
    pub w3c: bool,
    /// B3's one header, `b3`.
    pub b3: bool,
    /// B3's several headers, `x-b3-traceid` and so on.
    pub several_b3: bool,
}

/// What the headers of a request say of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The trace; `None` when they do not say, or say what is invalid.
    pub context: Option<TraceContext>,
    /// Whether the trace is kept, where that was decided. B3 may say this, and no trace.
    pub sampled: Option<bool>,
    /// The headers that are there, valid or not.
    pub formats: TraceFormats,
    /// Whether `traceparent` is there and valid, so that `tracestate` counts.
    is_w3c: bool,
}

impl Incoming {
    /// Reads the headers of a request. Where several kinds are there, the first that is valid counts of `traceparent`,
    /// `b3` and `x-b3-traceid`.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let formats = TraceFormats::of(headers);
        let by_w3c = if formats.w3c { w3c::read(headers) } else { None };
        let by_b3 = if formats.b3 { b3::read_single(headers) } else { b3::Said::default() };
        let by_several = if formats.several_b3 { b3::read_several(headers) } else { b3::Said::default() };
        let context = by_w3c.or(by_b3.context).or(by_several.context);
        let sampled = match context {
            Some(context) => context.sampled,
            None => by_b3.sampled.or(by_several.sampled),
        };
        Self { context, sampled, formats, is_w3c: by_w3c.is_some() }
    }

    /// Says `context` instead in the headers of the request, of which this was read: in those that are there, and in
    /// `others`.
    ///
    /// `tracestate` stays as long as it is valid and belongs to the trace that goes on.
    pub fn replace(&self, context: &TraceContext, others: TraceFormats, headers: &mut HeaderMap) {
        let formats = self.formats.and(others);
        if formats.w3c {
            w3c::put(context, headers);
        }
        if self.is_w3c && self.context.is_some_and(|came| came.trace == context.trace) {
            tidy(headers);
        } else {
            headers.remove(TRACESTATE);
        }
        if formats.b3 {
            b3::put_single(context, headers);
        }
        if formats.several_b3 {
            b3::put_several(context, headers);
        }
    }
}

impl TraceFormats {
    /// W3C's headers, and no others.
    pub const W3C: Self = Self { w3c: true, b3: false, several_b3: false };
    /// B3's several headers, and no others.
    pub const B3: Self = Self { w3c: false, b3: false, several_b3: true };

    /// These and others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self {
            w3c: self.w3c || others.w3c,
            b3: self.b3 || others.b3,
            several_b3: self.several_b3 || others.several_b3,
        }
    }

    /// Takes off whatever says which trace a request belongs to.
    pub fn take_off(headers: &mut HeaderMap) {
        for name in [
            w3c::TRACEPARENT,
            TRACESTATE,
            b3::B3,
            b3::TRACE_ID,
            b3::SPAN_ID,
            b3::PARENT_SPAN_ID,
            b3::SAMPLED,
            b3::FLAGS,
        ] {
            headers.remove(name);
        }
    }

    fn of(headers: &HeaderMap) -> Self {
        let several = [b3::TRACE_ID, b3::SPAN_ID, b3::SAMPLED, b3::FLAGS];
        let mut formats = Self::default();
        // Most requests have none of them: that is seen sooner by a look at all names than by one for each of these.
        for name in headers.keys() {
            match name.as_str() {
                "traceparent" => formats.w3c = true,
                "b3" => formats.b3 = true,
                text if text.starts_with("x-b3-") => formats.several_b3 |= several.contains(name),
                _ => {}
            }
        }
        formats
    }
}
