//! Parts of rules for tokens that both dialects have: keys, names, headers.

use super::Site;
use crate::{
    document::Path,
    model::{KeySource, RemoteKeys},
};
use http::{HeaderName, Uri};
use serde_json::Value;
use std::time::Duration;

/// The most bytes of a key set: 1 MiB.
const LARGEST: usize = 1 << 20;

impl Site<'_> {
    /// Where an issuer's keys are: as they are written, or where an address is written, or where the issuer says.
    pub(super) fn key_source(
        &self,
        at: &Path<'_>,
        issuer: &str,
        jwks: &str,
        jwks_uri: &str,
        timeout: Duration,
    ) -> KeySource {
        let remote = |uri| RemoteKeys { uri, timeout };
        let address = (!jwks_uri.is_empty()).then(|| self.key_address(&at.field("jwksUri"), jwks_uri));
        if !jwks.is_empty() {
            self.check_keys(&at.field("jwks"), jwks);
            return KeySource::Inline(jwks.into());
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
    let (scheme, rest) = text.split_once("://").ok_or_else(|| format!("url must have scheme: {text:?}"))?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(format!("URI scheme {scheme:?} is not supported"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    if authority.is_empty() || port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
        return Err(format!("invalid host or port in {text:?}"));
    }
    text.parse().map_err(|error| format!("{text:?} is no URL: {error}"))
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
    ["d", "p", "q"].iter().any(|part| !key[part].is_null())
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
