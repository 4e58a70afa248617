//! One rule for HTTP: what is done with the requests that it matches.

use super::{Site, headers, http_match, names::is_label};
use crate::{
    document::{self, Path},
    model::{
        Abort, AbortStatus, Action, Delay, Destination, DirectResponse, Injection, Redirect, RedirectPort,
        RegexRewrite, Rewrite, Route, Share,
    },
};
use http::StatusCode;
use std::{sync::Arc, time::Duration};

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) -> Option<Route> {
    refuse_conflicts(site, at, written);
    let timeout_at = at.field("timeout");
    let headers_at = at.field("headers");
    let blocks = http_match::translate(site, &at.field("match"), &written.matches);
    let rewrite = written.rewrite.as_ref();
    let rewrite = rewrite.map(|rewrite| translate_rewrite(site, &at.field("rewrite"), rewrite));
    let injection = written.fault.as_ref();
    let injection = injection.map(|fault| translate_fault(site, &at.field("fault"), fault));
    Some(Route {
        name: written.name.as_str().into(),
        line: site.check.line(at),
        blocks,
        action: action(site, at, written)?,
        rewrite: rewrite.unwrap_or_default(),
        request_headers: headers::translate(
            site,
            &headers_at.field("request"),
            &written.headers.request,
            true,
        ),
        response_headers: headers::translate(
            site,
            &headers_at.field("response"),
            &written.headers.response,
            false,
        ),
        timeout: written.timeout.filter(|timeout| at_least_1ms(site, &timeout_at, *timeout)),
        injection: injection.unwrap_or_default(),
    })
}

fn refuse_conflicts(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) {
    let forwards = !written.route.is_empty();
    let (redirects, responds) = (written.redirect.is_some(), written.direct_response.is_some());
    let (injects, rewrites) = (written.fault.is_some(), written.rewrite.is_some());
    for (conflicts, reason) in [
        (forwards && redirects, "HTTP route cannot contain both route and redirect"),
        (injects && redirects, "HTTP route cannot contain both fault and redirect"),
        (rewrites && redirects, "HTTP route rule cannot contain both rewrite and redirect"),
        (responds && redirects, "HTTP route cannot contain both direct_response and redirect"),
        (forwards && responds, "HTTP route cannot contain both route and direct_response"),
        (injects && responds, "HTTP route cannot contain both fault and direct_response"),
        (rewrites && responds, "HTTP route rule cannot contain both rewrite and direct_response"),
    ] {
        if conflicts {
            site.check.refuse_with(at, reason, "keep one of them");
        }
    }
}

fn action(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) -> Option<Action> {
    if let Some(redirect) = &written.redirect {
        return translate_redirect(site, &at.field("redirect"), redirect).map(Action::Redirect);
    }
    if let Some(response) = &written.direct_response {
        let status_at = at.field("directResponse");
        let status = status(site, &status_at.field("status"), response.status)?;
        return Some(Action::Respond(DirectResponse { status, body: response.body.clone().into() }));
    }
    if written.route.is_empty() {
        if written.delegate.is_none() {
            let reason = "HTTP route, redirect or direct_response is required";
            site.check.refuse_with(
                at,
                reason,
                "say where matching requests go: route: [{destination: {host: …}}]",
            );
        }
        return None;
    }
    destinations(site, &at.field("route"), &written.route).map(Action::Forward)
}

fn destinations(
    site: Site<'_>,
    at: &Path<'_>,
    written: &[document::HttpDestination],
) -> Option<Vec<Destination>> {
    let each = |(index, written)| destination(site, &at.index(index), written);
    let destinations: Option<Vec<_>> = written.iter().enumerate().map(each).collect();
    let destinations = destinations?;
    let total: u64 = destinations.iter().map(|destination| u64::from(destination.weight)).sum();
    if destinations.len() > 1 && total == 0 {
        site.check.refuse_with(at, "total destination weight = 0", "give at least one destination a weight");
        return None;
    }
    Some(destinations)
}

