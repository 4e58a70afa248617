//! Certificates, keys and revocation lists in PEM (RFC 7468).
//!
//! What a file holds may be a private key, also where a certificate is expected: every copy that is made of it is wiped,
//! the time that it takes to decode does not depend on it, and no fault quotes anything of it. Readers of PEM that we know
//! give at least one of these up.

use super::IssueFault;
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer,
    PrivateSec1KeyDer,
};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const CERTIFICATE: &str = "CERTIFICATE";
const REVOCATIONS: &str = "X509 CRL";
const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";

/// A private key that is wiped when it is dropped.
pub(super) type Key = Zeroizing<PrivateKeyDer<'static>>;

/// A text that is wiped when it is dropped.
pub(super) type Text = Zeroizing<Vec<u8>>;

/// Why a text is no good PEM, and in which line; `Display` says it, and nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PemFault {
    /// A section begins with more on its first line than its name.
    Beginning(usize),
    /// The section that begins here does not end.
    Endless(usize),
    /// What the section holds that begins here is no base64.
    Base64(usize),
}

impl fmt::Display for PemFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning(line) => {
                write!(f, "line {line}: no line that begins a section (are its line breaks lost?)")
            }
            Self::Endless(line) => write!(f, "line {line}: the section that begins here does not end"),
            Self::Base64(line) => write!(f, "line {line}: the section that begins here is no base64"),
        }
    }
}

impl std::error::Error for PemFault {}

/// A part of a PEM text.
struct Section {
    label: &'static str,
    der: Zeroizing<Vec<u8>>,
}

/// The content of a file that may be secret.
pub(super) fn read(path: &Path) -> io::Result<Text> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    read_whole(file, length)
}

/// The rest of a file that is so long.
pub(super) fn read_whole(mut file: impl Read, length: u64) -> io::Result<Text> {
    // A buffer that grows leaves its content behind where it was; this one has room for the end of the file, too.
    let mut text = Zeroizing::new(Vec::new());
    text.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX).saturating_add(64))?;
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// The certificates of a file; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IssueFault> {
    certificates_in(&read(path).map_err(|error| IssueFault::at(path.display(), error))?, path)
}

/// The certificates of a text from a file; at least one.
pub(super) fn certificates_in(text: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, IssueFault> {
    let certificates = certificates_in_pem(text)
        .map_err(|fault| IssueFault::at(path.display(), format_args!("not a PEM certificate: {fault}")))?;
    match certificates.is_empty() {
        true => Err(IssueFault::at(path.display(), "holds no certificate in PEM")),
        false => Ok(certificates),
    }
}

/// The certificates of a text in PEM; whatever else it holds is passed over.
///
/// # Errors
/// Where it is no PEM.
pub fn certificates_in_pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let sections = sections(text, &[CERTIFICATE])?;
    Ok(sections.iter().map(|section| CertificateDer::from(section.der.to_vec())).collect())
}

