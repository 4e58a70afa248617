//! `Policy` and `MeshPolicy` of 2019 → what is asked of the requests to some services.

use super::{Meaning, Site, names::is_label};
use crate::{
    document::{self, Jwt, Path, Peer, PeerTlsMode, StringMatch, TargetedPort},
    model::{
        KeySource, Origin, PathRule, Pattern, PeerDemand, Policy, PolicyPort, PolicyScope, PolicyTarget,
        PrincipalBinding, TokenPlace, TokenRule, Trigger,
    },
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::sync::Arc;

pub(super) fn translate(site: Site<'_>, written: &document::Policy) -> Option<Meaning> {
    check_name(site, written);
    let scope = scope(site, written);
    let (peers_at, origins_at) = (site.spec.field("peers"), site.spec.field("origins"));
    let mut issuers = Vec::new();
    for (index, peer) in written.peers.iter().enumerate() {
        let at = peers_at.index(index);
        match peer {
            // It is ignored, as in Istio, and has to be right all the same.
            Peer::Jwt(jwt) => drop(origin(site, &at.field("jwt"), jwt, &mut issuers)),
            // Whoever has no certificate is a stranger, and plain text would let strangers in for less.
            Peer::Mtls(tls) => site.later(&at.field("mtls"), &[("allowTls", tls.allow_tls)]),
            Peer::Nothing => {}
        }
    }
    let mut origins = Vec::with_capacity(written.origins.len());
    for (index, jwt) in written.origins.iter().enumerate() {
        let at = origins_at.index(index);
        origins.extend(origin(site, &at.field("jwt"), jwt, &mut issuers));
    }
    Some(Meaning::Policy(Arc::new(Policy {
        name: site.name(),
        scope,
        peers: peers(&written.peers),
        peer_is_optional: written.peer_is_optional,
        origins,
        origin_is_optional: written.origin_is_optional,
        binding: match written.principal_binding {
            document::PrincipalBinding::UsePeer => PrincipalBinding::Peer,
            document::PrincipalBinding::UseOrigin => PrincipalBinding::Origin,
        },
    })))
}

/// A Policy by which nobody gets in, in the place of this one.
pub(super) fn closed(site: Site<'_>, written: &document::Policy, knows_targets: bool) -> Policy {
    let namespace = site.namespace();
    let scope = match scope(site, written) {
        PolicyScope::Services(..) if !knows_targets => PolicyScope::Namespace(namespace),
        scope => scope,
    };
    let rule = TokenRule {
        issuer: None,
        audiences: Vec::new(),
        keys: KeySource::Unknown,
        places: TokenRule::usual_places(),
        payload_header: None,
        claim_headers: Vec::new(),
        forwards: true,
        lists: Vec::new(),
    };
    Policy {
        name: site.name(),
        scope,
        peers: Some(PeerDemand { takes_plain_text: false, takes_anonymous_tls: false }),
        peer_is_optional: false,
        origins: vec![Origin { rule: Arc::new(rule), triggers: Vec::new() }],
        origin_is_optional: false,
        binding: PrincipalBinding::Origin,
    }
}

/// The first way of mutual TLS that is written. Tokens of workloads are ignored, as in Istio.
fn peers(written: &[Peer]) -> Option<PeerDemand> {
    written.iter().find_map(|peer| match peer {
        Peer::Mtls(tls) => Some(PeerDemand {
            takes_plain_text: tls.mode == PeerTlsMode::Permissive,
            takes_anonymous_tls: tls.allow_tls,
        }),
        Peer::Nothing | Peer::Jwt(_) => None,
    })
}

fn origin<'a>(site: Site<'_>, at: &Path<'_>, jwt: &'a Jwt, issuers: &mut Vec<&'a str>) -> Option<Origin> {
    check_jwt(site, at, jwt, issuers);
    let issuer = site.issuer(at, &jwt.issuer);
    if jwt.issuer.name.is_empty() {
        return None;
    }
    let headers_at = at.field("jwtHeaders");
    let header = |(index, name): (usize, &String)| {
        let name = Some(name).filter(|name| !name.is_empty())?;
        Some(TokenPlace::Header { name: site.header_name(&headers_at.index(index), name)?, prefix: None })
    };
    let headers = jwt.jwt_headers.iter().enumerate().filter_map(header);
    let params = jwt.jwt_params.iter().map(|name| TokenPlace::Parameter(name.as_str().into()));
    let places: Vec<_> = headers.chain(params).collect();
    let rule = TokenRule {
        issuer: issuer.name,
        audiences: issuer.audiences,
        keys: site.key_source(at, &jwt.issuer, TokenRule::TIMEOUT),
        places: if places.is_empty() { TokenRule::usual_places() } else { places },
        payload_header: site.header_name(at, &payload_header(&jwt.issuer.name)),
        claim_headers: Vec::new(),
        forwards: true,
        lists: TokenRule::LISTS.map(Into::into).into(),
    };
    let rules_at = at.field("triggerRules");
    let trigger = |(index, written): (usize, &document::TriggerRule)| {
        let at = rules_at.index(index);
        Trigger {
            excluded: paths(site, &at.field("excludedPaths"), &written.excluded_paths),
            included: paths(site, &at.field("includedPaths"), &written.included_paths),
        }
    };
    let triggers = jwt.trigger_rules.iter().enumerate().map(trigger).collect();
    Some(Origin { rule: Arc::new(rule), triggers })
}

