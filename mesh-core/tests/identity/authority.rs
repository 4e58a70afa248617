//! A certificate authority of the tests, which signs anything.

use mesh_core::identity::{Credentials, TrustBundle, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::time::{Duration, SystemTime};

pub(crate) struct Authority {
    pub(crate) root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

pub(crate) struct Leaf {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

/// What a leaf says, unless a test changes it: one workload, for a day.
pub(crate) fn leaf_of(uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names =
        uris.iter().map(|uri| SanType::URI((*uri).try_into().expect("an ASCII text"))).collect();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    valid_between(&mut params, SystemTime::now() - Duration::from_secs(60), Duration::from_secs(24 * 3600));
    params
}

pub(crate) fn valid_between(params: &mut CertificateParams, from: SystemTime, lasting: Duration) {
    (params.not_before, params.not_after) = (from.into(), (from + lasting).into());
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::OrganizationName, "tests");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root").der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    /// An authority below this one; `root` is its own certificate.
    pub(crate) fn intermediate(&self) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::OrganizationName, "intermediate");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let root = params.signed_by(&key, &self.issuer).expect("an intermediate").der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("a leaf").der().clone();
        Leaf { chain: vec![leaf], key }
    }

    pub(crate) fn trust(&self, domain: &str) -> TrustBundle {
        TrustBundle([(self::domain(domain), vec![self.root.clone()])].into())
    }

    pub(crate) fn credentials(&self, id: &str) -> Credentials {
        let leaf = self.sign(&leaf_of(&[id]));
        let domain = id.split('/').nth(2).expect("a SPIFFE id");
        Credentials::new(leaf.chain.clone(), &leaf.private(), self.trust(domain)).expect("credentials")
    }
}

impl Leaf {
    pub(crate) fn private(&self) -> PrivateKeyDer<'_> {
        PrivatePkcs8KeyDer::from(self.key.serialized_der()).into()
    }
}

pub(crate) fn domain(name: &str) -> TrustDomain {
    TrustDomain::parse(name).expect("a trust domain")
}
