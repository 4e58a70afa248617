//! `RateLimit` → how many requests some workloads take. The kind is ours; what it shares with Istio's is checked alike.

use super::{Meaning, Site, extension_provider::asked_service, http_match};
use crate::{
    document::{self, HttpMatch, LimitMatch, Path, Percent},
    model::{
        ClaimMatch, Conditions, DescriptorEntry, DescriptorValue, Dimension, GlobalLimit, Limit, LimitRule,
        LocalLimit, RateLimit, Share, TokenBucket,
    },
};
use http::{HeaderName, StatusCode};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// How many buckets are kept where nobody says.
const BUCKETS: NonZeroU32 = NonZeroU32::new(10_000).expect("more than none");
/// How long a limiting service's answer may take where nobody says.
const TIMEOUT: Duration = Duration::from_millis(20);
/// The shortest time between two fills, which is Envoy's.
const SHORTEST_FILL: Duration = Duration::from_millis(50);

pub(super) fn translate(site: Site<'_>, written: &document::RateLimit) -> Option<Meaning> {
    let selector = written.selector.as_ref().map(|selector| &selector.match_labels);
    if let Some(labels) = selector {
        site.selector(&site.spec.field("selector"), labels, "");
    }
    let rules_at = site.spec.field("rules");
    if written.rules.is_empty() {
        site.check.refuse_with(site.spec, "no rule is given", "write rules: [{local: {…}}]");
    }
    let rules = written.rules.iter().enumerate();
    let rules = rules.filter_map(|(index, written)| rule(site, &rules_at.index(index), written)).collect();
    Some(Meaning::RateLimit(Arc::new(RateLimit {
        namespace: site.namespace(),
        name: site.name(),
        workloads: selector.filter(|labels| !labels.is_empty()).cloned(),
        rules,
    })))
}

fn rule(site: Site<'_>, at: &Path<'_>, written: &document::LimitRule) -> Option<LimitRule> {
    let matches_at = at.field("match");
    let blocks = written.matches.iter().enumerate();
    let blocks = blocks.map(|(index, written)| block(site, &matches_at.index(index), written)).collect();
    let limit = match (&written.local, &written.global) {
        (Some(local), _) => self::local(site, &at.field("local"), local).map(Limit::Local),
        (None, Some(global)) => self::global(site, &at.field("global"), global).map(Limit::Global),
        (None, None) => {
            let remedy = "write local: {maxTokens: 100, tokensPerFill: 100, fillInterval: 1s}, say";
            site.check.refuse_with(at, "a rule without a limit", remedy);
            None
        }
    };
    Some(LimitRule {
        name: written.name.as_str().into(),
        blocks,
        limit: limit?,
        status: status(site, &at.field("status"), written.status),
        tells: written.headers,
        is_resource_exhausted: written.rate_limited_as_resource_exhausted,
        enforced: share(site, &at.field("enforced"), written.enforced),
    })
}

/// The conditions of a VirtualService, but for those that only a caller can meet.
fn block(site: Site<'_>, at: &Path<'_>, written: &LimitMatch) -> Conditions {
    for (field, headers) in [("headers", &written.headers), ("withoutHeaders", &written.without_headers)] {
        for claim in headers.keys().filter(|name| http_match::is_claim(name)) {
            let remedy = "give each value of a claim its own bucket: per: [{claim: sub}]";
            site.check.refuse_with(
                &at.field(field).key(claim),
                "a limit is for requests with any claims",
                remedy,
            );
        }
    }
    let written = HttpMatch {
        uri: written.uri.clone(),
        ignore_uri_case: written.ignore_uri_case,
        method: written.method.clone(),
        authority: written.authority.clone(),
        headers: written.headers.clone(),
        without_headers: written.without_headers.clone(),
        query_params: written.query_params.clone(),
        ..HttpMatch::default()
    };
    http_match::conditions(site, at, &written)
}

fn local(site: Site<'_>, at: &Path<'_>, written: &document::LocalLimit) -> Option<LocalLimit> {
    let most = NonZeroU32::new(written.max_tokens);
    if most.is_none() {
        let remedy = "write how many requests may come at once";
        site.check.refuse_with(&at.field("maxTokens"), "must be greater than 0", remedy);
    }
    let per_fill = NonZeroU32::new(written.tokens_per_fill.unwrap_or(1));
    if per_fill.is_none() {
        site.check.refuse_with(&at.field("tokensPerFill"), "must be greater than 0", "remove it for 1");
    }
    let bucket = most.zip(per_fill).zip(interval(site, at, written.fill_interval));
    let bucket = bucket.map(|((most, per_fill), interval)| TokenBucket::new(most, per_fill, interval));
    if bucket.is_some_and(|bucket| bucket.each < TokenBucket::QUICKEST) {
        let remedy = "write fewer tokensPerFill, or a longer fillInterval";
        site.check.refuse_with(at, "more than 1,000,000 tokens a second", remedy);
    }
    let most_buckets = written.max_buckets.map_or(Some(BUCKETS), NonZeroU32::new);
    if most_buckets.is_none() {
        site.check.refuse_with(&at.field("maxBuckets"), "must be greater than 0", "remove it for 10000");
    }
    let per_at = at.field("per");
    let per = written.per.iter().enumerate();
    let per = per.map(|(index, written)| dimension(site, &per_at.index(index), written)).collect();
    Some(LocalLimit { bucket: bucket?, per, most_buckets: most_buckets? })
}

