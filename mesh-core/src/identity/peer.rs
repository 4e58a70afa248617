//! What a certificate that somebody showed says, whoever signed it.

use super::svid::moment;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::pki_types::CertificateDer;
use std::{net::IpAddr, time::SystemTime};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, x509::X509Name};

/// The longest subject that is told on, in bytes of text; a certificate with a longer one has none.
const LONGEST_SUBJECT: usize = 4096;

/// A certificate as applications are told about it. Whether it is true is for whoever verified it to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The SHA-256 of the certificate.
    pub hash: [u8; 32],
    /// The SHA-256 of its public key.
    pub key_hash: [u8; 32],
    /// Whose it is, as OpenSSL writes that: `CN=shop,O=Example`.
    pub subject: String,
    /// Its names that are URIs.
    pub uris: Vec<String>,
    /// Its names that are hosts.
    pub hosts: Vec<String>,
    /// Its further names: addresses, and mailboxes.
    pub others: Vec<String>,
    /// The moment after which it is not valid; none when nobody can tell.
    pub not_after: Option<SystemTime>,
}

impl PeerCertificate {
    /// Reads one; `None` when it cannot be read whole.
    #[must_use]
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(certificate).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let names = parsed.subject_alternative_name().ok()?;
        let (mut uris, mut hosts, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for name in names.into_iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::URI(uri) => uris.push((*uri).to_owned()),
                GeneralName::DNSName(host) => hosts.push((*host).to_owned()),
                GeneralName::RFC822Name(mailbox) => others.push((*mailbox).to_owned()),
                GeneralName::IPAddress(octets) => others.extend(address(octets)),
                GeneralName::Invalid(..) => return None,
                _ => {}
            }
        }
        Some(Self {
            hash: sha256(certificate),
            key_hash: sha256(parsed.public_key().raw),
            subject: distinguished(parsed.subject()),
            uris,
            hosts,
            others,
            not_after: Some(moment(parsed.validity().not_after)),
        })
    }

    /// Whether its time is over.
    #[must_use]
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.not_after.is_none_or(|end| end < now)
    }

    /// The certificate itself in PEM, encoded as in a URL.
    #[must_use]
    pub fn encoded(certificate: &CertificateDer<'_>) -> String {
        let base64 = BASE64_STANDARD.encode(certificate);
        let mut text = String::from("-----BEGIN%20CERTIFICATE-----%0A");
        for line in base64.as_bytes().chunks(64) {
            for byte in line {
                match byte {
                    b'+' => text.push_str("%2B"),
                    b'/' => text.push_str("%2F"),
                    b'=' => text.push_str("%3D"),
                    byte => text.push(*byte as char),
                }
            }
            text.push_str("%0A");
        }
        text.push_str("-----END%20CERTIFICATE-----%0A");
        text
    }

    /// Whether one of its names is exactly one of these.
    #[must_use]
    pub fn has_name_among(&self, names: &[Box<str>]) -> bool {
        let mut own = self.uris.iter().chain(&self.hosts).chain(&self.others);
        own.any(|own| names.iter().any(|name| **name == **own))
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn address(octets: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    let address = four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}

/// A distinguished name as RFC 2253 writes it, the last part first.
pub(super) fn distinguished(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut text = String::new();
    for part in parts.into_iter().rev() {
        for (index, attribute) in part.iter().enumerate() {
            if !text.is_empty() {
                text.push(if index == 0 { ',' } else { '+' });
            }
            let kind = attribute.attr_type().to_id_string();
            match (abbreviation(&kind), attribute.as_str()) {
                (Some(short), Ok(value)) => {
                    text.push_str(short);
                    text.push('=');
                    escape(value, &mut text);
                }
                _ => {
                    text.push_str(&kind);
                    text.push_str("=#");
                    attribute.as_slice().iter().for_each(|byte| text.push_str(&format!("{byte:02X}")));
                }
            }
        }
    }
    if text.len() > LONGEST_SUBJECT { String::new() } else { text }
}

fn abbreviation(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

/// Escapes what would end a value, or a header: everything but visible letters of ASCII is written as digits.
fn escape(value: &str, text: &mut String) {
    let last = value.len().saturating_sub(1);
    for (index, byte) in value.bytes().enumerate() {
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => text.extend(['\\', byte as char]),
            b'#' if index == 0 => text.push_str("\\#"),
            b' ' if index == 0 || index == last => text.push_str("\\ "),
            b' '..=b'~' => text.push(byte as char),
            byte => text.push_str(&format!("\\{byte:02X}")),
        }
    }
}
