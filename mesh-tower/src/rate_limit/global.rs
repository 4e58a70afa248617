//! Limits that a service keeps: what it is asked, and what is made of its answer.

use super::{
    messages::{self, Code, Descriptor, Entry, Request, Response},
    policy::{LIMIT, REMAINING, RESET, Verdict, judge, over},
};
use crate::{
    BoxError, Caller, Error, Kind,
    grpc::{self, Header},
    hop::is_kept_back,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_core::{
    model::{DescriptorEntry, DescriptorValue, GlobalLimit, Limit},
    table::{InboundLimit, InboundView},
};
use std::{fmt::Write, sync::Arc};
use tokio::time::timeout;

/// What a service is to be asked about one request.
#[derive(Debug)]
pub(super) struct Question {
    limit: Arc<InboundLimit>,
    descriptors: Vec<Descriptor>,
    /// What decides whether the answer is enforced.
    roll: u32,
}

/// What services have said of a request that passes.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Headers that it takes along.
    pub(super) request: HeaderMap,
    /// Headers of its answer.
    pub(super) response: HeaderMap,
}

impl Question {
    /// Nothing when the request has nothing that the service would be told, as with Envoy.
    pub(super) fn of(
        limit: &Arc<InboundLimit>,
        global: &GlobalLimit,
        view: &InboundView<'_>,
        roll: u32,
    ) -> Option<Self> {
        let descriptors = global.descriptors.iter().filter_map(|entries| {
            let entries: Option<Vec<_>> = entries.iter().map(|written| entry(written, view)).collect();
            Some(Descriptor { entries: entries? })
        });
        let descriptors: Vec<_> = descriptors.collect();
        (!descriptors.is_empty()).then(|| Self { limit: Arc::clone(limit), descriptors, roll })
    }

    /// Asks, and judges the request by the answer.
    async fn ask(self, caller: Option<&Caller>, told: &mut Told) -> Result<(), Error> {
        let Limit::Global(global) = &self.limit.rule.limit else { return Ok(()) };
        let answer = answer(caller, global, self.descriptors).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if global.fails_open => {
                let limit = &*self.limit.origin;
                tracing::warn!(limit, error, "a limiting service could not be asked: the request passes");
                return Ok(());
            }
            Err(error) => return Err(Error::because(Kind::NoLimiter, error)),
        };
        let rule = &self.limit.rule;
        append(&mut told.response, &answer.response_headers_to_add);
        if rule.tells {
            tell(&answer, &mut told.response);
        }
        match judge(rule, answer.overall_code() != Code::OverLimit, self.roll) {
            Verdict::Pass => append(&mut told.request, &answer.request_headers_to_add),
            Verdict::Note => {
                append(&mut told.request, &answer.request_headers_to_add);
                tracing::info!(
                    limit = &*self.limit.origin,
                    rule = &*rule.name,
                    "over a limit that is not enforced"
                );
            }
            Verdict::Refuse => {
                let mut error = over(rule, Kind::RateLimitedByService);
                *error.headers_mut() = std::mem::take(&mut told.response);
                if !answer.raw_body.is_empty() {
                    error.set_body(answer.raw_body);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Asks one after the other, until a service says no.
pub(super) async fn ask(caller: Option<Caller>, questions: Vec<Question>) -> Result<Told, Error> {
    let mut told = Told::default();
    for question in questions {
        question.ask(caller.as_ref(), &mut told).await?;
    }
    Ok(told)
}

async fn answer(
    caller: Option<&Caller>,
    global: &GlobalLimit,
    descriptors: Vec<Descriptor>,
) -> Result<Response, BoxError> {
    let caller = caller.ok_or("nothing was given to ask limiting services through")?;
    let domain = global.domain.to_string();
    let message = Request { domain, descriptors, hits_addend: global.hits };
    let authority = global.service.to_string();
    let request = grpc::request(&authority, messages::METHOD, &message, global.timeout)?;
    let asked = async { grpc::message(caller.ask(&global.service, request).await?).await };
    timeout(global.timeout, asked).await?
}

fn entry(written: &DescriptorEntry, view: &InboundView<'_>) -> Option<Entry> {
    let value = match &written.value {
        DescriptorValue::Text(text) => text.to_string(),
        DescriptorValue::Of(dimension) => String::from_utf8_lossy(&view.dimension(dimension)?).into_owned(),
    };
    Some(Entry { key: written.key.to_string(), value })
}

/// Takes over headers; those that cannot be sent, or are not the service's to say, are left out.
fn append(headers: &mut HeaderMap, said: &[Header]) {
    for header in said {
        let name = HeaderName::from_bytes(header.key.as_bytes()).ok().filter(|name| !is_kept_back(name));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_bytes(header.value())) {
            headers.append(name, value);
        }
    }
}

/// Tells the scarcest of the limits, and all of them as policies: `10, 10;w=1;name="per-ip", 1000;w=3600`.
fn tell(answer: &Response, headers: &mut HeaderMap) {
    let statuses = answer.statuses.iter().filter_map(|status| Some((status, status.current_limit.as_ref()?)));
    let Some((scarcest, limit)) = statuses.clone().min_by_key(|(status, _)| status.limit_remaining) else {
        return;
    };
    let mut policies = limit.requests_per_unit.to_string();
    for (_, limit) in statuses {
        let Some(window) = seconds(limit.unit) else { continue };
        let _ = write!(policies, ", {};w={window}", limit.requests_per_unit);
        if !limit.name.is_empty() {
            let _ = write!(policies, ";name=\"{}\"", limit.name);
        }
    }
    let reset = scarcest.duration_until_reset.unwrap_or_default().seconds;
    if let Ok(policies) = HeaderValue::try_from(policies) {
        headers.insert(LIMIT, policies);
        headers.insert(REMAINING, scarcest.limit_remaining.into());
        headers.insert(RESET, reset.into());
    }
}

/// How long a unit of time is.
fn seconds(unit: i32) -> Option<u32> {
    const DAY: u32 = 24 * 60 * 60;
    let units = [1, 60, 60 * 60, DAY, 30 * DAY, 365 * DAY, 7 * DAY];
    units.get(usize::try_from(unit).ok()?.checked_sub(1)?).copied()
}