fn interval(site: Site<'_>, at: &Path<'_>, written: Option<Duration>) -> Option<Duration> {
    let fill_at = at.field("fillInterval");
    match written {
        None => site.check.refuse_with(at, "fillInterval is missing", "write fillInterval: 1s, say"),
        Some(interval) if interval < SHORTEST_FILL => {
            let remedy = "write a longer one, and more tokensPerFill";
            site.check.refuse_with(&fill_at, "fillInterval must be at least 50ms", remedy);
        }
        Some(_) => {}
    }
    written
}

fn global(site: Site<'_>, at: &Path<'_>, written: &document::GlobalLimit) -> Option<GlobalLimit> {
    if written.domain.is_empty() {
        site.check.refuse_with(at, "domain must not be empty", "write the domain that the service knows");
    }
    if written.descriptors.is_empty() {
        let remedy = "write descriptors: [[{of: remoteAddress}]], say";
        site.check.refuse_with(at, "no descriptor is given", remedy);
    }
    site.maybe_duration(at, "timeout", written.timeout);
    let descriptors_at = at.field("descriptors");
    let descriptors = written.descriptors.iter().enumerate().map(|(index, entries)| {
        let at = descriptors_at.index(index);
        if entries.is_empty() {
            site.check.refuse_with(&at, "a descriptor without entries", "write [{value: all}], say");
        }
        let entries = entries.iter().enumerate();
        entries.filter_map(|(index, written)| entry(site, &at.index(index), written)).collect()
    });
    let descriptors = descriptors.collect();
    if written.hits_addend == Some(0) {
        let remedy = "remove it for 1";
        site.check.refuse_with(&at.field("hitsAddend"), "must be greater than 0", remedy);
    }
    Some(GlobalLimit {
        service: asked_service(site, at, &written.service, written.port)?,
        domain: written.domain.as_str().into(),
        descriptors,
        timeout: written.timeout.unwrap_or(TIMEOUT),
        fails_open: written.fail_open.unwrap_or(true),
        hits: written.hits_addend.unwrap_or(1),
    })
}

fn entry(site: Site<'_>, at: &Path<'_>, written: &document::DescriptorEntry) -> Option<DescriptorEntry> {
    let (default, value) = match &written.of {
        Some(of) => {
            let of = dimension(site, &at.field("of"), of);
            (of.key(), DescriptorValue::Of(of))
        }
        None if written.value.is_empty() => {
            site.check.refuse_with(at, "an entry without a value", "write value, or of: remoteAddress, say");
            return None;
        }
        None => ("generic_key".into(), DescriptorValue::Text(written.value.as_str().into())),
    };
    let key = if written.key.is_empty() { default } else { written.key.as_str().into() };
    Some(DescriptorEntry { key, value })
}

fn dimension(site: Site<'_>, at: &Path<'_>, written: &document::Dimension) -> Dimension {
    use document::Dimension as Written;
    match written {
        Written::Peer => Dimension::Peer,
        Written::RemoteAddress => Dimension::RemoteAddress,
        Written::Path => Dimension::Path,
        Written::Method => Dimension::Method,
        Written::Header(name) => {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let reason = || format!("header name {name} is not a valid header name");
            let name = site.check.accept(&at.field("header"), parsed.map_err(|_| reason()));
            Dimension::Header(name.unwrap_or(http::header::HOST))
        }
        Written::Claim(name) => {
            let dot = if name.starts_with('[') { "" } else { "." };
            let path = ClaimMatch::path_of(&format!("@request.auth.claims{dot}{name}"));
            if path.is_none() {
                let remedy = "write a name, or the names that lead to the claim: group.name, [group][name]";
                site.check.refuse_with(&at.field("claim"), format!("{name:?} is no claim"), remedy);
            }
            Dimension::Claim(path.unwrap_or_default())
        }
    }
}

fn status(site: Site<'_>, at: &Path<'_>, written: Option<u32>) -> StatusCode {
    let Some(written) = written else { return StatusCode::TOO_MANY_REQUESTS };
    let status = u16::try_from(written).ok().and_then(|code| StatusCode::from_u16(code).ok());
    status.filter(|status| (400..600).contains(&status.as_u16())).unwrap_or_else(|| {
        let reason = format!("HTTP status {written} is not in range 400-599");
        site.check.refuse_with(at, reason, "remove it for 429");
        StatusCode::TOO_MANY_REQUESTS
    })
}

fn share(site: Site<'_>, at: &Path<'_>, written: Option<Percent>) -> Share {
    let Some(Percent(percent)) = written else { return Share::ALL };
    Share::from_percent(percent).unwrap_or_else(|| {
        site.check.refuse(&at.field("value"), format!("{percent} is neither 0 nor within 0.0001 and 100"));
        Share::ALL
    })
}
