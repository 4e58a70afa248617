//! The conditions of one rule.

use super::{Site, names::is_label, virtual_service::named_attachments};
use crate::{
    document::{self, Path},
    model::{Block, ClaimMatch, Conditions, HeaderMatch, PathMatch, Pattern, QueryMatch, TextMatch},
};
use http::HeaderName;
use std::collections::BTreeMap;

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &[document::HttpMatch]) -> Vec<Block> {
    let block = |(index, written)| block(site, &at.index(index), written);
    written.iter().enumerate().map(block).collect()
}

fn block(site: Site<'_>, at: &Path<'_>, written: &document::HttpMatch) -> Block {
    let namespace = Some(written.source_namespace.as_str()).filter(|namespace| !namespace.is_empty());
    if namespace.is_some_and(|namespace| !is_label(namespace)) {
        let reason = format!("sourceNamespace match {} is invalid", written.source_namespace);
        site.check.refuse(&at.field("sourceNamespace"), reason);
    }
    let port = written.port.and_then(|number| site.port(&at.field("port"), number));
    site.labels(&at.field("sourceLabels"), &written.source_labels);
    Block {
        name: written.name.as_str().into(),
        conditions: conditions(site, at, written),
        port,
        source_labels: written.source_labels.clone(),
        source_namespace: namespace.map(Into::into),
        attachments: named_attachments(site, &at.field("gateways"), &written.gateways),
    }
}

/// The conditions of a block that a request is asked for, whoever sent it.
pub(super) fn conditions(site: Site<'_>, at: &Path<'_>, written: &document::HttpMatch) -> Conditions {
    let text = |name: &'static str, written: &Option<document::StringMatch>| {
        written.as_ref().and_then(|written| text_match(site, &at.field(name), written, name == "uri"))
    };
    let mut conditions = Conditions {
        path: text("uri", &written.uri).map(|text| PathMatch { text, ignore_case: written.ignore_uri_case }),
        method: text("method", &written.method),
        scheme: text("scheme", &written.scheme),
        authority: text("authority", &written.authority),
        headers: Vec::new(),
        without_headers: Vec::new(),
        query: queries(site, &at.field("queryParams"), &written.query_params),
        claims: claims(site, &at.field("headers"), &written.headers),
        without_claims: claims(site, &at.field("withoutHeaders"), &written.without_headers),
    };
    conditions.headers = headers(site, &at.field("headers"), &written.headers, Some(&mut conditions));
    conditions.without_headers = headers(site, &at.field("withoutHeaders"), &written.without_headers, None);
    conditions
}

/// Header conditions. Those on pseudo-headers belong to other parts of the request: with `pseudo` they go there.
fn headers(
    site: Site<'_>,
    at: &Path<'_>,
    written: &BTreeMap<String, document::StringMatch>,
    mut pseudo: Option<&mut Conditions>,
) -> Vec<HeaderMatch> {
    let mut headers = Vec::with_capacity(written.len());
    for (name, value) in written.iter().filter(|(name, _)| !is_claim(name)) {
        let at = at.key(name);
        // Istio ignores these keys: they have fields of their own.
        if matches!(name.as_str(), "uri" | "scheme" | "method" | "authority") {
            let remedy = format!("write {name} beside headers");
            site.check.warn(&at, format!("{name} is no header and is ignored here"), remedy);
            continue;
        }
        let Some(value) = text_match(site, &at, value, false) else { continue };
        let place = pseudo.as_deref_mut().and_then(|conditions| match name.as_str() {
            ":method" => Some(&mut conditions.method),
            ":scheme" => Some(&mut conditions.scheme),
            ":authority" => Some(&mut conditions.authority),
            _ => None,
        });
        match (place, HeaderName::from_bytes(name.as_bytes())) {
            (Some(place), _) => *place = Some(value),
            (None, Ok(name)) => headers.push(HeaderMatch { name, value }),
            (None, Err(_)) => {
                site.check.refuse(&at, format!("header name {name} is not a valid header name"))
            }
        }
    }
    headers
}

/// Whether a key among headers stands for a claim of a token.
pub(super) fn is_claim(key: &str) -> bool {
    key.starts_with("@request.auth.claims")
}

fn claims(
    site: Site<'_>,
    at: &Path<'_>,
    written: &BTreeMap<String, document::StringMatch>,
) -> Vec<ClaimMatch> {
    let claim = |(name, value): (&String, &document::StringMatch)| {
        let at = at.key(name);
        let value = text_match(site, &at, value, false);
        let Some(path) = ClaimMatch::path_of(name) else {
            let remedy = "write @request.auth.claims.name, or @request.auth.claims[name]";
            site.check.refuse_with(&at, format!("header name {name} is not a valid header name"), remedy);
            return None;
        };
        Some(ClaimMatch { path, value: value? })
    };
    written.iter().filter(|(name, _)| is_claim(name)).filter_map(claim).collect()
}

fn queries(
    site: Site<'_>,
    at: &Path<'_>,
    written: &BTreeMap<String, document::StringMatch>,
) -> Vec<QueryMatch> {
    let query = |(name, value): (&String, _)| {
        let value = text_match(site, &at.key(name), value, false)?;
        Some(QueryMatch { name: name.as_str().into(), value })
    };
    written.iter().filter_map(query).collect()
}

/// A comparison; regex `*` asks for presence, as Istio has it. An empty prefix is refused but for a uri.
fn text_match(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::StringMatch,
    may_be_empty: bool,
) -> Option<TextMatch> {
    match written {
        document::StringMatch::Present => Some(TextMatch::Present),
        document::StringMatch::Exact(text) => Some(TextMatch::Exact(text.as_str().into())),
        document::StringMatch::Prefix(text) => {
            if text.is_empty() && !may_be_empty {
                let remedy = "write {} to ask only for presence";
                site.check.refuse_with(at, "prefix string match should not be empty", remedy);
            }
            Some(TextMatch::Prefix(text.as_str().into()))
        }
        document::StringMatch::Regex(source) if source == "*" => Some(TextMatch::Present),
        document::StringMatch::Regex(source) => {
            site.check.accept(at, Pattern::parse(source)).map(TextMatch::Regex)
        }
    }
}
