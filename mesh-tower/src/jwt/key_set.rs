//! The keys of an issuer: JSON Web Key Set (RFC 7517).

use super::{compact::Compact, json::object, key::Key};
use crate::TokenFault;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    fmt,
};

/// The largest key set, in bytes: 1 MiB.
pub const LARGEST_KEY_SET: usize = 1 << 20;
/// The most keys of a set that are looked at: 1,000.
pub const MOST_KEYS: usize = 1000;
/// The most keys that one token is tried with, where it does not name one: 32.
const MOST_TRIES: usize = 32;

/// The keys of an issuer that can be used. Those of other types, and weak ones, are passed over.
///
/// Secrets, with which whoever verifies a token can sign one, count only where there is nothing else. Of different keys
/// with one name none counts.
pub struct KeySet(Vec<Key>);

/// Why something is no key set; `Display` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidKeySet {
    /// It is larger than 1 MiB.
    TooLarge,
    /// It has more than 1,000 keys.
    TooMany,
    /// It is no JSON object with a list of keys.
    NoKeys,
    /// No key of it can be used.
    NoneUsable,
}

impl fmt::Display for InvalidKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the key set is larger than 1 MiB",
            Self::TooMany => "the key set has more than 1000 keys",
            Self::NoKeys => "this is no key set: an object with a list of keys",
            Self::NoneUsable => "no key of the set can be used to verify tokens",
        })
    }
}

impl std::error::Error for InvalidKeySet {}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// When it is none, is too large, or has no key that can be used.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKeySet> {
        if text.len() > LARGEST_KEY_SET {
            return Err(InvalidKeySet::TooLarge);
        }
        let set = object(text).ok_or(InvalidKeySet::NoKeys)?;
        let written = set.get("keys").and_then(Value::as_array).ok_or(InvalidKeySet::NoKeys)?;
        if written.len() > MOST_KEYS {
            return Err(InvalidKeySet::TooMany);
        }
        let mistakable = mistakable(written);
        let keys = written.iter().filter(|key| !mistakable.contains(&name(key)));
        let keys: Vec<Key> = keys.filter_map(|key| Key::read(key.as_object()?)).collect();
        let has_public = keys.iter().any(|key| !key.is_secret());
        let usable: Vec<Key> = keys.into_iter().filter(|key| !(has_public && key.is_secret())).collect();
        if usable.is_empty() { Err(InvalidKeySet::NoneUsable) } else { Ok(Self(usable)) }
    }

    /// Verifies the signature of a token in JWS's compact form, and gives its payload; what that says is not looked at.
    ///
    /// # Errors
    /// Why it is not by one of these keys.
    pub fn verify(&self, token: &str) -> Result<Vec<u8>, TokenFault> {
        let token = Compact::parse(token)?;
        self.check(&token)?;
        token.payload()
    }

    /// Verifies a token's signature: by the key that it names, or by whichever it can be.
    pub(super) fn check(&self, token: &Compact<'_>) -> Result<(), TokenFault> {
        let mut candidates = self.0.iter().filter(|key| key.may_verify(token)).peekable();
        if candidates.peek().is_none() {
            return Err(TokenFault::NoKey);
        }
        let mut fitting = candidates.filter(|key| key.goes_with(token)).take(MOST_TRIES);
        if fitting.any(|key| key.verifies(token)) { Ok(()) } else { Err(TokenFault::Signature) }
    }

    /// Whether a key has the name that a token asks for.
    pub(super) fn names(&self, token: &Compact<'_>) -> bool {
        token.key_id.is_some() && self.0.iter().any(|key| key.id == token.key_id)
    }
}

/// The name of a key among those of its type.
type Name<'a> = (Option<&'a str>, Option<&'a str>);

fn name(key: &Value) -> Name<'_> {
    (key["kty"].as_str(), key["kid"].as_str().filter(|id| !id.is_empty()))
}

/// The names that different keys of one type have.
fn mistakable(written: &[Value]) -> HashSet<Name<'_>> {
    let parts = |key: &'_ Value| ["n", "e", "crv", "x", "y", "k"].map(|part| key[part].clone());
    let mut first: HashMap<Name<'_>, [Value; 6]> = HashMap::new();
    let named = written.iter().filter(|key| name(key).1.is_some());
    let differing = named.filter(|key| {
        let parts = parts(key);
        *first.entry(name(key)).or_insert_with(|| parts.clone()) != parts
    });
    differing.map(name).collect()
}

/// Some keys are secrets.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.0.len()).finish_non_exhaustive()
    }
}