/// The revocation lists of a text.
pub(super) fn all_revocations(text: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, PemFault> {
    let sections = sections(text, &[REVOCATIONS])?;
    Ok(sections.iter().map(|section| CertificateRevocationListDer::from(section.der.to_vec())).collect())
}

/// The private key of a file.
pub(super) fn key(path: &Path) -> Result<Key, IssueFault> {
    let text = read(path).map_err(|error| IssueFault::at(path.display(), error))?;
    key_in(&text).ok_or_else(|| IssueFault::at(path.display(), "holds no private key in PEM"))
}

/// The first private key of a text.
pub(super) fn key_in(text: &[u8]) -> Option<Key> {
    let mut first = sections(text, &[PKCS8, PKCS1, SEC1]).ok()?.into_iter().next()?;
    // Moved, not copied: the wrapper goes on with what was decoded.
    let der = std::mem::take(&mut *first.der);
    Some(Zeroizing::new(match first.label {
        PKCS1 => PrivatePkcs1KeyDer::from(der).into(),
        SEC1 => PrivateSec1KeyDer::from(der).into(),
        _ => PrivatePkcs8KeyDer::from(der).into(),
    }))
}

/// A certificate in PEM.
pub(super) fn text(certificate: &CertificateDer<'_>) -> String {
    written(CERTIFICATE, certificate).to_string()
}

/// A private key of PKCS#8 in PEM.
pub(super) fn key_text(der: &[u8]) -> Zeroizing<String> {
    written(PKCS8, der)
}

fn written(label: &str, der: &[u8]) -> Zeroizing<String> {
    // Straight into its place: what encodes into a text keeps pieces of it on the stack.
    let mut encoded = Zeroizing::new(vec![0; der.len().div_ceil(3) * 4]);
    let length = STANDARD.encode_slice(der, &mut encoded).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(length + length / 64 + 2 * label.len() + 40));
    text.extend(["-----BEGIN ", label, "-----\n"]);
    for line in encoded[..length].chunks(64) {
        text.extend(line.iter().map(|symbol| char::from(*symbol)));
        text.push('\n');
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

/// The sections of these kinds; the others are passed over, whatever they hold.
fn sections(text: &[u8], labels: &[&'static str]) -> Result<Vec<Section>, PemFault> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).zip(1..);
    let mut found = Vec::new();
    while let Some((line, number)) = lines.next() {
        let Some(begun) = line.strip_prefix(BEGIN) else { continue };
        let label = begun.strip_suffix(DASHES).filter(|label| is_label(label));
        let label = label.ok_or(PemFault::Beginning(number))?;
        let is_end = |line: &[u8]| {
            let rest = line.strip_prefix(END).and_then(|rest| rest.strip_prefix(label));
            rest.is_some_and(|rest| rest.starts_with(DASHES))
        };
        let inner = lines.clone().map(|(line, _)| line).take_while(|line| !is_end(line));
        if let Some(label) = labels.iter().find(|known| known.as_bytes() == label) {
            let mut symbols = Zeroizing::new(Vec::with_capacity(inner.clone().map(<[u8]>::len).sum()));
            symbols.extend(inner.flatten().filter(|byte| !byte.is_ascii_whitespace()));
            found.push(Section { label, der: decoded(&symbols).ok_or(PemFault::Base64(number))? });
        }
        lines.find(|(line, _)| is_end(line)).ok_or(PemFault::Endless(number))?;
    }
    Ok(found)
}

/// Whether something may be a section's name, and is not the section itself.
fn is_label(text: &[u8]) -> bool {
    !text.ends_with(b"-") && !text.windows(DASHES.len()).any(|part| part == DASHES)
}

/// What base64 with its padding stands for; `None` when it stands for nothing, or was written by nobody who keeps to the
/// rules. How long it takes depends on the length alone.
fn decoded(symbols: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let padding = symbols.iter().rev().take_while(|symbol| **symbol == b'=').count();
    if !symbols.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let symbols = &symbols[..symbols.len() - padding];
    let mut bytes = Zeroizing::new(Vec::with_capacity(symbols.len() * 3 / 4 + 3));
    let mut wrong = 0;
    for four in symbols.chunks(4) {
        let mut bits = 0;
        for place in 0..4 {
            let value = four.get(place).map_or(0, |symbol| value(*symbol));
            wrong |= value;
            bits = bits << 6 | (value & 63);
        }
        let [_, three @ ..] = bits.to_be_bytes();
        let count = four.len() - 1;
        // Bits that stand for nothing must be none.
        let unused = three[count..].iter().fold(0, |all, byte| all | *byte);
        wrong |= -i32::from(unused != 0);
        bytes.extend_from_slice(&three[..count]);
    }
    (wrong >= 0).then_some(bytes)
}

/// The six bits of a symbol; less than none for what is no symbol.
fn value(symbol: u8) -> i32 {
    let symbol = i32::from(symbol);
    let within = |first: u8, last: u8, value: i32| {
        let (below, above) = (i32::from(first) - 1 - symbol, symbol - i32::from(last) - 1);
        // Both are less than none for what is within, and then so is this, in all bits.
        ((below & above) >> 31) & (value + 1)
    };
    within(b'A', b'Z', symbol - 65)
        + within(b'a', b'z', symbol - 71)
        + within(b'0', b'9', symbol + 4)
        + within(b'+', b'+', 62)
        + within(b'/', b'/', 63)
        - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_others_read_it() {
        let mut bytes: Vec<u8> = Vec::new();
        for length in 0..300_u32 {
            let text = STANDARD.encode(&bytes);
            assert_eq!(decoded(text.as_bytes()).as_deref(), Some(&bytes), "{text}");
            bytes.push((length * 167 + 13) as u8);
        }
        for symbol in 0..=u8::MAX {
            for text in
                [[b'A', symbol, b'A', b'A'], [b'A', b'A', symbol, symbol], [symbol, b'A', b'A', symbol]]
            {
                assert_eq!(
                    decoded(&text).map(|bytes| bytes.to_vec()),
                    STANDARD.decode(text).ok(),
                    "{text:?}"
                );
            }
        }
        for text in ["A", "AA", "AAA", "A===", "====", "AA=A", "AAAA=", "AB==", "AAB="] {
            assert_eq!(decoded(text.as_bytes()).as_deref(), None, "{text}");
        }
    }

    #[test]
    fn the_sections_that_are_asked_for_are_found_among_others() {
        let text = "# a comment\r\n-----BEGIN CERTIFICATE-----  \r\nAA EC\n Aw==\n-----END CERTIFICATE-----\n\n\
                    -----BEGIN EC PARAMETERS-----\n!?\n-----END EC PARAMETERS-----\n\
                    -----BEGIN EC PRIVATE KEY-----\nBAUG\n-----END EC PRIVATE KEY-----";
        assert_eq!(certificates_in_pem(text.as_bytes()).unwrap(), [CertificateDer::from(vec![0, 1, 2, 3])]);
        let key = key_in(text.as_bytes()).unwrap();
        assert!(matches!(&*key, PrivateKeyDer::Sec1(der) if *der.secret_sec1_der() == [4, 5, 6]));
        assert!(all_revocations(text.as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn what_is_written_is_read() {
        let der: Vec<u8> = (0..=u8::MAX).collect();
        let text = key_text(&der);
        assert!(text.lines().all(|line| line.len() <= 64));
        assert!(
            matches!(&*key_in(text.as_bytes()).unwrap(), PrivateKeyDer::Pkcs8(read) if *read.secret_pkcs8_der() == *der)
        );
    }

    #[test]
    fn a_fault_says_where_and_nothing_of_what() {
        let key = "BEGIN PRIVATE KEY-----c2VjcmV0-----END PRIVATE KEY-----";
        for (text, fault) in [
            (format!("\n-----{key}"), PemFault::Beginning(2)),
            ("-----BEGIN PRIVATE KEY-----c2VjcmV0\n".to_owned(), PemFault::Beginning(1)),
            ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n".to_owned(), PemFault::Endless(1)),
            (
                "-----BEGIN CERTIFICATE-----\nc2Vj*mV0\n-----END CERTIFICATE-----".to_owned(),
                PemFault::Base64(1),
            ),
        ] {
            assert_eq!(certificates_in_pem(text.as_bytes()), Err(fault), "{text}");
            assert!(!format!("{fault} {fault:?}").contains("c2V"), "{fault}");
        }
    }
}
