//! A signed token, taken apart: JSON Web Signature in its compact form (RFC 7515).

use super::{algorithm::Algorithm, json::object};
use crate::TokenFault;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The longest token, in bytes: 16 KiB.
pub const LONGEST_TOKEN: usize = 16 * 1024;

/// The parts of a token. Nothing of it is true before its signature is verified.
pub(super) struct Compact<'a> {
    /// All of it.
    pub(super) text: &'a str,
    /// What is signed.
    pub(super) signed: &'a str,
    /// The payload in base64url.
    pub(super) payload: &'a str,
    /// How it is signed.
    pub(super) algorithm: Algorithm,
    /// The name of the key that it is signed with.
    pub(super) key_id: Option<Box<str>>,
    pub(super) signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a token apart. Base64 is read strictly: no padding, no space, no bit that means nothing.
    ///
    /// Of the header only `alg`, `kid` and `crit` are looked at. Keys that a token brings along, or says where to find
    /// (`jwk`, `jku`, `x5c`, `x5u`), are whoever sent it's.
    pub(super) fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > LONGEST_TOKEN {
            return Err(TokenFault::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Format)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenFault::Format)?;
        if payload.contains('.') || header.is_empty() || signature.is_empty() {
            return Err(TokenFault::Format);
        }
        let header = decode(header).ok_or(TokenFault::HeaderBase64)?;
        let mut header = object(&header).ok_or(TokenFault::HeaderJson)?;
        let algorithm = header.get("alg").and_then(|name| name.as_str()).ok_or(TokenFault::NoAlgorithm)?;
        let algorithm = Algorithm::parse(algorithm).ok_or(TokenFault::UnknownAlgorithm)?;
        if header.contains_key("crit") {
            return Err(TokenFault::Critical);
        }
        let key_id = match header.remove("kid") {
            None => None,
            Some(serde_json::Value::String(id)) => (!id.is_empty()).then(|| id.into()),
            Some(_) => return Err(TokenFault::KeyId),
        };
        let signature = decode(signature).ok_or(TokenFault::SignatureBase64)?;
        Ok(Self { text, signed, payload, algorithm, key_id, signature })
    }

    /// The bytes of the payload.
    pub(super) fn payload(&self) -> Result<Vec<u8>, TokenFault> {
        decode(self.payload).ok_or(TokenFault::PayloadBase64)
    }
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
