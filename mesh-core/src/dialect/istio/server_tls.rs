//! TLS as a server speaks it: which certificates it needs, and what is odd about it.

use super::Site;
use crate::{
    document::{CertificateFiles, Path, ServerTls, ServerTlsMode, TlsVersion},
    model,
};

/// Checks the settings by themselves.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) {
    check_ciphers(site, at, tls);
    match tls.mode {
        ServerTlsMode::IstioMutual => refuse_certificates(site, at, tls),
        ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough => {
            let has_some = [
                &tls.ca_crl,
                &tls.server_certificate,
                &tls.private_key,
                &tls.ca_certificates,
                &tls.credential_name,
            ];
            if has_some.iter().any(|text| !text.is_empty()) {
                let mode = mode_name(tls.mode);
                let reason = format!("{mode} mode does not use certificates, they will be ignored");
                site.check.note(at, reason);
            }
        }
        _ => check_certificates(site, at, tls),
    }
}

/// The oldest version that is served where this one is asked for.
pub(super) fn oldest_version(written: TlsVersion) -> model::TlsVersion {
    match written {
        TlsVersion::Auto | TlsVersion::V1_0 | TlsVersion::V1_1 | TlsVersion::V1_2 => model::TlsVersion::V1_2,
        TlsVersion::V1_3 => model::TlsVersion::V1_3,
    }
}

/// A mode by Istio's name.
pub(super) fn mode_name(mode: ServerTlsMode) -> &'static str {
    match mode {
        ServerTlsMode::Passthrough => "PASSTHROUGH",
        ServerTlsMode::Simple => "SIMPLE",
        ServerTlsMode::Mutual => "MUTUAL",
        ServerTlsMode::AutoPassthrough => "AUTO_PASSTHROUGH",
        ServerTlsMode::IstioMutual => "ISTIO_MUTUAL",
        ServerTlsMode::OptionalMutual => "OPTIONAL_MUTUAL",
    }
}

/// The ciphers that Istio knows, by OpenSSL's names.
const CIPHERS: [&str; 14] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
];

/// Whether Istio knows a cipher.
pub(super) fn is_known_cipher(name: &str) -> bool {
    CIPHERS.contains(&name) || name == "DES-CBC3-SHA"
}

/// Whether a cipher is served: one that keeps what is past secret, and vouches for what it hides.
pub(super) fn is_served_cipher(name: &str) -> bool {
    name.starts_with("ECDHE-") && (name.contains("GCM") || name.contains("CHACHA20"))
}

fn check_ciphers(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) {
    let is_old = matches!(tls.min_protocol_version, TlsVersion::V1_0 | TlsVersion::V1_1);
    if is_old && tls.cipher_suites.is_empty() {
        let reason = "TLS version below TLSV1_2 require setting compatible ciphers \
                      as by default they no longer include compatible ciphers.";
        site.check.note(&at.field("minProtocolVersion"), reason);
    }
    let suites_at = at.field("cipherSuites");
    for (index, cipher) in tls.cipher_suites.iter().enumerate() {
        let at = suites_at.index(index);
        if !is_known_cipher(cipher) {
            site.check.note(&at, format!("ignoring invalid cipher suites: [{cipher}]"));
        } else if tls.cipher_suites[..index].contains(cipher) {
            site.check.note(&at, format!("ignoring duplicate cipher suites: [{cipher}]"));
        }
    }
}

fn refuse_certificates(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) {
    for (is_written, field, what) in [
        (!tls.server_certificate.is_empty(), "serverCertificate", "server certificate"),
        (!tls.private_key.is_empty(), "privateKey", "private key"),
        (!tls.ca_certificates.is_empty(), "caCertificates", "CA bundle"),
        (!tls.credential_name.is_empty(), "credentialName", "credentialName"),
        (!tls.credential_names.is_empty(), "credentialNames", "credentialNames"),
        (!tls.tls_certificates.is_empty(), "tlsCertificates", "tlsCertificates"),
    ] {
        if is_written {
            let reason = format!("ISTIO_MUTUAL TLS cannot have associated {what}");
            site.check.refuse_with(
                &at.field(field),
                reason,
                "remove it: the mesh's own certificates are used",
            );
        }
    }
}

/// What SIMPLE, MUTUAL and OPTIONAL_MUTUAL need.
fn check_certificates(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) {
    let by_secret = !tls.credential_name.is_empty() || !tls.credential_names.is_empty();
    let sources = [
        !tls.credential_name.is_empty(),
        !tls.credential_names.is_empty(),
        !tls.server_certificate.is_empty() && !tls.private_key.is_empty(),
        !tls.tls_certificates.is_empty(),
    ];
    if sources.iter().filter(|is_written| **is_written).count() > 1 {
        let reason = "only one of credential_name, credential_names, server_certificate/private_key, \
                      tls_certificates should be specified";
        site.check.refuse_with(at, reason, "keep one");
        return;
    }
    let several = [tls.credential_names.len(), tls.tls_certificates.len()];
    if several.iter().any(|count| *count > 2) {
        let reason = "more than two certificates: only the first of each kind of key is used";
        site.check.warn(at, reason, "keep one of RSA and one of ECDSA");
    }
    if !by_secret {
        check_files(site, at, tls);
    }
}

/// What is needed of files, where no secret holds it.
fn check_files(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) {
    let mode = if tls.mode == ServerTlsMode::Simple { "SIMPLE" } else { "MUTUAL" };
    let pair = CertificateFiles {
        server_certificate: tls.server_certificate.clone(),
        private_key: tls.private_key.clone(),
        ca_certificates: String::new(),
    };
    let pairs_at = at.field("tlsCertificates");
    if tls.tls_certificates.is_empty() {
        check_pair(site, at, mode, &pair);
    }
    for (index, pair) in tls.tls_certificates.iter().enumerate() {
        check_pair(site, &pairs_at.index(index), mode, pair);
    }
    let has_ca = !tls.ca_certificates.is_empty() || !tls.ca_cert_credential_name.is_empty();
    if mode == "MUTUAL" && !has_ca {
        let remedy = "write caCertificates";
        site.check.refuse_with(at, "MUTUAL TLS requires a client CA bundle", remedy);
    }
    if mode == "SIMPLE" && !tls.ca_crl.is_empty() {
        site.check.refuse_with(&at.field("caCrl"), "CRL is not supported with SIMPLE TLS", "remove it");
    }
}

fn check_pair(site: Site<'_>, at: &Path<'_>, mode: &str, pair: &CertificateFiles) {
    if pair.server_certificate.is_empty() {
        let remedy = "write credentialName, or serverCertificate and privateKey";
        site.check.refuse_with(at, format!("{mode} TLS requires a server certificate"), remedy);
    } else if pair.private_key.is_empty() {
        site.check.refuse_with(at, format!("{mode} TLS requires a private key"), "write privateKey");
    }
}
