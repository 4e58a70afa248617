//! `extensionProviders` → the services that are asked whether requests may pass.

use super::{Site, names::is_label};
use crate::{
    document::{self, ExtensionProvider, Path, ProviderKind},
    model::{AskedService, CheckedBody, ExtAuthz, ExtAuthzProtocol, HeaderNames, Host, HttpCheck, mark},
};
use http::{HeaderName, HeaderValue, StatusCode};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long an answer may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Reads those that are authorization services, and checks the names of all.
pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &[ExtensionProvider]) -> Vec<Arc<ExtAuthz>> {
    let mut names: Vec<&str> = Vec::with_capacity(written.len());
    let mut providers = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let at = at.index(index);
        let name = written.name.as_str();
        if name.is_empty() {
            site.check.refuse_with(&at, "empty extension provider name", "write name");
        } else if names.contains(&name) {
            let reason = format!("duplicate extension provider name {name}");
            site.check.refuse_with(&at.field("name"), reason, "give each its own name");
        }
        names.push(name);
        providers.extend(provider(site, &at, written).map(Arc::new));
    }
    providers
}

fn provider(site: Site<'_>, at: &Path<'_>, written: &ExtensionProvider) -> Option<ExtAuthz> {
    let (at, common, protocol) = match &written.kind {
        Some(ProviderKind::ExtAuthzHttp(http)) => {
            let at = at.field("envoyExtAuthzHttp");
            let check = http_check(site, &at, http);
            (at, &http.common, ExtAuthzProtocol::Http(Box::new(check)))
        }
        Some(ProviderKind::ExtAuthzGrpc(grpc)) => {
            (at.field("envoyExtAuthzGrpc"), &grpc.common, ExtAuthzProtocol::Grpc)
        }
        // Who gets telemetry is read as such.
        Some(
            ProviderKind::Prometheus
            | ProviderKind::FileAccessLog(_)
            | ProviderKind::OtelAccessLog(_)
            | ProviderKind::OpenTelemetry(_)
            | ProviderKind::Zipkin(_)
            | ProviderKind::Other(..),
        ) => return None,
        None => {
            let remedy = "write envoyExtAuthzHttp or envoyExtAuthzGrpc, say";
            site.check.warn(at, "is of no kind that is known here, and has no effect", remedy);
            return None;
        }
    };
    site.maybe_duration(&at, "timeout", common.timeout);
    let service = asked_service(site, &at, &common.service, common.port);
    Some(ExtAuthz {
        name: written.name.as_str().into(),
        timeout: common.timeout.unwrap_or(TIMEOUT),
        fails_open: common.fail_open,
        status_on_error: status(site, &at.field("statusOnError"), &common.status_on_error),
        body: common.include_request_body_in_check.and_then(|body| checked_body(site, &at, body)),
        service: service?,
        protocol,
    })
}

/// Reads `host` or `namespace/host`, and a port.
pub(super) fn asked_service(site: Site<'_>, at: &Path<'_>, service: &str, port: u32) -> Option<AskedService> {
    let port = site.port(&at.field("port"), port);
    if service.is_empty() {
        site.check.refuse_with(
            at,
            "service must not be empty",
            "write service: name.namespace.svc.cluster.local",
        );
        return None;
    }
    let service_at = at.field("service");
    let (namespace, host) = match service.split_once('/') {
        Some((namespace, host)) => (Some(namespace), host),
        None => (None, service),
    };
    if let Some(namespace) = namespace.filter(|namespace| !is_label(namespace)) {
        site.check.refuse(&service_at, format!("invalid value for namespace: {namespace:?}"));
        return None;
    }
    let host = site.check.accept(&service_at, Host::parse(host));
    Some(AskedService { namespace: namespace.map(Into::into), host: host?, port: port? })
}

fn status(site: Site<'_>, at: &Path<'_>, written: &str) -> StatusCode {
    if written.is_empty() {
        return StatusCode::FORBIDDEN;
    }
    // Those that Envoy knows, and that end a request.
    let is_known = |status: &StatusCode| {
        !status.is_informational()
            && status.canonical_reason().is_some()
            && !matches!(status.as_u16(), 418 | 425 | 451)
    };
    let status = StatusCode::from_bytes(written.as_bytes()).ok().filter(is_known);
    status.unwrap_or_else(|| {
        let reason = format!("unsupported statusOnError value {written}");
        site.check.refuse_with(at, reason, "write an HTTP status in quotes: \"503\"");
        StatusCode::FORBIDDEN
    })
}

fn checked_body(site: Site<'_>, at: &Path<'_>, written: document::CheckedBody) -> Option<CheckedBody> {
    if written.max_request_bytes == 0 {
        let at = at.field("includeRequestBodyInCheck");
        let remedy = "write maxRequestBytes: 8192, say";
        site.check.refuse_with(&at.field("maxRequestBytes"), "must be greater than 0", remedy);
    }
    Some(CheckedBody {
        most: usize::try_from(written.max_request_bytes).ok()?,
        may_be_partial: written.allow_partial_message,
        is_bytes: written.pack_as_bytes,
    })
}

fn http_check(site: Site<'_>, at: &Path<'_>, written: &document::ExtAuthzHttp) -> HttpCheck {
    let prefix_at = at.field("pathPrefix");
    let prefix = written.path_prefix.as_str();
    if !prefix.is_empty() && !prefix.starts_with('/') {
        let reason = format!("pathPrefix should begin with `/` but found {prefix:?}");
        site.check.refuse_with(&prefix_at, reason, format!("write /{prefix}"));
    } else if !is_path(prefix) {
        site.check.refuse(&prefix_at, format!("invalid pathPrefix {prefix:?}"));
    }
    let (newer, older) = (&written.include_request_headers_in_check, &written.include_headers_in_check);
    if !older.is_empty() {
        let remedy = "write includeRequestHeadersInCheck";
        site.check.warn(&at.field("includeHeadersInCheck"), "is an old name of a field", remedy);
    }
    // As in Istio the older one counts only without the newer.
    let told = if newer.is_empty() { older } else { newer };
    let refused = &written.headers_to_downstream_on_deny;
    HttpCheck {
        path_prefix: prefix.into(),
        told: names(told),
        added: added(site, &at.field("includeAdditionalHeadersInCheck"), written),
        to_upstream: names(&written.headers_to_upstream_on_allow),
        to_refused: (!refused.is_empty()).then(|| names(refused)),
        to_allowed: names(&written.headers_to_downstream_on_allow),
    }
}

/// Whether a text can stand before a path.
fn is_path(text: &str) -> bool {
    text.parse::<http::uri::PathAndQuery>().is_ok() && !text.contains(['?', '#']) || text.is_empty()
}

fn names(written: &[String]) -> HeaderNames {
    HeaderNames::new(written.iter().map(String::as_str))
}

fn added(site: Site<'_>, at: &Path<'_>, written: &document::ExtAuthzHttp) -> Vec<(HeaderName, HeaderValue)> {
    let headers: &BTreeMap<String, String> = &written.include_additional_headers_in_check;
    let header = |(name, value): (&String, &String)| {
        let at = at.key(name);
        let value = HeaderValue::from_str(value);
        let name = HeaderName::from_bytes(name.as_bytes());
        let name = site.check.accept(&at, name.map_err(|_| "is not a valid header name"));
        let value = site.check.accept(&at, value.map_err(|_| "cannot be sent in a header"));
        let (name, mut value) = name.zip(value)?;
        mark(&name, &mut value);
        Some((name, value))
    };
    headers.iter().filter_map(header).collect()
}
