//! The secrets that Gateways take their certificates from.

use super::{
    documents::{All, Documents},
    subject::{SPEC, Subject},
    workloads::Workloads,
};
use crate::{
    dialect::codes::{Finding, INVALID_CREDENTIAL, UNKNOWN_REFERENCE},
    document::{Fault, Gateway, Secret, Server, ServerTls, ServerTlsMode},
    model::Labels,
};
use std::collections::{BTreeSet, HashMap};

/// Where Istio's own gateways run.
const ISTIO: &str = "istio-system";

/// The keys that a server's secret has, in one of two spellings.
const SERVER: [[&str; 2]; 2] = [["tls.crt", "tls.key"], ["cert", "key"]];

/// The keys of the authorities that clients' certificates come from.
const AUTHORITIES: [&str; 2] = ["ca.crt", "cacert"];

type Secrets<'s> = HashMap<(&'s str, &'s str), &'s Secret>;

/// Checks that the secrets of Gateways are there, and hold a certificate and its key.
pub(super) fn check(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    let secrets = by_name(&documents.secrets);
    let holds_certificate = |secret: &&Secret| SERVER.iter().any(|keys| has_all(secret, keys));
    if !secrets.values().any(holds_certificate) {
        // Whoever keeps certificates elsewhere keeps all of them there.
        return;
    }
    for (subject, written) in &documents.gateways {
        let namespaces = namespaces(subject, &written.selector, &documents.workloads);
        let find = |name: &str| {
            let found = namespaces.iter().find_map(|namespace| secrets.get(&(*namespace, name)));
            found.copied()
        };
        check_gateway(subject, written, &namespaces, find, faults);
    }
}

fn by_name<'s>(secrets: &'s All<'_, Secret>) -> Secrets<'s> {
    let name = |(subject, secret): &'s (Subject<'_>, &'s Secret)| {
        let metadata = subject.metadata();
        ((metadata.namespace.as_str(), metadata.name.as_str()), *secret)
    };
    secrets.iter().map(name).collect()
}

/// Where the workloads of a Gateway may run, which read secrets of their own namespace.
fn namespaces<'n>(subject: &Subject<'n>, selector: &Labels, workloads: &Workloads<'n>) -> BTreeSet<&'n str> {
    let mut found: BTreeSet<_> =
        workloads.selected_anywhere(selector).map(|workload| workload.subject.namespace()).collect();
    if found.is_empty() {
        found.insert(subject.namespace());
        if is_istios(selector) {
            found.insert(ISTIO);
        }
    }
    found
}

/// Whether a selector is for the gateways that come with Istio.
pub(super) fn is_istios(selector: &Labels) -> bool {
    let values = ["ingressgateway", "egressgateway", "istio-ingressgateway", "istio-egressgateway"];
    selector.is_empty() || selector.values().any(|value| values.contains(&value.as_str()))
}

fn check_gateway<'s>(
    subject: &Subject<'_>,
    written: &Gateway,
    namespaces: &BTreeSet<&str>,
    find: impl Fn(&str) -> Option<&'s Secret>,
    faults: &mut Vec<Fault>,
) {
    let at = SPEC.field("servers");
    for (index, Server { tls, .. }) in written.servers.iter().enumerate() {
        let Some(tls) = tls else { continue };
        let at = at.index(index);
        let at = at.field("tls");
        let several = tls.credential_names.iter().map(|name| (name, "credentialNames"));
        for (name, field) in [(&tls.credential_name, "credentialName")].into_iter().chain(several) {
            let finding = match (name.as_str(), find(name)) {
                ("", _) => continue,
                // Where to find it is not a name: `file:///etc/certs`.
                (name, None) if name.contains("://") => continue,
                (name, None) => unknown(name, namespaces),
                (name, Some(secret)) => match missing(name, secret, tls, &find) {
                    Some(reason) => INVALID_CREDENTIAL.because(reason, "add it to the secret"),
                    None => continue,
                },
            };
            faults.push(subject.fault(&at.field(field), finding));
        }
    }
}

fn unknown(name: &str, namespaces: &BTreeSet<&str>) -> Finding {
    let namespaces: Vec<_> = namespaces.iter().copied().collect();
    let reason =
        format!("referenced credentialName not found: {name:?}, in namespace {}", namespaces.join(" or "));
    UNKNOWN_REFERENCE.because(reason, "correct the name, or add the secret where the gateway's workloads run")
}

/// What a secret lacks; only the names of its keys are known.
fn missing<'s>(
    name: &str,
    secret: &Secret,
    tls: &ServerTls,
    find: impl Fn(&str) -> Option<&'s Secret>,
) -> Option<String> {
    if secret.keys.is_empty() {
        // Somebody else fills it in.
        return None;
    }
    if !SERVER.iter().any(|keys| has_all(secret, keys)) {
        return Some(format!("the secret {name} has no tls.crt and tls.key"));
    }
    let asks_clients = matches!(tls.mode, ServerTlsMode::Mutual | ServerTlsMode::OptionalMutual);
    let has_authorities = |secret: &Secret| AUTHORITIES.iter().any(|key| secret.keys.contains(*key));
    let lacks_authorities = asks_clients
        && tls.ca_cert_credential_name.is_empty()
        && !has_authorities(secret)
        && !find(&format!("{name}-cacert")).is_some_and(has_authorities);
    lacks_authorities.then(|| format!("the secret {name} has no ca.crt to check clients' certificates by"))
}

fn has_all(secret: &Secret, keys: &[&str]) -> bool {
    keys.iter().all(|key| secret.keys.contains(*key))
}
