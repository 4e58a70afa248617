//! Who may ask what of some workloads.

use super::{
    glob::{Glob, InvalidGlob},
    ip_block::IpBlock,
    path_template::PathGlob,
};
use crate::model::{Labels, Line};
use http::HeaderName;
use std::{fmt, sync::Arc};

/// Rules for the requests to some workloads, and what becomes of those that one of them is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationPolicy {
    /// Its namespace; its workloads are there, unless that is the root namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The labels its workloads must have; all workloads of the namespace when empty.
    pub workloads: Labels,
    /// What becomes of a request that a rule is for.
    pub action: AuthorizationAction,
    /// Whether it is only looked at what would become of it.
    pub is_dry_run: bool,
    /// The rules. None is for no request at all.
    pub rules: Vec<AuthorizationRule>,
}

/// What becomes of a request that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationAction {
    /// It passes; those that no rule of any such policy is for do not.
    Allow,
    /// It does not pass.
    Deny,
    /// It is noted.
    Audit,
    /// The extension provider of this name is asked whether it passes.
    Custom(Arc<str>),
}

/// Requests that meet one of the sources, one of the operations and every condition.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationRule {
    /// The line where it starts.
    pub line: Line,
    /// Who sends them: one of these, of which every clause holds; anybody when empty.
    pub sources: Vec<Vec<Clause>>,
    /// What they ask for, in the same way; anything when empty.
    pub operations: Vec<Vec<Clause>>,
    /// What else holds.
    pub conditions: Vec<Clause>,
}

/// Conditions may name what lets somebody in: the value of a header.
impl fmt::Debug for AuthorizationRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRule").field("line", &self.line).finish_non_exhaustive()
    }
}

/// One attribute of a request or its connection, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The calling workload, without `spiffe://`.
    Principal(Among<Glob>),
    /// The calling workload's namespace.
    Namespace(Among<Glob>),
    /// The calling workload's service account.
    ServiceAccount(Among<ServiceAccount>),
    /// The calling workload's trust domain.
    TrustDomain(Among<Glob>),
    /// The address at the other end of the connection.
    SourceIp(Among<IpBlock>),
    /// The address of the client, before all proxies that are trusted.
    RemoteIp(Among<IpBlock>),
    /// The end user, by issuer and subject of the verified token.
    RequestPrincipal(Among<RequestPrincipal>),
    /// Whom the token is for.
    Audience(Among<Glob>),
    /// Who asked for the token.
    Presenter(Among<Glob>),
    /// A claim of the token, by the names that lead to it.
    Claim(Vec<Box<str>>, Among<Glob>),
    /// A header.
    Header(HeaderKey, Among<Glob>),
    /// The host as received, in any letter case.
    Host(Among<Glob>),
    /// The workload's port.
    Port(Among<u16>),
    /// The method.
    Method(Among<Glob>),
    /// The path, without its query.
    Path(Among<PathGlob>),
    /// The workload's own address.
    DestinationIp(Among<IpBlock>),
    /// The server's name in the TLS handshake.
    ServerName(Among<Glob>),
    /// What a filter of Envoy's says, by the whole key. There is none here: a rule that asks for it allows nobody, and
    /// one that denies does not care.
    Filter(Box<str>),
}

/// What an attribute must be, and must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Among<T> {
    /// One of these; anything when empty.
    pub values: Vec<T>,
    /// None of these. One that is not there is none.
    pub not_values: Vec<T>,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

/// An end user, or many.
///
/// Issuer and subject are compared each for itself, so that no subject with a slash passes for another issuer's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestPrincipal {
    /// Who gave the token.
    pub issuer: Glob,
    /// Whose it is.
    pub subject: Glob,
}

/// What a condition on headers looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeaderKey {
    /// `:method`.
    Method,
    /// `:path`, with the query.
    Path,
    /// `:authority`, and `host`.
    Authority,
    /// `:scheme`.
    Scheme,
    /// A header.
    Named(HeaderName),
}

impl Clause {
    /// Whether only HTTP has such an attribute.
    #[must_use]
    pub fn is_http(&self) -> bool {
        match self {
            Self::RequestPrincipal(_)
            | Self::Audience(_)
            | Self::Presenter(_)
            | Self::Claim(..)
            | Self::Header(..)
            | Self::Host(_)
            | Self::Method(_)
            | Self::Path(_) => true,
            Self::Principal(_)
            | Self::Namespace(_)
            | Self::ServiceAccount(_)
            | Self::TrustDomain(_)
            | Self::SourceIp(_)
            | Self::RemoteIp(_)
            | Self::Port(_)
            | Self::DestinationIp(_)
            | Self::ServerName(_)
            | Self::Filter(_) => false,
        }
    }
}

