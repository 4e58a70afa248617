//! What pages of other origins may ask.

use super::Site;
use crate::{
    document::{self, Path, StringMatch},
    model::{CorsPolicy, Pattern, TextMatch, UnmatchedPreflights},
};
use http::{HeaderName, HeaderValue};

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &document::CorsPolicy) -> CorsPolicy {
    check(site, at, written);
    let origins_at = at.field("allowOrigins");
    let origins = written.allow_origins.iter().enumerate();
    let origins = origins.filter_map(|(index, written)| origin(site, &origins_at.index(index), written));
    let older = written.allow_origin.iter().map(|origin| TextMatch::Exact(origin.as_str().into()));
    // The newer spelling takes the place of the older one, as in Istio.
    let origins = if written.allow_origins.is_empty() { older.collect() } else { origins.collect() };
    CorsPolicy {
        origins,
        methods: list(&written.allow_methods),
        headers: list(&written.allow_headers),
        exposed: list(&written.expose_headers),
        max_age: written.max_age.map(|age| age.as_secs().into()),
        allows_credentials: written.allow_credentials.unwrap_or_default(),
        unmatched_preflights: match written.unmatched_preflights {
            document::UnmatchedPreflights::Ignore => UnmatchedPreflights::Ignore,
            _ => UnmatchedPreflights::Forward,
        },
    }
}

/// The names with commas between them, as one header says them.
fn list(names: &[String]) -> Option<HeaderValue> {
    // Names that cannot be sent have been refused.
    HeaderValue::try_from(names.join(",")).ok().filter(|value| !value.is_empty())
}

/// The methods that Go knows.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];

fn check(site: Site<'_>, at: &Path<'_>, written: &document::CorsPolicy) {
    if !written.allow_origin.is_empty() {
        let remedy = "write allowOrigins: [{exact: …}]";
        site.check.warn(&at.field("allowOrigin"), "is the older spelling of allowOrigins", remedy);
    }
    let methods_at = at.field("allowMethods");
    for (index, method) in written.allow_methods.iter().enumerate() {
        if !METHODS.contains(&method.as_str()) {
            let reason = format!("{method:?} is not a supported HTTP method");
            site.check.refuse_with(&methods_at.index(index), reason, "write it in capitals");
        }
    }
    for (field, names) in
        [("allowHeaders", &written.allow_headers), ("exposeHeaders", &written.expose_headers)]
    {
        let at = at.field(field);
        for (index, name) in names.iter().enumerate() {
            check_header(site, &at.index(index), name);
        }
    }
    if let Some(age) = written.max_age {
        let at = at.field("maxAge");
        site.duration(&at, age);
        if age.subsec_nanos() != 0 {
            site.check.refuse(&at, "max_age duration is accurate only to seconds precision");
        }
    }
}

fn origin(site: Site<'_>, at: &Path<'_>, written: &StringMatch) -> Option<TextMatch> {
    match written {
        StringMatch::Regex(source) if !source.is_empty() => {
            site.check.accept(at, Pattern::parse(source)).map(TextMatch::Regex)
        }
        StringMatch::Exact(text) if !text.is_empty() => Some(TextMatch::Exact(text.as_str().into())),
        StringMatch::Prefix(text) if !text.is_empty() => Some(TextMatch::Prefix(text.as_str().into())),
        _ => {
            let remedy = "write {exact: …}, {prefix: …} or {regex: …}";
            site.check.refuse_with(at, "'' is not a valid match type for CORS allow origins", remedy);
            None
        }
    }
}

fn check_header(site: Site<'_>, at: &Path<'_>, name: &str) {
    if name.is_empty() {
        site.check.refuse(at, "header name cannot be empty");
    } else if name != "*" && HeaderName::from_bytes(name.as_bytes()).is_err() {
        site.check.refuse(at, format!("header name {name} is not a valid header name"));
    }
}
