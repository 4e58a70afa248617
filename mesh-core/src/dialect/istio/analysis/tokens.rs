//! Rules that look at tokens, and where the keys of tokens come from.

use super::{
    documents::Documents,
    registry::Registry,
    subject::{SPEC, Subject},
    workloads::{Workload, has_all},
};
use crate::{
    dialect::{
        codes::{CLAIMS_UNKNOWN, Finding, KEYS_FROM_ANYWHERE},
        istio::http_match::is_claim,
    },
    document::{Fault, Gateway, HttpMatch, Path, VirtualService},
    model::{HostPattern, Labels, Model, UnknownHosts},
};
use http::Uri;
use std::collections::HashMap;

/// Gateways by namespace and name.
type Gateways<'d> = HashMap<(&'d str, &'d str), &'d Gateway>;

/// Checks that tokens are verified where rules look at what they say.
pub(super) fn check_claims(documents: &Documents<'_>, root: &str, faults: &mut Vec<Fault>) {
    let gateways: Gateways<'_> = documents
        .gateways
        .iter()
        .map(|(subject, written)| ((&*subject.metadata().namespace, &*subject.metadata().name), *written))
        .collect();
    for (subject, written) in &documents.virtual_services {
        let Some(place) = first_claim(written) else { continue };
        for name in written.gateways.iter().filter(|name| *name != "mesh") {
            let gateway = subject.gateway(name);
            let found = gateway.and_then(|name| gateways.get(&(&*name.namespace, &*name.name)).copied());
            let Some(gateway) = found else { continue };
            let mut pods = documents.workloads.selected_anywhere(&gateway.selector);
            if let Some(pod) = pods.find(|pod| !is_verified(documents, root, pod)) {
                faults.push(place.fault(subject, claims_unknown(place.key, name, &pod.subject)));
            }
        }
    }
}

/// Where a condition is written: the numbers of its rule and match, and whether it is asked not to hold.
struct Place<'w> {
    rule: usize,
    block: usize,
    field: &'static str,
    key: &'w str,
}

impl Place<'_> {
    fn fault(&self, subject: &Subject<'_>, finding: Finding) -> Fault {
        let at = SPEC.field("http");
        let at = at.index(self.rule);
        let at = at.field("match");
        let at = at.index(self.block);
        let at: Path<'_> = at.field(self.field);
        subject.fault(&at.key(self.key), finding)
    }
}

/// The first claim that rules ask for.
fn first_claim(written: &VirtualService) -> Option<Place<'_>> {
    let blocks = written.http.iter().enumerate().flat_map(|(rule, written)| {
        written.matches.iter().enumerate().map(move |(block, asked)| (rule, block, asked))
    });
    let mut claims = blocks.filter_map(|(rule, block, asked)| {
        let (field, key) = claim_of(asked)?;
        Some(Place { rule, block, field, key })
    });
    claims.next()
}

fn claim_of(asked: &HttpMatch) -> Option<(&'static str, &str)> {
    let with = asked.headers.keys().find(|key| is_claim(key)).map(|key| ("headers", key.as_str()));
    let without = asked.without_headers.keys().find(|key| is_claim(key));
    with.or(without.map(|key| ("withoutHeaders", key.as_str())))
}

/// Whether a RequestAuthentication is for a workload.
fn is_verified(documents: &Documents<'_>, root: &str, pod: &Workload<'_>) -> bool {
    let none = Labels::new();
    documents.tokens.iter().any(|(subject, written)| {
        let is_near = subject.namespace() == root || subject.namespace() == pod.subject.namespace();
        let selector = written.selector.as_ref().map_or(&none, |selector| &selector.match_labels);
        is_near && has_all(&pod.labels, selector)
    })
}

fn claims_unknown(key: &str, gateway: &str, pod: &Subject<'_>) -> Finding {
    let pod = pod.introduction();
    CLAIMS_UNKNOWN.because(
        format!(
            "the virtual service uses the JWT claim based routing (key: {key}) but found no request authentication \
             for the gateway ({gateway}) pod {pod}"
        ),
        "add a RequestAuthentication for the gateway's workloads",
    )
}

/// Checks that keys come from hosts that somebody describes, where any other host may be asked.
pub(super) fn check_keys(
    documents: &Documents<'_>,
    model: &Model,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    if model.unknown_hosts == UnknownHosts::Refuse || !registry.has_services() {
        return;
    }
    for (subject, written) in &documents.tokens {
        let at = SPEC.field("jwtRules");
        for (index, rule) in written.jwt_rules.iter().enumerate() {
            let uri = rule.issuer.jwks_uri.parse::<Uri>().ok();
            let Some(name) = uri.as_ref().and_then(Uri::host) else { continue };
            let host = HostPattern::parse(&subject.full_name(name)).ok();
            let is_known = host.is_some_and(|host| match &host {
                HostPattern::Exact(exact) => {
                    registry.knows(&HostPattern::Exact(registry.full_name(exact).clone()))
                }
                _ => registry.knows(&host),
            });
            if !is_known {
                faults.push(subject.fault(&at.index(index).field("jwksUri"), from_anywhere(name)));
            }
        }
    }
}

fn from_anywhere(host: &str) -> Finding {
    KEYS_FROM_ANYWHERE.because(
        format!("workloads ask {host} for keys, which nobody describes: whoever writes such a document chooses whom they ask"),
        "describe the host in a ServiceEntry, and refuse unknown hosts by outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    )
}