fn destination(site: Site<'_>, at: &Path<'_>, written: &document::HttpDestination) -> Option<Destination> {
    let path = at.field("destination");
    let Some(to) = &written.destination else {
        site.check.refuse_with(at, "destination is required", "write destination: {host: …}");
        return None;
    };
    let host_at = path.field("host");
    if to.host.is_empty() {
        site.check.refuse_with(&path, "host is missing", "name a service");
        return None;
    }
    if to.host.contains('*') {
        site.check.refuse_with(&host_at, format!("invalid destination host {}", to.host), "name one service");
        return None;
    }
    if !to.subset.is_empty() && !is_label(&to.subset) {
        site.check.refuse(&path.field("subset"), format!("subset name is invalid: {}", to.subset));
    }
    let port_at = path.field("port");
    let port = to.port.map(|number| site.port(&port_at.field("number"), number));
    if written.weight < 0 {
        site.check.refuse(&at.field("weight"), format!("weight {} < 0", written.weight));
    }
    let headers = at.field("headers");
    Some(Destination {
        host: site.host(&host_at, &to.host)?,
        subset: Some(to.subset.as_str()).filter(|subset| !subset.is_empty()).map(Arc::from),
        port: port.flatten(),
        weight: written.weight.unsigned_abs(),
        request_headers: headers::translate(site, &headers.field("request"), &written.headers.request, true),
        response_headers: headers::translate(
            site,
            &headers.field("response"),
            &written.headers.response,
            false,
        ),
    })
}

fn translate_rewrite(site: Site<'_>, at: &Path<'_>, written: &document::Rewrite) -> Rewrite {
    let regex = written.uri_regex_rewrite.as_ref();
    if !written.uri.is_empty() && regex.is_some() {
        site.check.refuse_with(at, "rewrite may only contain one of URI or UriRegexRewrite", "keep one");
    }
    if written.uri.is_empty() && regex.is_none() && written.authority.is_empty() {
        let reason = "rewrite must specify at least one of URI, UriRegexRewrite, or authority";
        site.check.refuse_with(at, reason, "write one, or remove rewrite");
    }
    Rewrite {
        path: text(&written.uri),
        path_regex: regex.and_then(|regex| regex_rewrite(site, &at.field("uriRegexRewrite"), regex)),
        authority: text(&written.authority)
            .filter(|authority| is_authority(site, &at.field("authority"), authority)),
    }
}

fn regex_rewrite(site: Site<'_>, at: &Path<'_>, written: &document::RegexRewrite) -> Option<RegexRewrite> {
    if written.pattern.is_empty() || written.rewrite.is_empty() {
        site.check.refuse(at, "UriRegexRewrite requires both Rewrite and Match fields to be specified");
        return None;
    }
    let matching = at.field("match");
    // The bounds on size are those of matches, though here the pattern need not cover the whole path.
    site.check.accept(&matching, crate::model::Pattern::parse(&written.pattern))?;
    let pattern = site.check.accept(&matching, regex::Regex::new(&written.pattern))?;
    Some(RegexRewrite { pattern, replacement: replacement(&written.rewrite).into() })
}

