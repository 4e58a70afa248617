//! Which of a request's tokens are good.

use super::{
    bench::{Asking, Bench, Judge},
    claims::Said,
    compact::Compact,
    places::{Carrier, texts},
    source::Halt,
};
use crate::{Kind, TokenFault};
use http::{
    HeaderMap, Method, Request,
    header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};
use mesh_core::{
    model::{PathNormalization, TokenRule},
    table::normalized,
};
use serde_json::{Map, Value};
use std::borrow::Cow;
use tokio::time::Instant;

/// The most tokens of one request, wherever they are: 16. Each of them takes as long to look at as a request should.
pub const MOST_TOKENS: usize = 16;

/// When a request is judged.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// In seconds of Unix time, by which tokens say when they are good.
    pub(super) unix: u64,
    /// By which keys age.
    pub(super) instant: Instant,
}

/// A token that is good.
pub(super) struct Good<'r> {
    pub(super) rule: &'r TokenRule,
    pub(super) carrier: Carrier<'r>,
    pub(super) claims: Map<String, Value>,
    /// The payload as it came, in base64url.
    pub(super) payload: String,
    /// Whether it says who the caller is.
    pub(super) names_caller: bool,
}

/// Why a request does not go on, or not yet.
pub(super) enum Stop {
    /// It is refused.
    Refuse(Kind),
    /// Keys are being fetched.
    Wait(super::source::Flight),
}

/// The good tokens of a request that came to a port, the one that says who sent it first. None is there when none has to
/// be; one that is not good is never passed over.
pub(super) fn judge<'b, B>(
    bench: &'b Bench,
    request: &Request<B>,
    port: u16,
    now: Now,
) -> Result<Vec<Good<'b>>, Stop> {
    if is_preflight(request.method(), request.headers()) {
        return Ok(Vec::new());
    }
    let judges: Vec<&Judge> = bench.rules.iter().collect();
    let mut good = match every(&judges, request, now) {
        Ok(good) => good,
        Err(Halt::Wait(flight)) => return Err(Stop::Wait(flight)),
        Err(Halt::Fault(fault)) => return Err(Stop::Refuse(Kind::BadToken(fault))),
    };
    if let Some(asking) = bench.asking(port) {
        good.extend(origin(asking, request, now)?);
    }
    Ok(good)
}

/// A browser asks whether it may ask, and has no token to ask that with.
fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    let is_said = |name| headers.get(name).is_some_and(|value| !value.is_empty());
    method == Method::OPTIONS && is_said(ORIGIN) && is_said(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Every token of a request, wherever one of the rules looks. Each has to be good by one of the rules that look there.
fn every<'b, B>(judges: &[&'b Judge], request: &Request<B>, now: Now) -> Result<Vec<Good<'b>>, Halt> {
    found(judges, request)?.iter().map(|token| token.judge(now)).collect()
}

/// The token of 2019: one good one is enough.
fn origin<'b, B>(asking: &'b Asking, request: &Request<B>, now: Now) -> Result<Option<Good<'b>>, Stop> {
    let path = request.uri().path();
    // An application may read more into a path than the mesh is told to.
    let widest = normalized(request.uri(), PathNormalization::DecodeAndMergeSlashes).ok().flatten();
    let paths = [path, widest.as_ref().map_or(path, |uri| uri.path())];
    let judges = asking.judges(&paths);
    let mut flight = None;
    for token in found(&judges, request).map_err(|fault| Stop::Refuse(Kind::BadToken(fault)))? {
        match token.judge(now) {
            Ok(good) => return Ok(Some(Good { names_caller: asking.names_callers(), ..good })),
            Err(Halt::Wait(wait)) => flight = Some(wait),
            Err(Halt::Fault(fault)) => tracing::debug!(%fault, "a token is not good"),
        }
    }
    let is_asked = !judges.is_empty() || asking.is_impossible();
    match flight {
        Some(flight) => Err(Stop::Wait(flight)),
        None if is_asked && !asking.is_optional() => Err(Stop::Refuse(Kind::NoOrigin)),
        None => Ok(None),
    }
}

/// Something in a request that carries a token, and what each rule that looks there reads.
struct Found<'b, 'r> {
    carrier: Carrier<'b>,
    /// Which of several of one name it is.
    number: usize,
    readings: Vec<(&'b Judge, Cow<'r, str>)>,
}

fn found<'b, 'r, B>(judges: &[&'b Judge], request: &'r Request<B>) -> Result<Vec<Found<'b, 'r>>, TokenFault> {
    let mut all: Vec<Found<'b, 'r>> = Vec::new();
    for judge in judges {
        for place in &judge.rule.places {
            let carrier = Carrier::of(place);
            for (number, text) in texts(place, request).into_iter().enumerate() {
                let known = all.iter().position(|found| found.carrier == carrier && found.number == number);
                match known {
                    Some(known) => all[known].readings.push((judge, text)),
                    None if all.len() == MOST_TOKENS => return Err(TokenFault::TooMany),
                    None => {
                        all.push(Found { carrier: carrier.clone(), number, readings: vec![(judge, text)] })
                    }
                }
            }
        }
    }
    Ok(all)
}

impl<'b> Found<'b, '_> {
    /// Good by the first rule that it can be good by. Otherwise the reason of the last rule, but for one that the token
    /// was not meant for at all.
    fn judge(&self, now: Now) -> Result<Good<'b>, Halt> {
        let mut reason = TokenFault::UnknownIssuer;
        for (judge, text) in &self.readings {
            match verify(judge, text, now) {
                Ok((claims, payload)) => {
                    let (rule, carrier) = (&*judge.rule, self.carrier.clone());
                    return Ok(Good { rule, carrier, claims, payload, names_caller: true });
                }
                Err(Halt::Fault(TokenFault::UnknownIssuer)) => {}
                Err(Halt::Fault(fault)) => reason = fault,
                Err(wait) => return Err(wait),
            }
        }
        Err(reason.into())
    }
}

/// What a token says and its payload, if it is good by a rule. Its signature comes last, as in Envoy: keys are fetched
/// only for tokens that could be good.
fn verify(judge: &Judge, text: &str, now: Now) -> Result<(Map<String, Value>, String), Halt> {
    let token = Compact::parse(text)?;
    let said = Said::read(&token)?;
    said.meets(&judge.rule, now.unix)?;
    judge.source.verify(&token, now.instant)?;
    Ok((said.all, token.payload.to_owned()))
}