impl Clause {
    /// Pieces of it, none of which fails where it holds: what must be, and each value that must not.
    #[must_use]
    pub fn pieces(&self) -> Vec<Self> {
        match self {
            Self::Principal(among) => among.pieces(Self::Principal),
            Self::Namespace(among) => among.pieces(Self::Namespace),
            Self::ServiceAccount(among) => among.pieces(Self::ServiceAccount),
            Self::TrustDomain(among) => among.pieces(Self::TrustDomain),
            Self::SourceIp(among) => among.pieces(Self::SourceIp),
            Self::RemoteIp(among) => among.pieces(Self::RemoteIp),
            Self::RequestPrincipal(among) => among.pieces(Self::RequestPrincipal),
            Self::Audience(among) => among.pieces(Self::Audience),
            Self::Presenter(among) => among.pieces(Self::Presenter),
            Self::Claim(path, among) => among.pieces(|among| Self::Claim(path.clone(), among)),
            Self::Header(key, among) => among.pieces(|among| Self::Header(key.clone(), among)),
            Self::Host(among) => among.pieces(Self::Host),
            Self::Port(among) => among.pieces(Self::Port),
            Self::Method(among) => among.pieces(Self::Method),
            Self::Path(among) => among.pieces(Self::Path),
            Self::DestinationIp(among) => among.pieces(Self::DestinationIp),
            Self::ServerName(among) => among.pieces(Self::ServerName),
            Self::Filter(key) => vec![Self::Filter(key.clone())],
        }
    }
}

impl<T: Clone> Among<T> {
    fn pieces(&self, make: impl Fn(Self) -> Clause) -> Vec<Clause> {
        let wanted = Self { values: self.values.clone(), not_values: Vec::new() };
        let wanted = Some(wanted).filter(|wanted| !wanted.values.is_empty());
        let unwanted = |value: &T| Self { values: Vec::new(), not_values: vec![value.clone()] };
        wanted.into_iter().chain(self.not_values.iter().map(unwanted)).map(make).collect()
    }
}

impl RequestPrincipal {
    /// Reads `issuer/subject`, with a wildcard at one end.
    ///
    /// # Errors
    /// When it is empty, or has a wildcard where none may be.
    pub fn parse(text: &str) -> Result<Self, InvalidGlob> {
        let exact = |text: &str| Glob::Exact(text.into());
        let or_present = |text: &str, glob: fn(Box<str>) -> Glob| match text {
            "" => Glob::Present,
            text => glob(text.into()),
        };
        let (issuer, subject) = match Glob::parse(text)? {
            Glob::Present => (Glob::Present, Glob::Present),
            // The last slash: an issuer is often a URL.
            Glob::Exact(text) => match text.rsplit_once('/') {
                Some((issuer, subject)) => (exact(issuer), exact(subject)),
                None => (exact(&text), exact("")),
            },
            Glob::Prefix(text) => match text.rsplit_once('/') {
                Some((issuer, subject)) => (exact(issuer), or_present(subject, Glob::Prefix)),
                None => (Glob::Prefix(text), Glob::Present),
            },
            Glob::Suffix(text) => match text.rsplit_once('/') {
                Some((issuer, subject)) => (or_present(issuer, Glob::Suffix), exact(subject)),
                None => (Glob::Present, Glob::Suffix(text)),
            },
        };
        Ok(Self { issuer, subject })
    }
}

impl fmt::Display for RequestPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.issuer, self.subject)
    }
}

impl HeaderKey {
    /// Reads what a key has in its brackets; `None` when that is no header's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            ":method" => Self::Method,
            ":path" => Self::Path,
            ":scheme" => Self::Scheme,
            ":authority" => Self::Authority,
            text if text.eq_ignore_ascii_case("host") => Self::Authority,
            text => Self::Named(HeaderName::try_from(text).ok()?),
        })
    }
}

impl fmt::Display for HeaderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => ":method",
            Self::Path => ":path",
            Self::Authority => ":authority",
            Self::Scheme => ":scheme",
            Self::Named(name) => name.as_str(),
        })
    }
}

impl fmt::Display for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl AuthorizationAction {
    /// Istio's word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
            Self::Audit => "AUDIT",
            Self::Custom(_) => "CUSTOM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_user_is_an_issuer_and_a_subject() {
        let any = Glob::Present;
        let exact = |text: &str| Glob::Exact(text.into());
        for (text, issuer, subject) in [
            ("*", any.clone(), any.clone()),
            ("https://a.example/me", exact("https://a.example"), exact("me")),
            ("a/*", exact("a"), any.clone()),
            ("a/me*", exact("a"), Glob::Prefix("me".into())),
            ("a*", Glob::Prefix("a".into()), any.clone()),
            ("*/me", any.clone(), exact("me")),
            ("*.example/me", Glob::Suffix(".example".into()), exact("me")),
            ("*me", any.clone(), Glob::Suffix("me".into())),
        ] {
            assert_eq!(RequestPrincipal::parse(text), Ok(RequestPrincipal { issuer, subject }), "{text}");
        }
        assert_eq!(RequestPrincipal::parse("*/*"), Err(InvalidGlob::Several));
    }
}
