//! `Policy` and `MeshPolicy` of 2019: they are checked, and have no effect yet.

use super::{Meaning, Site, names::is_label};
use crate::{
    document::{Jwt, Path, PathRule, Peer, Policy, StringMatch, TargetedPort},
    model::Pattern,
};

pub(super) fn translate(site: Site<'_>, written: &Policy) -> Option<Meaning> {
    check_name(site, written);
    check_targets(site, written);
    let (peers_at, origins_at) = (site.spec.field("peers"), site.spec.field("origins"));
    let mut issuers = Vec::new();
    for (index, peer) in written.peers.iter().enumerate() {
        if let Peer::Jwt(jwt) = peer {
            check_jwt(site, &peers_at.index(index).field("jwt"), jwt, &mut issuers);
        }
    }
    for (index, jwt) in written.origins.iter().enumerate() {
        check_jwt(site, &origins_at.index(index).field("jwt"), jwt, &mut issuers);
    }
    site.later(
        site.spec,
        &[
            ("peers", !written.peers.is_empty()),
            ("peerIsOptional", written.peer_is_optional),
            ("origins", !written.origins.is_empty()),
            ("originIsOptional", written.origin_is_optional),
            ("principalBinding", written.principal_binding != Default::default()),
        ],
    );
    Some(Meaning::Nothing)
}

/// One that is for everything is called `default`, and only that one.
fn check_name(site: Site<'_>, written: &Policy) {
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

fn check_targets(site: Site<'_>, written: &Policy) {
    let at = site.spec.field("targets");
    for (index, target) in written.targets.iter().enumerate() {
        let at = at.index(index);
        if !is_label(&target.name) {
            let reason = format!("target name {:?} must be a valid label", target.name);
            site.check.refuse_with(&at.field("name"), reason, "write the service's short name");
        }
        let ports_at = at.field("ports");
        for (index, port) in target.ports.iter().enumerate() {
            let at = ports_at.index(index);
            match port {
                TargetedPort::Number(number) => {
                    site.port(&at.field("number"), *number);
                }
                TargetedPort::Name(name) => site.port_name(&at.field("name"), name),
            }
        }
    }
}

fn check_jwt<'a>(site: Site<'_>, at: &Path<'_>, jwt: &'a Jwt, issuers: &mut Vec<&'a str>) {
    let issuer_at = at.field("issuer");
    if jwt.issuer.is_empty() {
        site.check.refuse_with(at, "issuer must be set", "write issuer: https://…");
    } else if issuers.contains(&jwt.issuer.as_str()) {
        let reason = format!("jwt with issuer {:?} already defined", jwt.issuer);
        site.check.refuse_with(&issuer_at, reason, "name each issuer once");
    }
    issuers.push(&jwt.issuer);
    for (field, names, reason) in [
        ("audiences", &jwt.audiences, "audience must be non-empty string"),
        ("jwtHeaders", &jwt.jwt_headers, "location header must be non-empty string"),
        ("jwtParams", &jwt.jwt_params, "location query must be non-empty string"),
    ] {
        let at = at.field(field);
        for (index, _) in names.iter().enumerate().filter(|(_, name)| name.is_empty()) {
            site.check.refuse(&at.index(index), reason);
        }
    }
    let uri = jwt.jwks_uri.as_str();
    if !uri.is_empty() && !uri.starts_with("http://") && !uri.starts_with("https://") {
        let reason = format!("URI scheme is not http or https: {uri:?}");
        site.check.refuse_with(&at.field("jwksUri"), reason, "write https://…");
    }
    let rules_at = at.field("triggerRules");
    for (index, rule) in jwt.trigger_rules.iter().enumerate() {
        let at = rules_at.index(index);
        for (field, paths) in
            [("excludedPaths", &rule.excluded_paths), ("includedPaths", &rule.included_paths)]
        {
            let at = at.field(field);
            for (index, path) in paths.iter().enumerate() {
                check_path(site, &at.index(index), path);
            }
        }
    }
}

fn check_path(site: Site<'_>, at: &Path<'_>, path: &PathRule) {
    match path {
        PathRule::Match(StringMatch::Regex(source)) => {
            site.check.accept(at, Pattern::parse(source));
        }
        PathRule::Match(StringMatch::Present) => {
            site.check.refuse_with(at, "nothing to compare with", "write exact, prefix, suffix or regex");
        }
        PathRule::Match(_) | PathRule::Suffix(_) => {}
    }
}
