//! The keys of the shop: the gateway's certificate, and the key of auth-server's tokens.

use super::live::Live;
use mesh_tower::BoxError;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
};
use std::{path::Path, time::Duration};
use time::OffsetDateTime;

/// Where Gateway documents look: by path, and by `credentialName`.
const PLACES: [&str; 2] = ["etc/istio/ingressgateway-certs", "hands-on-certificate"];
/// Some clients accept no certificate that is valid for longer.
const VALID: Duration = Duration::from_secs(825 * 24 * 3600);
/// The age at which a new one is made.
const OLD: Duration = Duration::from_secs(365 * 24 * 3600);

/// Makes what is not there yet. The signing key is new at every start, and both versions of auth-server read it.
///
/// # Errors
/// A key cannot be made, or a file cannot be written.
pub(super) fn prepare(live: &Live) -> Result<(), BoxError> {
    let places = PLACES.map(|place| live.secrets().join(place));
    let made = places.iter().flat_map(|place| [place.join("tls.crt"), place.join("tls.key")]);
    if !made.chain([live.authority()]).all(|file| is_recent(&file)) {
        let (authority, certificate, key) = certify()?;
        for place in places {
            live.write(&place.join("tls.crt"), &certificate)?;
            live.write_secret(&place.join("tls.key"), &key)?;
        }
        live.write(&live.authority(), &authority)?;
    }
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    Ok(live.write_secret(&live.signing_key(), &key.serialize_pem())?)
}

fn is_recent(file: &Path) -> bool {
    let modified = file.metadata().and_then(|about| about.modified());
    modified.is_ok_and(|at| at.elapsed().unwrap_or_default() < OLD)
}

/// A certificate for minikube.me and its key, and the certificate of the authority that signed it, all as PEM. The
/// authority's own key is dropped: nobody can sign another.
fn certify() -> Result<(String, String, String), BoxError> {
    let mut params = dated(CertificateParams::new([])?);
    params.distinguished_name.push(DnType::CommonName, "The shop's authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let names = ["minikube.me", "localhost", "127.0.0.1"].map(String::from);
    let mut params = dated(CertificateParams::new(names)?);
    params.distinguished_name.push(DnType::CommonName, "minikube.me");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem(), key.serialize_pem()))
}

fn dated(mut params: CertificateParams) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::from_secs(3600), now + VALID);
    params
}
