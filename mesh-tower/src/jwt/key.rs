//! One key of an issuer: JSON Web Key (RFC 7517, RFC 7518, RFC 8037).

use super::{
    algorithm::{Algorithm, Bits},
    compact::{Compact, decode},
    roca,
};
use aws_lc_rs::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
        RsaPublicKeyComponents, VerificationAlgorithm,
    },
};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// A key that verifies signatures.
pub(super) struct Key {
    pub(super) id: Option<Box<str>>,
    /// The one algorithm that it is for; any that goes with its type when `None`.
    algorithm: Option<Algorithm>,
    material: Material,
}

enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Curve(Bits, ParsedPublicKey),
    Edwards(ParsedPublicKey),
    Secret(Zeroizing<Vec<u8>>),
}

/// The shortest modulus of RSA that still counts, in bits, and the longest.
const MODULUS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The shortest secret that counts, in bytes: that of the shortest hash.
const SHORTEST_SECRET: usize = 32;

impl Key {
    /// Reads a key. `None` when it is not for signatures, or weak, or of a type that nobody here knows.
    pub(super) fn read(written: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| written.get(name).map(|value| value.as_str());
        if text("use").is_some_and(|purpose| purpose != Some("sig")) || !is_for_verifying(written) {
            return None;
        }
        let material = Material::read(text("kty")??, written)?;
        let algorithm = match text("alg") {
            None => None,
            // Some issuers, and RFC 7520 itself, name the algorithm after its curve.
            Some(Some("ES521")) => Some(Algorithm::Es(Bits::B512)),
            Some(name) => Some(Algorithm::parse(name?)?),
        };
        if algorithm.is_some_and(|algorithm| !material.is_for(algorithm)) {
            return None;
        }
        let id = match text("kid") {
            None => None,
            Some(id) => Some(id?).filter(|id| !id.is_empty()).map(Into::into),
        };
        Some(Self { id, algorithm, material })
    }

    /// Whether it may be the one that a token is signed with, by its name and its algorithm.
    pub(super) fn may_verify(&self, token: &Compact<'_>) -> bool {
        let is_named = match (&self.id, &token.key_id) {
            (Some(own), Some(asked)) => own == asked,
            _ => true,
        };
        is_named && self.algorithm.is_none_or(|own| own == token.algorithm)
    }

    /// Whether it goes with a token's algorithm: a secret never verifies what is to be signed by a private key, nor the
    /// other way round.
    pub(super) fn goes_with(&self, token: &Compact<'_>) -> bool {
        self.material.is_for(token.algorithm)
    }

    /// Whether the signature of a token is by this key.
    pub(super) fn verifies(&self, token: &Compact<'_>) -> bool {
        let (signed, signature) = (token.signed.as_bytes(), token.signature.as_slice());
        match &self.material {
            Material::Rsa { modulus, exponent } => token.algorithm.rsa().is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, signed, signature).is_ok()
            }),
            Material::Curve(_, key) | Material::Edwards(key) => {
                self.goes_with(token) && key.verify_sig(signed, signature).is_ok()
            }
            Material::Secret(secret) => token.algorithm.hmac().is_some_and(|algorithm| {
                let key = hmac::Key::new(algorithm, secret);
                self.goes_with(token) && hmac::verify(&key, signed, signature).is_ok()
            }),
        }
    }

    /// Whether whoever can verify with it can sign, too.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }
}

/// Whether nothing says that it is for something else.
fn is_for_verifying(written: &Map<String, Value>) -> bool {
    match written.get("key_ops") {
        None => true,
        Some(Value::Array(uses)) => uses.iter().any(|of| matches!(of.as_str(), Some("verify" | "sign"))),
        Some(_) => false,
    }
}

impl Material {
    fn read(kind: &str, written: &Map<String, Value>) -> Option<Self> {
        let part = |name: &str| decode(written.get(name)?.as_str()?);
        match kind {
            "RSA" => Self::rsa(part("n")?, part("e")?),
            "EC" => Self::curve(written.get("crv")?.as_str()?, &part("x")?, &part("y")?),
            "OKP" if written.get("crv")?.as_str()? == "Ed25519" => {
                Some(Self::Edwards(ParsedPublicKey::new(&ED25519, part("x")?).ok()?))
            }
            "oct" => {
                let secret = part("k").map(Zeroizing::new);
                secret.filter(|secret| secret.len() >= SHORTEST_SECRET).map(Self::Secret)
            }
            _ => None,
        }
    }

    fn rsa(modulus: Vec<u8>, exponent: Vec<u8>) -> Option<Self> {
        let plain = |mut number: Vec<u8>| {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            number.drain(..zeros);
            number
        };
        let (modulus, exponent) = (plain(modulus), plain(exponent));
        let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
        // By an exponent of 1 everything is its own signature.
        let is_odd = exponent.last()? % 2 == 1 && exponent != [1] && exponent.len() <= 8;
        let is_sound = MODULUS.contains(&bits) && is_odd && !roca::is_weak(&modulus);
        is_sound.then_some(Self::Rsa { modulus, exponent })
    }

    fn curve(name: &str, x: &[u8], y: &[u8]) -> Option<Self> {
        let (bits, length, algorithm): (_, _, &'static dyn VerificationAlgorithm) = match name {
            "P-256" => (Bits::B256, 32, &ECDSA_P256_SHA256_FIXED),
            "P-384" => (Bits::B384, 48, &ECDSA_P384_SHA384_FIXED),
            "P-521" => (Bits::B512, 66, &ECDSA_P521_SHA512_FIXED),
            _ => return None,
        };
        if x.len() != length || y.len() != length {
            return None;
        }
        // A point as SEC 1 writes it, uncompressed.
        let point = [&[4], x, y].concat();
        Some(Self::Curve(bits, ParsedPublicKey::new(algorithm, point).ok()?))
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            (Self::Rsa { .. }, Algorithm::Rs(_) | Algorithm::Ps(_)) => true,
            (Self::Curve(own, _), Algorithm::Es(bits)) => *own == bits,
            (Self::Edwards(_), Algorithm::EdDsa) => true,
            // A secret that is shorter than the hash is easier to guess than to break (RFC 7518, 3.2).
            (Self::Secret(secret), Algorithm::Hs(bits)) => secret.len() >= bits.bytes(),
            _ => false,
        }
    }
}
