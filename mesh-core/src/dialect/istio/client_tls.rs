//! TLS as a client starts it.

use super::Site;
use crate::{
    document::{ClientTls, ClientTlsMode, Path},
    model::{self, CertificateSource},
};

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &ClientTls) -> model::ClientTls {
    check(site, at, written);
    let text = |written: &str| Some(written).filter(|text| !text.is_empty()).map(Into::into);
    let file = |written: &str| Some(written).filter(|path| !path.is_empty()).map(Into::into);
    model::ClientTls {
        mode: match written.mode {
            ClientTlsMode::Disable => model::ClientTlsMode::Disable,
            ClientTlsMode::Simple => model::ClientTlsMode::Simple,
            ClientTlsMode::Mutual => model::ClientTlsMode::Mutual,
            ClientTlsMode::IstioMutual => model::ClientTlsMode::IstioMutual,
        },
        credential: credential(written),
        authorities: file(&written.ca_certificates),
        revoked: file(&written.ca_crl),
        subject_alt_names: written.subject_alt_names.iter().map(|name| name.as_str().into()).collect(),
        sni: text(&written.sni),
        skips_verification: written.insecure_skip_verify.unwrap_or_default(),
    }
}

fn credential(written: &ClientTls) -> Option<CertificateSource> {
    if !written.credential_name.is_empty() {
        return Some(CertificateSource::Secret(written.credential_name.as_str().into()));
    }
    let has_files = !written.client_certificate.is_empty() && !written.private_key.is_empty();
    has_files.then(|| CertificateSource::Files {
        certificate: written.client_certificate.as_str().into(),
        key: written.private_key.as_str().into(),
    })
}

fn check(site: Site<'_>, at: &Path<'_>, written: &ClientTls) {
    let check = site.check;
    let (is_simple, is_mutual) =
        (written.mode == ClientTlsMode::Simple, written.mode == ClientTlsMode::Mutual);
    let by_secret = !written.credential_name.is_empty();
    let has_ca = !written.ca_certificates.is_empty();
    if written.insecure_skip_verify == Some(true) {
        let names_server = has_ca || !written.subject_alt_names.is_empty();
        if is_simple && (names_server || by_secret) {
            let reason = "cannot specify CaCertificates or CredentialName or SubjectAltNames \
                          when InsecureSkipVerify is set true";
            check.refuse_with(at, reason, "remove insecureSkipVerify, which checks nothing");
        }
        if is_mutual && names_server {
            let reason =
                "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true";
            check.refuse_with(at, reason, "remove insecureSkipVerify, which checks nothing");
        }
    }
    let has_files = !written.client_certificate.is_empty() || !written.private_key.is_empty();
    if (is_simple || is_mutual) && by_secret {
        if has_files || has_ca || !written.ca_crl.is_empty() {
            let reason =
                "cannot specify client certificates or CA certificate or CA CRL If credentialName is set";
            check.refuse_with(at, reason, "keep credentialName, or the files");
        }
        return;
    }
    if is_mutual && written.client_certificate.is_empty() {
        check.refuse_with(at, "client certificate required for mutual tls", "write clientCertificate");
    }
    if is_mutual && written.private_key.is_empty() {
        check.refuse_with(at, "private key required for mutual tls", "write privateKey");
    }
}
