//! How TLS ends at a server of a gateway.

use super::{
    Site,
    server_tls::{self, is_known_cipher, is_served_cipher, mode_name, oldest_version},
    values::{is_http, is_tls},
};
use crate::{
    document::{CertificateFiles, Path, ServerTls, ServerTlsMode, TlsVersion as Written},
    model::{
        self, AuthoritySource, CertificateSource, ClientDemand, Pins, Termination, TlsLimits, TlsVersion,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::sync::Arc;

pub(super) fn termination(
    site: Site<'_>,
    at: &Path<'_>,
    protocol: &str,
    written: Option<&ServerTls>,
) -> Option<Termination> {
    let tls_at = at.field("tls");
    if let Some(tls) = written {
        server_tls::check(site, &tls_at, tls);
        if tls.https_redirect && !is_http(protocol) {
            site.check.note(&tls_at, "tls.httpsRedirect should only be used with http servers");
        }
    }
    match (is_tls(protocol), written) {
        (true, None) => {
            let remedy = "write tls: {mode: SIMPLE, credentialName: …}";
            site.check.refuse_with(at, "server must have TLS settings for HTTPS/TLS protocols", remedy);
            None
        }
        (true, Some(tls)) => Some(of_mode(site, &tls_at, tls)),
        (false, Some(tls)) => {
            refuse_plain(site, &tls_at, protocol, tls);
            None
        }
        (false, None) => None,
    }
}

fn of_mode(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) -> Termination {
    let unsupported = Termination::Unsupported(mode_name(tls.mode));
    match tls.mode {
        ServerTlsMode::Passthrough => Termination::Behind,
        ServerTlsMode::AutoPassthrough => {
            let reason = "is accepted, but has no effect yet: connections are refused";
            site.check.warn(&at.field("mode"), reason, "PASSTHROUGH with tls rules is served");
            unsupported
        }
        ServerTlsMode::IstioMutual => {
            // The mesh has ciphers of its own.
            site.later(at, &[("cipherSuites", !tls.cipher_suites.is_empty())]);
            limits(site, at, tls).map_or(unsupported, Termination::Mesh)
        }
        ServerTlsMode::Simple | ServerTlsMode::Mutual | ServerTlsMode::OptionalMutual => {
            let certificates = certificates(site, at, tls);
            let clients = clients(site, at, tls);
            match limits(site, at, tls).filter(|_| !certificates.is_empty()) {
                Some(limits) => {
                    Termination::Own(Arc::new(model::ServerTls { certificates, clients, limits }))
                }
                None => unsupported,
            }
        }
    }
}

/// Refuses TLS on a port of plain text, but for the redirect of HTTP.
fn refuse_plain(site: Site<'_>, at: &Path<'_>, protocol: &str, tls: &ServerTls) {
    let passes = matches!(tls.mode, ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough);
    let has_files = [&tls.ca_certificates, &tls.private_key, &tls.server_certificate];
    let remedy = "only httpsRedirect is possible here; or make the protocol HTTPS";
    if !is_http(protocol) {
        let remedy = "remove tls, or make the protocol TLS";
        site.check.refuse_with(at, "server cannot have TLS settings for non HTTPS/TLS ports", remedy);
    } else if !passes || has_files.iter().any(|file| !file.is_empty()) {
        site.check.refuse_with(at, "server cannot have TLS settings for plain text HTTP ports", remedy);
    }
}

/// The certificates, wherever they are written; a fault says so where there are none.
fn certificates(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) -> Vec<CertificateSource> {
    if !tls.credential_name.is_empty() {
        return secret(site, &at.field("credentialName"), &tls.credential_name).into_iter().collect();
    }
    if !tls.credential_names.is_empty() {
        let at = at.field("credentialNames");
        let names = tls.credential_names.iter().enumerate();
        return names.filter_map(|(index, name)| secret(site, &at.index(index), name)).collect();
    }
    let files = |pair: &CertificateFiles| CertificateSource::Files {
        certificate: pair.server_certificate.clone().into(),
        key: pair.private_key.clone().into(),
    };
    if !tls.tls_certificates.is_empty() {
        return tls.tls_certificates.iter().map(files).collect();
    }
    vec![CertificateSource::Files {
        certificate: tls.server_certificate.clone().into(),
        key: tls.private_key.clone().into(),
    }]
}

fn secret(site: Site<'_>, at: &Path<'_>, name: &str) -> Option<CertificateSource> {
    secret_name(site, at, name).map(CertificateSource::Secret)
}

fn secret_name(site: Site<'_>, at: &Path<'_>, name: &str) -> Option<Arc<str>> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        let reason = format!("{name:?} is not the name of a secret");
        site.check.refuse_with(at, reason, "write a name without a path");
        return None;
    }
    Some(name.into())
}

