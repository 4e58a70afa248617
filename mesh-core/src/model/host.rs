//! Host names and the patterns that routes use for them.

use std::{borrow::Borrow, fmt, sync::Arc};

/// A host name: lower case, no port, no trailing dot, at most 253 characters of DNS labels (or an IP address).
///
/// The name of a service may also be a wildcard, `*.example.com`; only [`HostPattern::to_name`] makes those.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Arc<str>);

/// Why a text is not a host name; `Display` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidHost(String);

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidHost {}

impl Host {
    /// Parses a host name in any case, with or without a trailing dot.
    ///
    /// # Errors
    /// When it is empty, too long, or has a label that is not letters, digits, `-` and `_`, or a top label of digits.
    pub fn parse(text: &str) -> Result<Self, InvalidHost> {
        // Few names look like an address, and the others are spared the parsing.
        let may_be_ip = text.contains(':') || text.starts_with(|c: char| c.is_ascii_digit());
        if may_be_ip && text.parse::<std::net::IpAddr>().is_ok() {
            return Ok(Self(text.to_ascii_lowercase().into()));
        }
        Self::parse_name(text)
    }

    /// As [`Host::parse`], and no IP address.
    fn parse_name(text: &str) -> Result<Self, InvalidHost> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let refuse = |why: &str| Err(InvalidHost(format!("domain name {text:?} invalid ({why})")));
        if name.is_empty() {
            return refuse("it is empty");
        }
        if name.len() > 253 {
            return refuse("it is longer than 253 characters");
        }
        for label in name.split('.') {
            let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            if label.is_empty() || label.len() > 63 || !label.bytes().all(inner) {
                return refuse(&format!("label {label:?} must be 1 to 63 letters, digits and '-'"));
            }
            if label.starts_with('-') || label.ends_with('-') {
                return refuse(&format!("label {label:?} must not start or end with '-'"));
            }
        }
        let top = name.rsplit('.').next().unwrap_or(name);
        if top.bytes().all(|b| b.is_ascii_digit()) {
            return refuse(&format!("top level domain {top:?} cannot be all-numeric"));
        }
        Ok(Self(name.to_ascii_lowercase().into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hosts that the name stands for: itself alone, unless it is a wildcard.
    #[must_use]
    pub fn to_pattern(&self) -> HostPattern {
        match self.0.strip_prefix('*') {
            None => HostPattern::Exact(self.clone()),
            Some("") => HostPattern::Any,
            Some(suffix) => HostPattern::Suffix(suffix.into()),
        }
    }
}

impl Borrow<str> for Host {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host name, or a wildcard for many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This host alone.
    Exact(Host),
    /// Every host that ends in this: `.example.com` for `*.example.com`. Lower case, starting with a dot.
    Suffix(Arc<str>),
    /// Every host: `*`.
    Any,
}

impl HostPattern {
    /// Parses `name`, `*.suffix` or `*`.
    ///
    /// # Errors
    /// When the name, or what follows the wildcard, is no host name; an IP address has no subdomains.
    pub fn parse(text: &str) -> Result<Self, InvalidHost> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match text.strip_prefix("*.") {
            Some(suffix) => Ok(Self::Suffix(format!(".{}", Host::parse_name(suffix)?).into())),
            None => Host::parse(text).map(Self::Exact),
        }
    }

    /// The name of a service for all of these hosts.
    #[must_use]
    pub fn to_name(&self) -> Host {
        match self {
            Self::Exact(host) => host.clone(),
            Self::Suffix(_) | Self::Any => Host(self.to_string().into()),
        }
    }

    /// Whether a host, in lower case, is one of those meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name.as_str() == host,
            Self::Suffix(suffix) => host.len() > suffix.len() && host.ends_with(&**suffix),
            Self::Any => true,
        }
    }

    /// Whether every host of `other` is one of this pattern's.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (_, Self::Any) => false,
            (Self::Exact(name), Self::Exact(other)) => name == other,
            (Self::Exact(_), Self::Suffix(_)) => false,
            (Self::Suffix(_), Self::Exact(host)) => self.matches(host.as_str()),
            (Self::Suffix(suffix), Self::Suffix(other)) => other.ends_with(&**suffix),
        }
    }

    /// The narrower of two patterns, if one covers the other.
    #[must_use]
    pub fn narrower<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        if self.covers(other) {
            Some(other)
        } else if other.covers(self) {
            Some(self)
        } else {
            None
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => host.fmt(f),
            Self::Suffix(suffix) => write!(f, "*{suffix}"),
            Self::Any => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_what_is_below_it_and_not_itself() {
        let wild = HostPattern::parse("*.example.com").unwrap();
        assert!(wild.matches("a.example.com") && wild.matches("a.b.example.com"));
        assert!(!wild.matches("example.com") && !wild.matches("badexample.com"));
        assert!(wild.covers(&HostPattern::parse("*.b.example.com").unwrap()));
        assert!(!wild.covers(&HostPattern::Any));
    }

    #[test]
    fn nonsense_is_no_host() {
        for text in ["", ".", "a..b", "-a.b", "a b", "foo.123", &"a".repeat(64), "*.", "*.*.com", "a:80"] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
        assert_eq!(Host::parse("Product.").unwrap().as_str(), "product");
    }

    #[test]
    fn an_address_is_a_host_and_has_none_below_it() {
        for address in ["10.0.0.1", "::1"] {
            assert!(HostPattern::parse(address).is_ok());
            assert!(HostPattern::parse(&format!("*.{address}")).is_err(), "{address}");
        }
    }
}