/// RE2's replacement syntax in the regex crate's: `\1` becomes `${1}`, `\\` a backslash, `$` itself.
fn replacement(written: &str) -> String {
    let mut text = String::with_capacity(written.len() + 8);
    let mut rest = written.chars();
    while let Some(c) = rest.next() {
        match c {
            '$' => text.push_str("$$"),
            '\\' => match rest.next() {
                Some(digit) if digit.is_ascii_digit() => text.extend(["${", &digit.to_string(), "}"]),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text
}

fn translate_redirect(site: Site<'_>, at: &Path<'_>, written: &document::Redirect) -> Option<Redirect> {
    let check = site.check;
    if !written.uri.is_empty() && !written.prefix_rewrite.is_empty() {
        check.refuse_with(at, "redirect may only specify one of uri or prefix_rewrite", "keep one");
    }
    let is_empty = [&written.uri, &written.prefix_rewrite, &written.authority, &written.scheme];
    if is_empty.iter().all(|text| text.is_empty()) && written.port.is_none() && written.derive_port.is_none()
    {
        check.refuse(at, "redirect must specify URI, authority, scheme, or port");
    }
    if !matches!(written.scheme.as_str(), "" | "http" | "https") {
        let reason = format!("redirect scheme {:?} is not supported", written.scheme);
        check.refuse_with(&at.field("scheme"), reason, "use http or https");
    }
    let code = written.redirect_code.unwrap_or(301);
    if !matches!(code, 301..=303 | 307 | 308) {
        let reason = format!("{code} is not a valid redirect code, must be 3xx");
        check.refuse_with(&at.field("redirectCode"), reason, "use 301, 302, 303, 307 or 308");
    }
    let port = match (written.port, written.derive_port) {
        (Some(number), _) => RedirectPort::Number(site.port(&at.field("port"), number)?),
        (None, Some(document::DerivePort::FromProtocolDefault)) => RedirectPort::OfScheme,
        (None, Some(document::DerivePort::FromRequestPort)) => RedirectPort::OfListener,
        (None, None) => RedirectPort::Keep,
    };
    Some(Redirect {
        status: u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok())?,
        scheme: text(&written.scheme),
        authority: text(&written.authority)
            .filter(|authority| is_authority(site, &at.field("authority"), authority)),
        port,
        path: text(&written.uri).filter(|path| is_header_text(site, &at.field("uri"), path)),
        prefix: text(&written.prefix_rewrite)
            .filter(|path| is_header_text(site, &at.field("prefixRewrite"), path)),
    })
}

fn translate_fault(site: Site<'_>, at: &Path<'_>, written: &document::FaultInjection) -> Injection {
    if written.delay.is_none() && written.abort.is_none() {
        site.check.refuse(at, "HTTP fault injection must have an abort and/or a delay");
    }
    let delay = written.delay.as_ref();
    let abort = written.abort.as_ref();
    Injection {
        delay: delay.and_then(|delay| translate_delay(site, &at.field("delay"), delay)),
        abort: abort.and_then(|abort| translate_abort(site, &at.field("abort"), abort)),
    }
}

fn translate_delay(site: Site<'_>, at: &Path<'_>, written: &document::Delay) -> Option<Delay> {
    let Some(lasting) = written.fixed_delay else {
        site.check.refuse_with(at, "fixedDelay is missing", "write fixedDelay: 2s");
        return None;
    };
    at_least_1ms(site, &at.field("fixedDelay"), lasting);
    Some(Delay { lasting, share: share(site, at, written.percentage)? })
}

fn translate_abort(site: Site<'_>, at: &Path<'_>, written: &document::Abort) -> Option<Abort> {
    let share = share(site, at, written.percentage)?;
    let status = match (written.http_status, &written.grpc_status) {
        (Some(_), Some(_)) => {
            site.check.refuse_with(at, "httpStatus and grpcStatus exclude one another", "keep one");
            return None;
        }
        (Some(code), None) => {
            let code = u32::try_from(code).unwrap_or_default();
            AbortStatus::Http(status(site, &at.field("httpStatus"), code)?)
        }
        (None, Some(name)) => AbortStatus::Grpc(grpc_status(site, &at.field("grpcStatus"), name)?),
        (None, None) => {
            site.check.warn(at, "abort configured, but error type not set", "write httpStatus: 503");
            return None;
        }
    };
    Some(Abort { status, share })
}

fn share(site: Site<'_>, at: &Path<'_>, written: Option<document::Percent>) -> Option<Share> {
    let percent = written.unwrap_or_default().0;
    if written.is_none() {
        site.check.warn(at, "without a percentage this never happens", "write percentage: {value: 100}");
    }
    let share = Share::from_percent(percent);
    if share.is_none() {
        let reason = format!("percentage {percent} is neither 0.0, nor in range [0.0001, 100.0]");
        site.check.refuse(&at.field("percentage"), reason);
    }
    share
}

/// The gRPC statuses by number.
const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn grpc_status(site: Site<'_>, at: &Path<'_>, name: &str) -> Option<u8> {
    let number = (0..).zip(GRPC).find(|(_, known)| *known == name).map(|(number, _)| number);
    if number.is_none() {
        let reason = format!("gRPC status {name:?} is not supported");
        site.check.refuse_with(at, reason, "write its canonical name, such as UNAVAILABLE");
    }
    number
}

fn status(site: Site<'_>, at: &Path<'_>, code: u32) -> Option<StatusCode> {
    let status = u16::try_from(code).ok().filter(|code| (200..600).contains(code));
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    if status.is_none() {
        site.check.refuse(at, format!("HTTP status {code} is not in range 200-599"));
    }
    status
}

fn at_least_1ms(site: Site<'_>, at: &Path<'_>, duration: Duration) -> bool {
    let (is_zero, is_long) = (duration.is_zero(), duration >= Duration::from_millis(1));
    if !is_zero && !is_long {
        site.check.refuse(at, "duration must be greater than 1ms");
    }
    is_long
}

fn is_authority(site: Site<'_>, at: &Path<'_>, text: &str) -> bool {
    let is = text.parse::<http::uri::Authority>().is_ok();
    if !is {
        site.check.refuse_with(at, format!("{text:?} is not a host"), "write a name, and perhaps :port");
    }
    is
}

fn is_header_text(site: Site<'_>, at: &Path<'_>, text: &str) -> bool {
    let is = http::HeaderValue::from_str(text).is_ok();
    if !is {
        site.check.refuse(at, format!("{text:?} cannot be sent in a header"));
    }
    is
}

fn text(written: &str) -> Option<Box<str>> {
    Some(written).filter(|text| !text.is_empty()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::replacement;

    #[test]
    fn groups_of_re2_become_groups_of_regex() {
        assert_eq!(replacement(r"/v1/\1/$x\\"), r"/v1/${1}/$$x\");
    }
}
