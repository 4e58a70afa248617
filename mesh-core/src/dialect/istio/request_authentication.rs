//! `RequestAuthentication` → which tokens are good.

use super::{Meaning, Site, policy_target::workloads};
use crate::{
    document::{self, Path},
    model::{ClaimHeader, KeySource, RequestAuthentication, TokenPlace, TokenRule},
};
use std::sync::Arc;

/// The annotation for policies that are only tried.
const DRY_RUN: &str = "istio.io/dry-run";

pub(super) fn translate(site: Site<'_>, written: &document::RequestAuthentication) -> Option<Meaning> {
    if site.metadata.annotations.contains_key(DRY_RUN) {
        let (namespace, name) = (&site.metadata.namespace, &site.metadata.name);
        let reason =
            format!("{namespace}/{name} has unsupported annotation {DRY_RUN}, please remove the annotation");
        let annotations_at = Path::Root.field("metadata");
        site.check.refuse(&annotations_at.field("annotations").key(DRY_RUN), reason);
    }
    let (selector, targets) = (written.selector.as_ref(), &written.target_refs);
    let workloads = workloads(site, selector, written.target_ref.as_ref(), targets);
    let rules_at = site.spec.field("jwtRules");
    let rules = written.jwt_rules.iter().enumerate();
    let rules: Vec<_> =
        rules.filter_map(|(index, written)| rule(site, &rules_at.index(index), written)).collect();
    let Some(workloads) = workloads else { return Some(Meaning::Nothing) };
    Some(Meaning::Tokens(Arc::new(RequestAuthentication {
        namespace: site.namespace(),
        name: site.name(),
        workloads,
        rules,
    })))
}

fn rule(site: Site<'_>, at: &Path<'_>, written: &document::JwtRule) -> Option<Arc<TokenRule>> {
    if written.issuer.name.is_empty() && written.issuer.jwks_uri.is_empty() {
        site.check.refuse_with(at, "issuer or jwksUri must be non-empty string", "write issuer: https://…");
        return None;
    }
    Some(Arc::new(read(site, at, written)))
}

/// Rules by which no token is good, in the place of these: they look where these do, and where tokens usually are, and
/// keep clients from saying what these would tell the service.
pub(super) fn closed(site: Site<'_>, written: &document::RequestAuthentication) -> Vec<Arc<TokenRule>> {
    let usual = document::JwtRule::default();
    let written = written.jwt_rules.iter().chain([&usual]).map(|written| {
        let rule = read(site, site.spec, written);
        Arc::new(TokenRule { issuer: None, audiences: Vec::new(), keys: KeySource::Unknown, ..rule })
    });
    written.collect()
}

fn read(site: Site<'_>, at: &Path<'_>, written: &document::JwtRule) -> TokenRule {
    let issuer = site.issuer(at, &written.issuer);
    let lists = &written.space_delimited_claims;
    site.named(&at.field("spaceDelimitedClaims"), lists, "claim must be non-empty string");
    site.maybe_duration(at, "timeout", written.timeout);
    let timeout = written.timeout.unwrap_or(TokenRule::TIMEOUT);
    let payload_header = Some(written.output_payload_to_header.as_str()).filter(|name| !name.is_empty());
    TokenRule {
        issuer: issuer.name,
        audiences: issuer.audiences,
        keys: site.key_source(at, &written.issuer, timeout),
        places: places(site, at, written),
        payload_header: payload_header
            .and_then(|name| site.header_name(&at.field("outputPayloadToHeader"), name)),
        claim_headers: claim_headers(site, &at.field("outputClaimToHeaders"), written),
        forwards: written.forward_original_token,
        lists: TokenRule::LISTS.into_iter().chain(lists.iter().map(String::as_str)).map(Into::into).collect(),
    }
}

/// Where tokens are looked for: where it is written, or where it is usual if nothing is.
fn places(site: Site<'_>, at: &Path<'_>, written: &document::JwtRule) -> Vec<TokenPlace> {
    let (params, cookies) = (&written.from_params, &written.from_cookies);
    site.named(&at.field("fromParams"), params, "location query must be non-empty string");
    site.named(&at.field("fromCookies"), cookies, "cookie name must be non-empty string");
    let headers_at = at.field("fromHeaders");
    let header = |(index, header): (usize, &document::JwtHeader)| {
        let at = headers_at.index(index);
        let at = at.field("name");
        if header.name.is_empty() {
            site.check.refuse(&at, "location header name must be non-empty string");
            return None;
        }
        let prefix = Some(header.prefix.as_str()).filter(|prefix| !prefix.is_empty()).map(Into::into);
        Some(TokenPlace::Header { name: site.header_name(&at, &header.name)?, prefix })
    };
    let headers = written.from_headers.iter().enumerate().filter_map(header);
    let params = params.iter().map(|name| TokenPlace::Parameter(name.as_str().into()));
    let cookies = cookies.iter().map(|name| TokenPlace::Cookie(name.as_str().into()));
    let places: Vec<_> = headers.chain(params).chain(cookies).collect();
    if places.is_empty() { TokenRule::usual_places() } else { places }
}

fn claim_headers(site: Site<'_>, at: &Path<'_>, written: &document::JwtRule) -> Vec<ClaimHeader> {
    let told = |(index, told): (usize, &document::ClaimToHeader)| {
        let at = at.index(index);
        if told.header.is_empty() || told.claim.is_empty() {
            let reason = "outputClaimToHeaders header and claim value must be non-empty string";
            site.check.refuse_with(&at, reason, "write header: … and claim: …");
            return None;
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !told.header.bytes().all(is_plain) {
            let reason =
                format!("header {:?} has other characters than letters, digits, - and _", told.header);
            site.check.refuse(&at.field("header"), reason);
            return None;
        }
        let name = site.header_name(&at.field("header"), &told.header)?;
        Some(ClaimHeader { name, claim: told.claim.split('.').map(Into::into).collect() })
    };
    written.output_claim_to_headers.iter().enumerate().filter_map(told).collect()
}
