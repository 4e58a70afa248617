//! One rule for HTTP: what is done with the requests that it matches.

use super::{Site, cors, delegation::Handover, destination, headers, http_match, injection, mirror, retry};
use crate::{
    document::{self, Path},
    model::{Action, Destination, DirectResponse, Redirect, RedirectPort, RegexRewrite, Rewrite, Route},
};
use http::StatusCode;

/// What a rule is read into.
pub(super) enum Translated {
    /// A rule that decides itself.
    Route(Box<Route>),
    /// A rule that hands over.
    Handover(Box<Handover>),
}

/// Reads one rule; `is_delegate`: it belongs to a VirtualService that others hand over to. `own` counts the rules before it
/// that hand over to nobody.
pub(super) fn translate(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::HttpRoute,
    is_delegate: bool,
    own: usize,
) -> Option<Translated> {
    refuse_conflicts(site, at, written, is_delegate);
    if let Some(timeout) = written.timeout {
        site.duration_or_zero(&at.field("timeout"), timeout);
    }
    refuse_two_authorities(site, at, written);
    let headers = at.field("headers");
    let rewrite = written.rewrite.as_ref();
    let rewrite = rewrite.map(|rewrite| translate_rewrite(site, &at.field("rewrite"), rewrite));
    let injection = written.fault.as_ref();
    let injection = injection.map(|fault| injection::translate(site, &at.field("fault"), fault));
    let (retries, cors) = (written.retries.as_ref(), written.cors_policy.as_ref());
    let [request, response] = [&written.headers.request, &written.headers.response];
    let common = Handover {
        after: own,
        to: written.delegate.as_ref().map(|delegate| site.delegate(delegate)).unwrap_or_default(),
        name: written.name.as_str().into(),
        blocks: http_match::translate(site, &at.field("match"), &written.matches),
        rewrite: rewrite.unwrap_or_default(),
        request_headers: headers::translate(site, &headers.field("request"), request, true),
        response_headers: headers::translate(site, &headers.field("response"), response, false),
        timeout: written.timeout.filter(|timeout| !timeout.is_zero()),
        retries: retries.map(|retries| retry::translate(site, &at.field("retries"), retries)),
        mirrors: mirror::translate(site, at, written),
        cors: cors.map(|policy| cors::translate(site, &at.field("corsPolicy"), policy).into()),
        injection: injection.unwrap_or_default(),
    };
    if written.delegate.is_some() {
        return Some(Translated::Handover(Box::new(common)));
    }
    let action = action(site, at, written)?;
    Some(Translated::Route(Box::new(common.into_route(site.check.line(at), action))))
}

fn refuse_conflicts(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute, is_delegate: bool) {
    match &written.delegate {
        Some(_) if is_delegate => {
            let reason = "delegate HTTP route cannot contain delegate";
            site.check.refuse_with(&at.field("delegate"), reason, "hand over once only");
        }
        Some(delegate) => return check_delegation(site, at, written, delegate),
        None => {}
    }
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

/// A rule that hands over decides nothing itself.
fn check_delegation(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::HttpRoute,
    delegate: &document::Delegate,
) {
    for (is_written, field) in
        [(written.redirect.is_some(), "redirect"), (!written.route.is_empty(), "route")]
    {
        if is_written {
            let reason = format!("root HTTP route {} must not specify {field}", written.name);
            site.check.refuse_with(&at.field(field), reason, "move it to the delegate");
        }
    }
    let at = at.field("delegate");
    if delegate.name.is_empty() {
        site.check.refuse_with(&at, "delegate name is missing", "name a VirtualService");
    }
}

/// Refuses several places that say what the authority becomes.
fn refuse_two_authorities(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) {
    let request = &written.headers.request;
    let of_headers = request.set.iter().chain(&request.add);
    let of_headers = of_headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority"))
        .map(|(_, value)| value);
    let rewritten = written.rewrite.as_ref().map(|rewrite| &rewrite.authority);
    let mut all = rewritten.into_iter().chain(of_headers).filter(|authority| !authority.is_empty());
    if let (Some(first), Some(second)) = (all.next(), all.next()) {
        let reason = format!(
            "authority header cannot be set multiple times: have {first:?}, attempting to set {second:?}"
        );
        site.check.refuse_with(&at.field("headers"), reason, "keep one");
    }
}

fn action(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) -> Option<Action> {
    if let Some(redirect) = &written.redirect {
        refuse_prefix_without_prefix(site, at, written, redirect);
        return translate_redirect(site, &at.field("redirect"), redirect).map(Action::Redirect);
    }
    if let Some(response) = &written.direct_response {
        let status_at = at.field("directResponse");
        check_size(site, &status_at.field("body"), response.body.len());
        let status = status(site, &status_at.field("status"), response.status)?;
        return Some(Action::Respond(DirectResponse { status, body: response.body.clone().into() }));
    }
    if written.route.is_empty() {
        let reason = "HTTP route, redirect or direct_response is required";
        let remedy = "say where matching requests go: route: [{destination: {host: …}}]";
        site.check.refuse_with(at, reason, remedy);
        return None;
    }
    destinations(site, &at.field("route"), &written.route).map(Action::Forward)
}

/// Refuses a body that would slow down whoever reads the documents.
fn check_size(site: Site<'_>, at: &Path<'_>, bytes: usize) {
    let reason = "large direct_responses may impact control plane performance";
    if bytes > 1 << 20 {
        site.check.refuse_with(at, format!("{reason}, must be less than 1MB"), "serve it from a service");
    } else if bytes > 100 << 10 {
        site.check.warn(at, reason, "serve it from a service");
    }
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
    // A wildcard is the name of a service that a ServiceEntry has for it.
    if to.host.contains('*') && !to.host.starts_with("*.") {
        let host_at = path.field("host");
        site.check.refuse_with(&host_at, format!("invalid destination host {}", to.host), "name one service");
        return None;
    }
    let (host, subset, port) = destination::translate(site, &path, to)?;
    if written.weight < 0 {
        site.check.refuse(&at.field("weight"), format!("weight {} < 0", written.weight));
    }
    let headers = at.field("headers");
    Some(Destination {
        host,
        subset,
        port,
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

/// Refuses to replace a matched prefix where something else is matched.
fn refuse_prefix_without_prefix(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::HttpRoute,
    redirect: &document::Redirect,
) {
    let is_other = |block: &document::HttpMatch| {
        block.uri.as_ref().is_some_and(|uri| !matches!(uri, document::StringMatch::Prefix(_)))
    };
    if !redirect.prefix_rewrite.is_empty() && written.matches.iter().any(is_other) {
        let reason = "redirect prefix_rewrite requires every uri match to be a prefix";
        site.check.refuse_with(
            &at.field("redirect").field("prefixRewrite"),
            reason,
            "write uri, or match a prefix",
        );
    }
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

/// Reads a status that an answer may have.
pub(super) fn status(site: Site<'_>, at: &Path<'_>, code: u32) -> Option<StatusCode> {
    let status = u16::try_from(code).ok().filter(|code| (200..600).contains(code));
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    if status.is_none() {
        site.check.refuse(at, format!("HTTP status {code} is not in range 200-599"));
    }
    status
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
