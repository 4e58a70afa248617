//! What a MeshConfig says about identities, and about TLS between workloads.

use super::{Site, server_tls::oldest_version};
use crate::{
    document::{CaCertificate, MeshConfig, MeshTls, Path},
    identity::{TrustDomain, certificates_in_pem},
    model::{Authority, Trust},
};
use rustls::RootCertStore;

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &MeshConfig) -> Trust {
    let default = Trust::default();
    let domain = Some(&written.trust_domain).filter(|domain| !domain.is_empty());
    let domain = domain.and_then(|domain| trust_domain(site, &at.field("trustDomain"), domain));
    let authorities_at = at.field("caCertificates");
    let authorities = written.ca_certificates.iter().enumerate();
    let authorities = authorities.filter_map(|(index, of)| authority(site, &authorities_at.index(index), of));
    let mesh_tls_at = at.field("meshMTLS");
    if let Some(tls) = &written.mesh_mtls {
        check_mesh_tls(site, &mesh_tls_at, tls);
    }
    if let Some(tls) = &written.tls_defaults {
        // Ports that say nothing of their own are few, and each can say it.
        site.later(
            &at.field("tlsDefaults"),
            &[
                ("minProtocolVersion", tls.min_protocol_version != Default::default()),
                ("ecdhCurves", !tls.ecdh_curves.is_empty()),
                ("cipherSuites", !tls.cipher_suites.is_empty()),
            ],
        );
    }
    let mesh_tls = written.mesh_mtls.as_ref().map(|tls| tls.min_protocol_version);
    Trust {
        domain: domain.unwrap_or(default.domain),
        aliases: domains(site, &at.field("trustDomainAliases"), &written.trust_domain_aliases),
        secures_by_itself: written.enable_auto_mtls.unwrap_or(default.secures_by_itself),
        oldest_version: oldest_version(mesh_tls.unwrap_or_default()),
        authorities: authorities.collect(),
    }
}

fn check_mesh_tls(site: Site<'_>, at: &Path<'_>, tls: &MeshTls) {
    for (field, is_written, what) in [
        ("ecdhCurves", !tls.ecdh_curves.is_empty(), "ECDH curves"),
        ("cipherSuites", !tls.cipher_suites.is_empty(), "cipher suites"),
    ] {
        if is_written {
            let reason = format!("mesh TLS does not support {what} configuration");
            site.check.refuse_with(&at.field(field), reason, "remove it");
        }
    }
}

fn trust_domain(site: Site<'_>, at: &Path<'_>, text: &str) -> Option<TrustDomain> {
    // Istio takes the accounts of mail-like names for trust domains.
    site.check.accept(at, TrustDomain::parse(&text.replace('@', ".")))
}

fn domains(site: Site<'_>, at: &Path<'_>, written: &[String]) -> Vec<TrustDomain> {
    let each = |(index, text): (usize, &String)| trust_domain(site, &at.index(index), text);
    written.iter().enumerate().filter_map(each).collect()
}

fn authority(site: Site<'_>, at: &Path<'_>, written: &CaCertificate) -> Option<Authority> {
    site.later(
        at,
        &[
            ("spiffeBundleUrl", !written.spiffe_bundle_url.is_empty()),
            ("certSigners", !written.cert_signers.is_empty()),
        ],
    );
    if written.pem.is_empty() {
        if written.spiffe_bundle_url.is_empty() {
            site.check.refuse_with(at, "neither pem nor spiffeBundleUrl is written", "write pem");
        }
        return None;
    }
    let pem_at = at.field("pem");
    let certificates = match certificates_in_pem(written.pem.as_bytes()) {
        Ok(certificates) if !certificates.is_empty() => certificates,
        Ok(_) => {
            site.check.refuse_with(&pem_at, "holds no certificate", "write certificates in PEM");
            return None;
        }
        Err(error) => {
            site.check.refuse(&pem_at, format!("is no PEM: {error}"));
            return None;
        }
    };
    for certificate in &certificates {
        if let Err(error) = RootCertStore::empty().add(certificate.clone()) {
            site.check.refuse(&pem_at, format!("holds what is no authority's certificate: {error}"));
        }
    }
    let domains = domains(site, &at.field("trustDomains"), &written.trust_domains);
    Some(Authority { domains, certificates })
}
