//! Certificates that several Gateways serve.

use super::{
    documents::All,
    subject::{MOST_NAMED, SPEC},
    workloads::has_all,
};
use crate::{
    dialect::codes::SHARED_CERTIFICATE,
    document::{Fault, Gateway, ServerTls},
};
use std::collections::HashMap;

/// A certificate by the secret, or by the files, that hold it.
type Certificate<'a> = (&'a str, &'a str);

/// Checks that the Gateways of the same workloads do not serve one certificate each for hosts of its own.
pub(super) fn check(gateways: &All<'_, Gateway>, faults: &mut Vec<Fault>) {
    let mut owners: HashMap<Certificate<'_>, Vec<usize>> = HashMap::new();
    for (document, (_, written)) in gateways.iter().enumerate() {
        for certificate in written.servers.iter().filter_map(|server| certificate(server.tls.as_ref()?)) {
            let owners = owners.entry(certificate).or_default();
            if owners.last() != Some(&document) {
                owners.push(document);
            }
        }
    }
    for (document, (subject, written)) in gateways.iter().enumerate() {
        let at = SPEC.field("servers");
        for (index, server) in written.servers.iter().enumerate() {
            let owners = server.tls.as_ref().and_then(certificate).and_then(|key| owners.get(&key));
            // Those whose workloads are all among this one's.
            let is_rival = |rival: &&usize| {
                **rival != document && has_all(&gateways[**rival].1.selector, &written.selector)
            };
            let rivals = owners.into_iter().flatten().filter(is_rival).take(MOST_NAMED);
            let rivals: Vec<_> = rivals.map(|rival| gateways[*rival].0.introduction()).collect();
            if !rivals.is_empty() {
                let reason = format!(
                    "duplicate certificate in multiple gateways {} may cause 404s if clients re-use HTTP2 connections",
                    rivals.join(", ")
                );
                let finding =
                    SHARED_CERTIFICATE.because(reason, "let one Gateway serve all hosts of the certificate");
                faults.push(subject.fault(&at.index(index).field("tls"), finding));
            }
        }
    }
}

fn certificate(tls: &ServerTls) -> Option<Certificate<'_>> {
    let ServerTls { credential_name, server_certificate, private_key, .. } = tls;
    match (credential_name.as_str(), server_certificate.as_str(), private_key.as_str()) {
        ("", "", _) | ("", _, "") => None,
        ("", certificate, key) => Some((certificate, key)),
        (secret, ..) => Some((secret, "")),
    }
}
