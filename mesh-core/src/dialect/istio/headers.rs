//! Header operations.

use super::Site;
use crate::{
    document::{self, Path},
    model::{Edit, HeaderEdits},
};
use http::{HeaderName, HeaderValue};
use std::collections::BTreeMap;

/// Reads the operations of one direction and level.
pub(super) fn translate(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::HeaderOperations,
    is_request: bool,
) -> HeaderEdits {
    // Most rules change no header.
    if written.remove.is_empty() && written.set.is_empty() && written.add.is_empty() {
        return HeaderEdits::default();
    }
    let mut edits = Vec::new();
    let remove = at.field("remove");
    for (index, name) in written.remove.iter().enumerate() {
        edits.extend(header(site, &remove.index(index), name, false).map(Edit::Remove));
    }
    edits.extend(values(site, &at.field("set"), &written.set, is_request, Edit::Set));
    edits.extend(values(site, &at.field("add"), &written.add, is_request, Edit::Add));
    HeaderEdits::new(edits)
}

fn values(
    site: Site<'_>,
    at: &Path<'_>,
    written: &BTreeMap<String, String>,
    is_request: bool,
    edit: fn(HeaderName, HeaderValue) -> Edit,
) -> Vec<Edit> {
    let each = |(name, value): (&String, &String)| {
        let at = at.key(name);
        let header = header(site, &at, name, is_request)?;
        let value = header_value(site, &at, value)?;
        // Envoy neither sets nor adds an empty value.
        (!value.is_empty()).then(|| edit(header, value))
    };
    written.iter().filter_map(each).collect()
}

/// The header's name; `:authority` and `Host` are the same, and only a request's may be set.
fn header(site: Site<'_>, at: &Path<'_>, name: &str, may_be_host: bool) -> Option<HeaderName> {
    if name == ":authority" || name.eq_ignore_ascii_case("host") {
        if !may_be_host {
            site.check.refuse(at, format!("invalid header {name:?}: cannot set Host header"));
        }
        return may_be_host.then_some(http::header::HOST);
    }
    if name.starts_with(':') {
        site.check.refuse(at, format!("invalid header {name:?}: header cannot have \":\" prefix"));
        return None;
    }
    let header = HeaderName::from_bytes(name.as_bytes()).ok();
    if header.is_none() {
        site.check.refuse(at, format!("header name {name} is not a valid header name"));
    }
    header
}

/// The value, in which `%%` is a percent sign and `%NAME%` would be Envoy's command operators.
fn header_value(site: Site<'_>, at: &Path<'_>, written: &str) -> Option<HeaderValue> {
    let parts: Vec<&str> = written.split("%%").collect();
    if parts.iter().any(|part| part.matches('%').count() % 2 == 1) {
        // The value may be a secret, and whoever wrote it knows it.
        let reason = "header value configuration: unbalanced %";
        site.check.refuse_with(at, reason, "write %% for a percent sign");
        return None;
    }
    if parts.iter().any(|part| part.contains('%')) {
        let reason =
            "command operators such as %REQ(X)% are sent as they are written: they have no effect yet";
        site.check.warn(at, reason, "write %% for a percent sign");
    }
    let value = HeaderValue::from_str(&parts.join("%")).ok();
    if value.is_none() {
        site.check.refuse(at, "header value configuration: the value cannot be sent in a header");
    }
    value
}
