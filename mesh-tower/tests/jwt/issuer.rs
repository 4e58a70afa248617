//! Issuers of tokens, good ones and others.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

pub(super) const ISSUER: &str = "https://auth.shop.test";
/// The time of all tests, in seconds of Unix time.
pub(super) const NOW: u64 = 1_800_000_000;

/// The clock of all tests.
pub(super) fn clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

/// Whoever has a key.
pub(super) struct Issuer {
    id: &'static str,
    key: EcdsaKeyPair,
}

impl Issuer {
    pub(super) fn new(id: &'static str) -> Self {
        Self { id, key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key") }
    }

    /// Its public key.
    pub(super) fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": base64(&point[1..33]), "y": base64(&point[33..])})
    }

    /// A token with these claims, and the usual header.
    pub(super) fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": "ES256", "kid": self.id}), claims)
    }

    /// A token with another header.
    pub(super) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", base64(signature))
    }
}

/// The keys of issuers, as they publish them.
pub(super) fn jwks(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

/// Claims that are good for another hour, and what differs.
pub(super) fn claims(changes: &Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "sub": "magnus", "exp": NOW + 3600});
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// An RSA key: how it signs, and how it is published.
pub(super) struct Rsa(RsaKeyPair);

impl Rsa {
    pub(super) fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    pub(super) fn jwk(&self) -> Value {
        let key = self.0.public_key();
        let bytes = |part: &[u8]| base64(part);
        json!({
            "kty": "RSA", "kid": "rsa",
            "n": bytes(key.modulus().big_endian_without_leading_zero()),
            "e": bytes(key.exponent().big_endian_without_leading_zero()),
        })
    }

    /// The modulus, which everybody knows.
    pub(super) fn modulus(&self) -> Vec<u8> {
        self.0.public_key().modulus().big_endian_without_leading_zero().to_vec()
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": "rsa"});
        let signed = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("a signature");
        format!("{signed}.{}", base64(signature))
    }
}

/// A token that is authenticated by a secret.
pub(super) fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", base64(tag))
}
