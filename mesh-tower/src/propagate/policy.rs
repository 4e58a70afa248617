//! Which requests are traced.

use crate::{
    event::Sampling,
    request_id::{self, Reason},
    trace::{Incoming, SpanId, TraceContext, TraceId},
};
use http::{HeaderMap, HeaderName};

const FORCE: HeaderName = HeaderName::from_static("x-envoy-force-trace");
const CLIENT: HeaderName = HeaderName::from_static("x-client-trace-id");

/// Whether a request is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not.
    Untraced,
    /// It is, as others have decided.
    Traced,
    /// It is from here on, for this reason.
    Begins(Reason),
}

/// Whether a request is traced. What others have decided holds; where nobody has, `x-request-id` decides, or `roll`, any
/// random number.
pub(super) fn decide(
    headers: &HeaderMap,
    decided: Option<bool>,
    sampling: &Sampling,
    roll: impl FnOnce() -> u32,
) -> Verdict {
    match decided {
        Some(true) => Verdict::Traced,
        Some(false) => Verdict::Untraced,
        None if sampling.by_request_id => by_request_id(headers, sampling),
        None => demanded(headers).map_or_else(
            || if sampling.share.takes(roll()) { Verdict::Traced } else { Verdict::Untraced },
            |_| Verdict::Traced,
        ),
    }
}

/// As Envoy does, in its order: a name that is no number is never traced, and one that says it is traced always.
fn by_request_id(headers: &HeaderMap, sampling: &Sampling) -> Verdict {
    let Some(number) = request_id::number(headers) else { return Verdict::Untraced };
    if request_id::reason(headers).is_some() {
        return Verdict::Traced;
    }
    let by_chance = || sampling.share.takes_number(number).then_some(Reason::Sampled);
    demanded(headers).or_else(by_chance).map_or(Verdict::Untraced, Verdict::Begins)
}

/// Who demands a trace.
fn demanded(headers: &HeaderMap) -> Option<Reason> {
    let client = headers.contains_key(CLIENT).then_some(Reason::Client);
    client.or_else(|| headers.contains_key(FORCE).then_some(Reason::Forced))
}

/// The span of what is worked on when a request is made, and whether its trace is kept: what its headers say, unless the
/// application is further on in the same trace, or they say nothing.
pub(super) fn parent(incoming: &Incoming, own: Option<TraceContext>) -> (Option<TraceContext>, Option<bool>) {
    match (own, incoming.context) {
        (Some(own), None) if incoming.sampled != Some(false) => (Some(own), Some(true)),
        (Some(own), Some(came)) if own.trace == came.trace && came.is_sampled() => {
            (Some(TraceContext { span: own.span, parent: None, ..came }), Some(true))
        }
        (_, came) => (came, incoming.sampled),
    }
}

/// The context of a new span, of a request whose trace is kept. `roll` gives random numbers.
pub(super) fn span(
    parent: Option<TraceContext>,
    sampling: &Sampling,
    mut roll: impl FnMut() -> u32,
) -> TraceContext {
    match parent {
        Some(parent) => TraceContext { sampled: Some(true), ..parent.child(SpanId::random(roll)) },
        None if sampling.has_short_ids => {
            let trace = TraceId::random_short(&mut roll);
            TraceContext::begin(trace, SpanId::random(roll), true)
        }
        None => {
            let trace = TraceId::random(&mut roll);
            TraceContext::begin(trace, SpanId::random(roll), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{request_id::REQUEST_ID, trace::TraceFormats};
    use http::HeaderValue;
    use mesh_core::model::Share;

    const SAMPLING: Sampling = Sampling {
        is_reported: true,
        share: Share::NONE,
        by_request_id: true,
        formats: TraceFormats::W3C,
        has_short_ids: false,
        passes_context: true,
    };

    fn verdict(said: &[(HeaderName, &'static str)], decided: Option<bool>, share: f64) -> Verdict {
        let said = said.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let sampling = Sampling { share: Share::from_percent(share).unwrap(), ..SAMPLING };
        decide(&said.collect(), decided, &sampling, || unreachable!("the request's name decides"))
    }

    /// 99 and 100 of 10,000, and one that was forced.
    const IN: &str = "00000063-0000-4000-8000-000000000000";
    const OUT: &str = "00000064-0000-4000-8000-000000000000";
    const ASKED: &str = "00000064-0000-a000-8000-000000000000";

    #[test]
    fn the_name_of_a_request_decides_as_in_envoy() {
        let id = |id| vec![(REQUEST_ID, id)];
        assert_eq!(verdict(&id(IN), None, 1.0), Verdict::Begins(Reason::Sampled));
        assert_eq!(verdict(&id(OUT), None, 1.0), Verdict::Untraced);
        assert_eq!(verdict(&id(ASKED), None, 0.0), Verdict::Traced);
        assert_eq!(verdict(&id("mine"), None, 100.0), Verdict::Untraced);
        let with = |header, value| vec![(REQUEST_ID, OUT), (header, value)];
        assert_eq!(verdict(&with(FORCE, "1"), None, 0.0), Verdict::Begins(Reason::Forced));
        assert_eq!(verdict(&with(CLIENT, "x"), None, 0.0), Verdict::Begins(Reason::Client));
    }

    #[test]
    fn what_others_have_decided_holds() {
        assert_eq!(verdict(&[(REQUEST_ID, OUT)], Some(true), 0.0), Verdict::Traced);
        assert_eq!(verdict(&[(REQUEST_ID, ASKED), (FORCE, "1")], Some(false), 100.0), Verdict::Untraced);
    }

    #[test]
    fn where_the_name_does_not_decide_chance_does() {
        let sampling =
            Sampling { by_request_id: false, share: Share::from_percent(50.0).unwrap(), ..SAMPLING };
        let of = |roll| decide(&HeaderMap::new(), None, &sampling, || roll);
        assert_eq!((of(0), of(u32::MAX)), (Verdict::Traced, Verdict::Untraced));
    }

    #[test]
    fn the_parent_is_what_the_application_is_doing_in_the_same_trace() {
        let context =
            |trace, span| TraceContext::begin(TraceId::new(trace).unwrap(), SpanId::new(span).unwrap(), true);
        let mut came = Incoming::default();
        (came.context, came.sampled) = (Some(context(1, 1)), Some(true));
        let (own, other) = (context(1, 2), context(2, 3));
        assert_eq!(parent(&came, Some(own)).0.map(|parent| parent.span), SpanId::new(2));
        assert_eq!(parent(&came, Some(other)).0, came.context);
        assert_eq!(parent(&Incoming::default(), Some(own)), (Some(own), Some(true)));
        let mut refused = Incoming::default();
        refused.sampled = Some(false);
        assert_eq!(parent(&refused, Some(own)), (None, Some(false)));
    }
}
