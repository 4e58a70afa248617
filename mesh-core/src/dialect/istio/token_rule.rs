//! Parts of rules for tokens that both dialects have: keys, names, headers.

use super::Site;
use crate::{
    document::{Path, TokenIssuer},
    model::{KeySource, RemoteKeys},
};
use http::{HeaderName, Uri};
use serde_json::Value;
use std::time::Duration;

/// The most bytes of a key set: 1 MiB.
const LARGEST: usize = 1 << 20;

/// Whose tokens a rule is for.
pub(super) struct Issuer {
    /// Anybody whose key it is when `None`.
    pub(super) name: Option<Box<str>>,
    /// Anybody when empty.
    pub(super) audiences: Vec<Box<str>>,
}

impl Site<'_> {
    /// Whose tokens a rule is for.
    pub(super) fn issuer(&self, at: &Path<'_>, written: &TokenIssuer) -> Issuer {
        self.named(&at.field("audiences"), &written.audiences, "audience must be non-empty string");
        Issuer {
            name: Some(written.name.as_str()).filter(|name| !name.is_empty()).map(Into::into),
            audiences: written.audiences.iter().map(|audience| audience.as_str().into()).collect(),
        }
    }

    /// Where an issuer's keys are: as they are written, or where an address is written, or where the issuer says.
    pub(super) fn key_source(
        &self,
        at: &Path<'_>,
        TokenIssuer { name: issuer, jwks, jwks_uri, .. }: &TokenIssuer,
        timeout: Duration,
    ) -> KeySource {
        let remote = |uri| RemoteKeys { uri, timeout };
        let address = (!jwks_uri.is_empty()).then(|| self.key_address(&at.field("jwksUri"), jwks_uri));
        if !jwks.is_empty() {
            self.check_keys(&at.field("jwks"), jwks);
            return KeySource::Inline(jwks.as_str().into());
        }
        if let Some(address) = address {
            return address.map_or(KeySource::Unknown, |uri| KeySource::At(remote(uri)));
        }
        let well_known = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        match parse_address(&well_known) {
            Ok(uri) => KeySource::Discovered(remote(uri)),
            Err(_) => {
                let reason = format!("nobody can tell where the keys of {issuer} are, so no token is good");
                self.check.warn(at, reason, "write jwksUri or jwks");
                KeySource::Unknown
            }
        }
    }

    fn key_address(&self, at: &Path<'_>, text: &str) -> Option<Uri> {
        self.check.accept(at, parse_address(text))
    }

    /// Refuses what is no key set; warns of keys that nobody but their owner should have.
    fn check_keys(&self, at: &Path<'_>, text: &str) {
        if text.len() > LARGEST {
            return self.check.refuse(at, "jwks parse error: it has more than 1 MiB");
        }
        match key_set(text) {
            Ok(keys) if keys.iter().any(is_private) => {
                let reason = "holds a private key, which whoever reads the document can sign tokens with";
                self.check.warn(at, reason, "write the public key alone, and replace this one");
            }
            Ok(_) => {}
            Err(reason) => self.check.refuse(at, format!("jwks parse error: {reason}")),
        }
    }

    /// Refuses empty names.
    pub(super) fn named(&self, at: &Path<'_>, names: &[String], reason: &str) {
        for (index, _) in names.iter().enumerate().filter(|(_, name)| name.is_empty()) {
            self.check.refuse(&at.index(index), reason);
        }
    }

    /// The header of a name.
    pub(super) fn header_name(&self, at: &Path<'_>, name: &str) -> Option<HeaderName> {
        let header = HeaderName::from_bytes(name.as_bytes());
        self.check.accept(at, header.map_err(|_| format!("header name {name:?} is not a valid header name")))
    }
}

fn parse_address(text: &str) -> Result<Uri, String> {
    let address = address_of(text);
    let (scheme, rest) =
        text.split_once("://").ok_or_else(|| format!("url must have scheme: {address:?}"))?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(format!("URI scheme {scheme:?} is not supported"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    if authority.is_empty() || port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
        return Err(format!("invalid host or port in {address:?}"));
    }
    text.parse().map_err(|error| format!("{address:?} is no URL: {error}"))
}

/// An address without what may let us ask: its query, and a user's part before its host.
fn address_of(text: &str) -> String {
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("://").map_or(("", plain), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{path}")
}

fn key_set(text: &str) -> Result<Vec<Value>, String> {
    let set: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match &set["keys"] {
        Value::Array(keys) if keys.iter().all(Value::is_object) => Ok(keys.clone()),
        Value::Null => Err("it does not have keys".to_owned()),
        _ => Err("keys is no list of keys".to_owned()),
    }
}

fn is_private(key: &Value) -> bool {
    ["d", "p", "q", "k"].iter().any(|part| !key[part].is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_keys_is_http_with_a_host_and_perhaps_a_port() {
        for text in ["http://a/keys", "https://a.b:8443/keys?x=y", "https://[::1]:80/", "HTTPS://a"] {
            assert!(parse_address(text).is_ok(), "{text}");
        }
        for text in ["a.b/keys", "ftp://a/keys", "https://a:port", "https:///keys", "https://a b/", "hTPp\\b"]
        {
            assert!(parse_address(text).is_err(), "{text}");
        }
    }
}
