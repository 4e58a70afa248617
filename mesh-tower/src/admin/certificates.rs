//! Who a process is, and until when that is proven.

use super::{
    moment::written,
    state::{State, seconds_until},
};
use mesh_core::{identity::CertificateSummary, identity::TrustDomain};
use serde::Serialize;

/// What is told of a process's identity: no key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Certificates {
    /// The SPIFFE id; none before the first certificate came.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    /// Why the last attempt to renew the certificate failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// The certificate, then those that vouch for it.
    chain: Vec<Certificate>,
    /// Whose workloads may be peers, and who vouches for them.
    trust_domains: Vec<Trusted>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Trusted {
    name: String,
    authorities: Vec<Certificate>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    serial: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subject: String,
    issuer: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uris: Vec<String>,
    valid_from: String,
    valid_until: String,
    seconds_left: u64,
}

impl From<CertificateSummary> for Certificate {
    fn from(of: CertificateSummary) -> Self {
        Self {
            serial: of.serial,
            subject: of.subject,
            issuer: of.issuer,
            uris: of.uris,
            valid_from: written(of.not_before),
            valid_until: written(of.not_after),
            seconds_left: seconds_until(of.not_after),
        }
    }
}

impl Certificates {
    pub(super) fn of(state: &State) -> Self {
        let fault = state.identity.fault().map(|fault| fault.to_string());
        let snapshot = state.parts.handle.snapshot();
        let Some(current) = state.identity.current() else {
            return Self { identity: None, fault, chain: Vec::new(), trust_domains: Vec::new() };
        };
        let trust = snapshot.trust();
        let bundle = trust.bundle(&current.trust);
        let mut domains: Vec<TrustDomain> = trust.domains(&current.id);
        domains
            .extend(bundle.0.keys().filter(|domain| !domains.contains(domain)).cloned().collect::<Vec<_>>());
        let trusted = domains.into_iter().map(|domain| {
            let own = bundle.0.get(&domain).map(Vec::as_slice).unwrap_or_default();
            Trusted { name: domain.to_string(), authorities: summaries(own) }
        });
        Self {
            identity: Some(current.id.to_string()),
            fault,
            chain: summaries(&current.key.cert),
            trust_domains: trusted.collect(),
        }
    }
}

fn summaries(certificates: &[rustls::pki_types::CertificateDer<'_>]) -> Vec<Certificate> {
    certificates.iter().filter_map(CertificateSummary::read).map(Into::into).collect()
}
