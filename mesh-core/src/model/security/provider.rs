//! Services that are asked whether requests may pass, or how many.

use crate::model::Host;
use http::{HeaderName, HeaderValue, StatusCode};
use std::{fmt, sync::Arc, time::Duration};

/// A service that is asked about requests before they pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedService {
    /// Its namespace, if it was said.
    pub namespace: Option<Arc<str>>,
    /// Its full name.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

/// A service that is asked whether requests may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtAuthz {
    /// Its name, by which policies ask for it.
    pub name: Arc<str>,
    /// Where it is.
    pub service: AskedService,
    /// What it is asked by.
    pub protocol: ExtAuthzProtocol,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether requests pass when it cannot be asked.
    pub fails_open: bool,
    /// The status of those that then do not pass.
    pub status_on_error: StatusCode,
    /// What it is told of a request's body; nothing when `None`.
    pub body: Option<CheckedBody>,
}

/// What an authorization service is asked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtAuthzProtocol {
    /// A request of HTTP that resembles the one that is asked about.
    Http(Box<HttpCheck>),
    /// A call of `envoy.service.auth.v3.Authorization/Check`.
    Grpc,
}

/// How an authorization service is asked over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpCheck {
    /// What comes before the path of a request that is asked about.
    pub path_prefix: Box<str>,
    /// The headers of the request that it is told besides `authorization`.
    pub told: HeaderNames,
    /// Further headers that it is told.
    pub added: Vec<(HeaderName, HeaderValue)>,
    /// Those of its headers that a request which may pass takes along.
    pub to_upstream: HeaderNames,
    /// Those of its headers that a client is told whose request may not pass; all when `None`.
    pub to_refused: Option<HeaderNames>,
    /// Those of its headers that a client is told whose request may pass.
    pub to_allowed: HeaderNames,
}

/// What an authorization service is told of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedBody {
    /// How many bytes of it at most.
    pub most: usize,
    /// Whether the beginning of a longer body will do; if not, requests with a longer body do not pass.
    pub may_be_partial: bool,
    /// Whether gRPC has it as bytes and not as text.
    pub is_bytes: bool,
}

/// Names of headers: some of them by their beginning or their end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderNames(Box<[NamePattern]>);

/// A name of headers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePattern {
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
}

impl HeaderNames {
    /// These names in any letter case: `abc`, `abc*`, `*abc`, or `*` for all.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let pattern = |name: &str| {
            let name = name.to_ascii_lowercase();
            match (name.strip_suffix('*'), name.strip_prefix('*')) {
                (Some(prefix), _) => NamePattern::Prefix(prefix.into()),
                (None, Some(suffix)) => NamePattern::Suffix(suffix.into()),
                (None, None) => NamePattern::Exact(name.into()),
            }
        };
        Self(names.into_iter().map(pattern).collect())
    }

    /// Whether a header is one of them.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|pattern| match pattern {
            NamePattern::Exact(exact) => name.as_str() == &**exact,
            NamePattern::Prefix(prefix) => name.as_str().starts_with(&**prefix),
            NamePattern::Suffix(suffix) => name.as_str().ends_with(&**suffix),
        })
    }
}

/// As an authority: `host:port`.
impl fmt::Display for AskedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.as_str().contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_named_whole_or_by_one_of_its_ends() {
        let names = HeaderNames::new(["X-Whole", "x-begin-*", "*-end"]);
        for (name, is_named) in [
            ("x-whole", true),
            ("x-whole-not", false),
            ("x-begin-a", true),
            ("x-begin", false),
            ("the-end", true),
            ("end", false),
        ] {
            assert_eq!(names.contains(&HeaderName::from_static(name)), is_named, "{name}");
        }
        assert!(HeaderNames::new(["*"]).contains(&HeaderName::from_static("x")));
        assert!(!HeaderNames::default().contains(&HeaderName::from_static("x")));
    }
}
