//! A root, and what it signs.

use crate::identity::{IssueFault, SpiffeId, pem};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer};
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::{Zeroize, Zeroizing};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The life of a root.
const ROOT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// The longest life of a workload's certificate.
pub(super) const LONGEST: Duration = DAY;
/// How much earlier than now a certificate is valid, for clocks that are behind.
const BACKDATED: Duration = Duration::from_secs(60);

/// A key that is wiped when it is dropped.
struct RootKey(KeyPair);

impl Drop for RootKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl rcgen::PublicKeyData for RootKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        rcgen::PublicKeyData::algorithm(&self.0)
    }
}

impl rcgen::SigningKey for RootKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message)
    }
}

/// A root that signs.
pub(super) struct Root {
    certificate: CertificateDer<'static>,
    not_after: SystemTime,
    issuer: Issuer<'static, RootKey>,
}

/// Nothing of the key.
impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// A new root's certificate and key, in PEM.
pub(super) fn new_root(now: SystemTime) -> Result<Zeroizing<String>, IssueFault> {
    let key = RootKey(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(cannot)?);
    let mut params = valid(now - BACKDATED, now + ROOT);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::OrganizationName, "mesh");
    // Two roots of one name could be taken for each other while the root changes.
    params.distinguished_name.push(DnType::CommonName, format!("mesh local authority {}", seconds(now)));
    let certificate = params.self_signed(&key).map_err(cannot)?;
    let (certificate, private) = (pem::text(certificate.der()), pem::key_text(key.0.serialized_der()));
    // A text that grows leaves what it was behind.
    let mut text = Zeroizing::new(String::with_capacity(certificate.len() + private.len()));
    text.extend([&*certificate, &**private]);
    Ok(text)
}

impl Root {
    /// Puts a root's certificate and key together.
    pub(super) fn read(
        certificate: CertificateDer<'static>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, IssueFault> {
        let unreadable = || IssueFault::new("the root's certificate cannot be read");
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| unreadable())?;
        let not_after = parsed.validity().not_after.timestamp().try_into().map_err(|_| unreadable())?;
        let not_after = UNIX_EPOCH + Duration::from_secs(not_after);
        let key = RootKey(KeyPair::try_from(key.secret_der()).map_err(cannot)?);
        if parsed.public_key().subject_public_key.data != rcgen::PublicKeyData::der_bytes(&key) {
            return Err(IssueFault::new("the key does not belong to the root's certificate"));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(cannot)?;
        Ok(Self { certificate, not_after, issuer })
    }

    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Signs a certificate of the workload `id` for the key that made the request. Of the request nothing else counts:
    /// who it is for is for the caller to know.
    ///
    /// # Errors
    /// When the request is none, was not made by its key, or the root's time is over.
    pub(super) fn sign(
        &self,
        request: &CertificateSigningRequestDer<'_>,
        id: &SpiffeId,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<CertificateDer<'static>, IssueFault> {
        let mut request = CertificateSigningRequestParams::from_der(request)
            .map_err(|_| IssueFault::new("the signing request cannot be read, or was not made by its key"))?;
        let not_after = (now + lifetime.min(LONGEST)).min(self.not_after);
        if not_after <= now {
            return Err(IssueFault::new("the root has expired (make a new one: meshctl ca --announce)"));
        }
        let name = id.as_str().try_into().map_err(cannot)?;
        let mut params = valid(now - BACKDATED, not_after);
        params.subject_alt_names = vec![SanType::URI(name)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        request.params = params;
        Ok(request.signed_by(&self.issuer).map_err(cannot)?.der().clone())
    }
}

/// What is valid between two moments, and has no name yet: then its alternative names are critical.
fn valid(from: SystemTime, to: SystemTime) -> CertificateParams {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + Duration::from_secs(seconds(from));
    params.not_after = epoch + Duration::from_secs(seconds(to));
    params.distinguished_name = DistinguishedName::new();
    params
}

fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn cannot(error: rcgen::Error) -> IssueFault {
    IssueFault::new(format!("the certificate cannot be made: {error}"))
}
