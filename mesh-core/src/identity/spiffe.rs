//! SPIFFE ids, parsed and compared strictly.

use std::{borrow::Borrow, fmt, sync::Arc};

/// The longest SPIFFE id, in bytes: the specification's bound.
const LONGEST: usize = 2048;
/// The longest trust domain, in bytes: the specification's bound.
const LONGEST_DOMAIN: usize = 255;
const SCHEME: &str = "spiffe://";

/// The name of a group of workloads that share certificate authorities: lower-case letters, digits, `.`, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Arc<str>);

/// Who a workload is: `spiffe://<trust domain>/<path>`, which for Istio is `ns/<namespace>/sa/<service account>`.
///
/// Two ids are the same when their bytes are. Source: the SPIFFE-ID specification.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId {
    text: Arc<str>,
    /// Where the path starts, at its slash; the end when there is none.
    path: u16,
}

/// Why something is no SPIFFE id, or no trust domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSpiffeId {
    /// It does not begin with `spiffe://`.
    Scheme,
    /// The trust domain is empty, too long, or has other letters than it may have.
    TrustDomain,
    /// The path has an empty or a dot segment, ends in a slash, or has other letters than it may have.
    Path,
    /// It is longer than 2,048 bytes.
    Length,
}

impl fmt::Display for InvalidSpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "a SPIFFE id begins with spiffe://",
            Self::TrustDomain => {
                "a trust domain has 1 to 255 lower-case letters, digits, dots, dashes and underscores"
            }
            Self::Path => {
                "the path of a SPIFFE id has segments of letters, digits, dots, dashes and underscores, none of them empty, . or .."
            }
            Self::Length => "a SPIFFE id has at most 2048 bytes",
        })
    }
}

impl std::error::Error for InvalidSpiffeId {}

impl TrustDomain {
    /// Reads one.
    ///
    /// # Errors
    /// When it is empty, too long, or has letters that it may not have.
    pub fn parse(text: &str) -> Result<Self, InvalidSpiffeId> {
        let is_valid = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        let is_whole = !text.is_empty() && text.len() <= LONGEST_DOMAIN && text.bytes().all(is_valid);
        if is_whole { Ok(Self(text.into())) } else { Err(InvalidSpiffeId::TrustDomain) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TrustDomain {
    /// Istio's: `cluster.local`.
    fn default() -> Self {
        Self("cluster.local".into())
    }
}

/// A trust domain is found by its text.
impl Borrow<str> for TrustDomain {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SpiffeId {
    /// Reads one.
    ///
    /// # Errors
    /// What of it is wrong; nothing is corrected.
    pub fn parse(text: &str) -> Result<Self, InvalidSpiffeId> {
        if text.len() > LONGEST {
            return Err(InvalidSpiffeId::Length);
        }
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidSpiffeId::Scheme)?;
        let domain = rest.split('/').next().unwrap_or_default();
        TrustDomain::parse(domain)?;
        let path = SCHEME.len() + domain.len();
        if text.len() > path && !text[path + 1..].split('/').all(is_segment) {
            return Err(InvalidSpiffeId::Path);
        }
        let path = u16::try_from(path).map_err(|_| InvalidSpiffeId::Length)?;
        Ok(Self { text: text.into(), path })
    }

    /// The id of a workload as Istio names it.
    ///
    /// # Errors
    /// When the namespace or the account cannot be a part of a path.
    pub fn of_workload(
        domain: &TrustDomain,
        namespace: &str,
        account: &str,
    ) -> Result<Self, InvalidSpiffeId> {
        Self::parse(&format!("{SCHEME}{domain}/ns/{namespace}/sa/{account}"))
    }

    /// The whole id, `spiffe://` included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id without `spiffe://`, as Istio's policies write principals.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.text[SCHEME.len()..]
    }

    /// The trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.text[SCHEME.len()..usize::from(self.path)]
    }

    /// The path with its first slash; empty when there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[usize::from(self.path)..]
    }

    /// The namespace and the service account, if the id has Istio's form.
    #[must_use]
    pub fn workload(&self) -> Option<(&str, &str)> {
        let (namespace, account) = self.path().strip_prefix("/ns/")?.split_once("/sa/")?;
        let is_whole = !namespace.contains('/') && !account.contains('/');
        is_whole.then_some((namespace, account))
    }

    /// The id itself, and the same workload's in each of these trust domains, if the id has Istio's form.
    pub fn by_all_names(self, domains: &[TrustDomain]) -> impl Iterator<Item = Self> + use<> {
        let workload = self.workload();
        let others = workload.into_iter().flat_map(|(namespace, account)| {
            domains.iter().filter_map(move |domain| Self::of_workload(domain, namespace, account).ok())
        });
        let others: Vec<_> = others.filter(|other| *other != self).collect();
        std::iter::once(self).chain(others)
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_segment(segment: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_apart() {
        let id = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/product").unwrap();
        assert_eq!(id.trust_domain(), "cluster.local");
        assert_eq!(id.path(), "/ns/shop/sa/product");
        assert_eq!(id.principal(), "cluster.local/ns/shop/sa/product");
        assert_eq!(id.workload(), Some(("shop", "product")));
        let bare = SpiffeId::parse("spiffe://td").unwrap();
        assert_eq!((bare.trust_domain(), bare.path(), bare.workload()), ("td", "", None));
    }

    #[test]
    fn nothing_is_corrected() {
        for (text, expected) in [
            ("SPIFFE://td/a", InvalidSpiffeId::Scheme),
            ("https://td/a", InvalidSpiffeId::Scheme),
            ("spiffe:///a", InvalidSpiffeId::TrustDomain),
            ("spiffe://TD/a", InvalidSpiffeId::TrustDomain),
            ("spiffe://td:80/a", InvalidSpiffeId::TrustDomain),
            ("spiffe://user@td/a", InvalidSpiffeId::TrustDomain),
            ("spiffe://td/", InvalidSpiffeId::Path),
            ("spiffe://td/a/", InvalidSpiffeId::Path),
            ("spiffe://td/a//b", InvalidSpiffeId::Path),
            ("spiffe://td/a/../b", InvalidSpiffeId::Path),
            ("spiffe://td/a?b", InvalidSpiffeId::Path),
            ("spiffe://td/%61", InvalidSpiffeId::Path),
        ] {
            assert_eq!(SpiffeId::parse(text), Err(expected), "{text}");
        }
        assert_eq!(
            SpiffeId::parse(&format!("spiffe://td/{}", "a".repeat(2048))),
            Err(InvalidSpiffeId::Length)
        );
    }
}