/// What is asked of clients, in the modes that look at them.
fn clients(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) -> Option<ClientDemand> {
    if tls.mode == ServerTlsMode::Simple {
        return None;
    }
    let of_secret = Some(&tls.ca_cert_credential_name).filter(|name| !name.is_empty());
    let of_secret = of_secret.map(|name| (at.field("caCertCredentialName"), name));
    let own = tls.credential_names.first().or(Some(&tls.credential_name)).filter(|name| !name.is_empty());
    let authorities = match of_secret {
        Some((at, name)) => AuthoritySource::Secret(secret_name(site, &at, name)?),
        None if !tls.ca_certificates.is_empty() => AuthoritySource::File(tls.ca_certificates.clone().into()),
        // That one has been complained about, if it is no name.
        None => AuthoritySource::Secret(own.map(String::as_str).unwrap_or_default().into()),
    };
    Some(ClientDemand {
        is_required: tls.mode == ServerTlsMode::Mutual,
        authorities,
        revoked: Some(&tls.ca_crl).filter(|file| !file.is_empty()).map(Into::into),
        names: tls.subject_alt_names.iter().map(|name| name.as_str().into()).collect(),
        pins: pins(site, at, tls),
        skips_verification: tls.insecure_skip_verify.unwrap_or_default(),
    })
}

fn pins(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) -> Option<Pins> {
    if tls.verify_certificate_hash.is_empty() && tls.verify_certificate_spki.is_empty() {
        return None;
    }
    let read = |field: &str, written: &[String], one: &dyn Fn(&str) -> Option<[u8; 32]>| {
        let at = at.field(field);
        let each = |(index, text): (usize, &String)| {
            let pin = one(text);
            if pin.is_none() {
                let reason = format!("{text:?} is no SHA-256, so no certificate is ever this one");
                site.check.warn(
                    &at.index(index),
                    reason,
                    "write 64 digits for a certificate, base64 for a key",
                );
            }
            pin
        };
        written.iter().enumerate().filter_map(each).collect()
    };
    Some(Pins {
        certificates: read("verifyCertificateHash", &tls.verify_certificate_hash, &from_hex),
        keys: read("verifyCertificateSpki", &tls.verify_certificate_spki, &from_base64),
    })
}

/// Reads 64 digits, perhaps with a colon after every two.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let bytes = digits.chunks(2).map(|pair| {
        let pair =
            std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

fn from_base64(text: &str) -> Option<[u8; 32]> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}

/// Which versions and ciphers are spoken; `None`, and a warning, when none is left.
fn limits(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) -> Option<TlsLimits> {
    let oldest = oldest_version(tls.min_protocol_version);
    let newest = match tls.max_protocol_version {
        Written::Auto | Written::V1_3 => Some(TlsVersion::V1_3),
        Written::V1_2 => Some(TlsVersion::V1_2),
        Written::V1_0 | Written::V1_1 => None,
    };
    let ciphers = ciphers(site, &at.field("cipherSuites"), tls);
    let is_bare = ciphers.as_ref().is_some_and(Vec::is_empty);
    let limits = newest.filter(|newest| oldest <= *newest).map(|newest| TlsLimits {
        // Only TLS 1.2 lets its ciphers be chosen.
        oldest: if is_bare { TlsVersion::V1_3 } else { oldest },
        newest,
        ciphers,
    });
    let limits = limits.filter(|limits| limits.oldest <= limits.newest);
    if limits.is_none() {
        let reason = "no version of TLS is left that is served: connections are refused";
        site.check.warn(at, reason, "TLS 1.2 and 1.3 are served, the former with GCM and CHACHA20 alone");
    }
    if matches!(tls.min_protocol_version, Written::V1_0 | Written::V1_1) {
        let reason = "versions of TLS below TLSV1_2 are not served";
        site.check.warn(&at.field("minProtocolVersion"), reason, "write TLSV1_2");
    }
    limits
}

/// Those of the ciphers that are served; `None` when nobody chose any that Istio knows.
fn ciphers(site: Site<'_>, at: &Path<'_>, tls: &ServerTls) -> Option<Vec<Box<str>>> {
    let known = tls.cipher_suites.iter().enumerate().filter(|(_, cipher)| is_known_cipher(cipher));
    let mut known = known.peekable();
    known.peek()?;
    let served = known.filter(|(index, cipher)| {
        let is_served = is_served_cipher(cipher);
        if !is_served {
            let reason = format!("{cipher} is not served: it has no forward secrecy, or is no AEAD");
            site.check.warn(&at.index(*index), reason, "write ECDHE-ECDSA-AES128-GCM-SHA256, say");
        }
        is_served
    });
    Some(served.map(|(_, cipher)| cipher.as_str().into()).collect())
}
