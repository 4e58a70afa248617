//! Issuers of tokens.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign, jwk::Jwk};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData,
};
use serde_json::{Value, json};

/// Whoever signs tokens by one key.
pub(crate) struct Issuer {
    /// As tokens name it.
    pub(crate) name: &'static str,
    /// The key as it is published.
    pub(crate) jwk: Value,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Issuer {
    /// One that signs with an algorithm, by a key of this id.
    pub(crate) fn new(name: &'static str, key_id: &str, algorithm: Algorithm) -> Self {
        let (kind, read): (_, fn(&[u8]) -> _) = match algorithm {
            Algorithm::ES256 => (&PKCS_ECDSA_P256_SHA256, EncodingKey::from_ec_pem),
            Algorithm::ES384 => (&PKCS_ECDSA_P384_SHA384, EncodingKey::from_ec_pem),
            Algorithm::RS256 => (&PKCS_RSA_SHA256, EncodingKey::from_rsa_pem),
            Algorithm::EdDSA => (&PKCS_ED25519, EncodingKey::from_ed_pem),
            other => panic!("no issuer here signs with {other:?}"),
        };
        let pair = KeyPair::generate_for(kind).expect("a key");
        let key = read(pair.serialize_pem().as_bytes()).expect("a key");
        let mut jwk = match algorithm {
            // The pair is written with its public half, which Jwk does not understand.
            Algorithm::EdDSA => {
                json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": base64(pair.der_bytes())})
            }
            _ => json!(Jwk::from_encoding_key(&key, algorithm).expect("a public key")),
        };
        jwk["kid"] = json!(key_id);
        Self { name, jwk, algorithm, key }
    }

    /// A token with these claims, given by this issuer.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let mut claims = claims.clone();
        claims["iss"] = json!(self.name);
        self.sign(&self.header(), &claims)
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm, "kid": self.jwk["kid"]})
    }

    /// A token of this header and payload, whatever they are.
    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        let signed = format!("{}.{}", base64(header.to_string()), base64(payload.to_string()));
        let signature = sign(signed.as_bytes(), &self.key, self.algorithm).expect("a signature");
        format!("{signed}.{signature}")
    }
}

/// The keys of issuers, as a document holds them.
pub(crate) fn jwks<'a>(keys: impl IntoIterator<Item = &'a Value>) -> String {
    json!({"keys": keys.into_iter().collect::<Vec<_>>()}).to_string()
}

/// In base64 for URLs.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