/// The header in which the mesh of 2019 told a service what a token of an issuer says.
fn payload_header(issuer: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, issuer.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("istio-sec-{hex}")
}

/// The services that it is for.
fn scope(site: Site<'_>, written: &document::Policy) -> PolicyScope {
    let targets = targets(site, &written.targets);
    match (site.metadata.namespace.as_str(), written.targets.is_empty()) {
        ("", _) => PolicyScope::Mesh,
        (namespace, true) => PolicyScope::Namespace(namespace.into()),
        (namespace, false) => PolicyScope::Services(namespace.into(), targets),
    }
}

/// One that is for everything is called `default`, and only that one.
fn check_name(site: Site<'_>, written: &document::Policy) {
    let name_at = Path::Root.field("metadata");
    let (name_at, name) = (name_at.field("name"), &site.metadata.name);
    let is_of_mesh = site.metadata.namespace.is_empty();
    let targets_at = site.spec.field("targets");
    if is_of_mesh && !written.targets.is_empty() {
        site.check.refuse_with(&targets_at, "a MeshPolicy cannot have targets", "write a Policy");
    } else if name == "default" && !written.targets.is_empty() {
        let reason = "authentication policy with name \"default\" cannot have targets";
        site.check.refuse_with(&targets_at, reason, "give it another name");
    }
    if name != "default" && (is_of_mesh || written.targets.is_empty()) {
        let reason =
            format!("authentication policy with no target rules  must be named \"default\", found {name:?}");
        site.check.refuse_with(&name_at, reason, "name it default, or write targets");
    }
}

fn targets(site: Site<'_>, written: &[document::Target]) -> Vec<PolicyTarget> {
    let at = site.spec.field("targets");
    let target = |(index, target): (usize, &document::Target)| {
        let at = at.index(index);
        if !is_label(&target.name) {
            let reason = format!("target name {:?} must be a valid label", target.name);
            site.check.refuse_with(&at.field("name"), reason, "write the service's short name");
            return None;
        }
        let ports_at = at.field("ports");
        let ports = target.ports.iter().enumerate();
        let ports = ports.filter_map(|(index, port)| targeted_port(site, &ports_at.index(index), port));
        let ports = ports.collect();
        // Without a namespace it is the MeshPolicy, which has no targets.
        let is_namespaced = !site.metadata.namespace.is_empty();
        let service = is_namespaced.then(|| site.host(&at.field("name"), &target.name)).flatten()?;
        Some(PolicyTarget { service, ports })
    };
    written.iter().enumerate().filter_map(target).collect()
}

fn targeted_port(site: Site<'_>, at: &Path<'_>, port: &TargetedPort) -> Option<PolicyPort> {
    match port {
        TargetedPort::Number(number) => site.port(&at.field("number"), *number).map(PolicyPort::Number),
        TargetedPort::Name(name) => {
            site.port_name(&at.field("name"), name);
            Some(PolicyPort::Name(name.as_str().into()))
        }
    }
}

fn check_jwt<'a>(site: Site<'_>, at: &Path<'_>, jwt: &'a Jwt, issuers: &mut Vec<&'a str>) {
    let issuer_at = at.field("issuer");
    let issuer = jwt.issuer.name.as_str();
    if issuer.is_empty() {
        site.check.refuse_with(at, "issuer must be set", "write issuer: https://…");
    } else if issuers.contains(&issuer) {
        let reason = format!("jwt with issuer {issuer:?} already defined");
        site.check.refuse_with(&issuer_at, reason, "name each issuer once");
    }
    issuers.push(issuer);
    for (field, names, reason) in [
        ("jwtHeaders", &jwt.jwt_headers, "location header must be non-empty string"),
        ("jwtParams", &jwt.jwt_params, "location query must be non-empty string"),
    ] {
        site.named(&at.field(field), names, reason);
    }
}

/// Comparisons with a path.
fn paths(site: Site<'_>, at: &Path<'_>, written: &[document::PathRule]) -> Vec<PathRule> {
    let path = |(index, path): (usize, &document::PathRule)| {
        let at = at.index(index);
        Some(match path {
            document::PathRule::Suffix(text) => PathRule::Suffix(text.as_str().into()),
            document::PathRule::Match(StringMatch::Exact(text)) => PathRule::Exact(text.as_str().into()),
            document::PathRule::Match(StringMatch::Prefix(text)) => PathRule::Prefix(text.as_str().into()),
            document::PathRule::Match(StringMatch::Regex(source)) => {
                PathRule::Regex(site.check.accept(&at, Pattern::parse(source))?)
            }
            document::PathRule::Match(StringMatch::Present) => {
                let remedy = "write exact, prefix, suffix or regex";
                site.check.refuse_with(&at, "nothing to compare with", remedy);
                return None;
            }
        })
    };
    written.iter().enumerate().filter_map(path).collect()
}
