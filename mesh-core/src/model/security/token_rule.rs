//! Which tokens are good, and what becomes of them.

use http::{HeaderName, Uri};
use std::{fmt, sync::Arc, time::Duration};

/// Tokens of one issuer: where requests carry them, by which keys they are good, and what the service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRule {
    /// Who gives them: the claim `iss`. Anybody who has one of the keys when `None`.
    pub issuer: Option<Box<str>>,
    /// Whom they are for: one of these is in the claim `aud`. Anybody when empty.
    pub audiences: Vec<Box<str>>,
    /// Where the issuer's keys are.
    pub keys: KeySource,
    /// Where requests carry them, in the order in which they are looked for. Never empty.
    pub places: Vec<TokenPlace>,
    /// The header that tells the service what a token says, as it came.
    pub payload_header: Option<HeaderName>,
    /// The headers that tell the service one claim each.
    pub claim_headers: Vec<ClaimHeader>,
    /// Whether the service gets the token too.
    pub forwards: bool,
    /// The claims that are lists written with spaces between.
    pub lists: Vec<Box<str>>,
}

impl TokenRule {
    /// The claims that are such lists for everybody.
    pub const LISTS: [&str; 2] = ["scope", "permission"];
    /// The time that keys may take to arrive, where nobody says.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Where tokens are looked for where nobody says.
    #[must_use]
    pub fn usual_places() -> Vec<TokenPlace> {
        let header = TokenPlace::Header { name: http::header::AUTHORIZATION, prefix: Some("Bearer ".into()) };
        vec![header, TokenPlace::Parameter("access_token".into())]
    }

    /// The headers that only the mesh itself may give the service.
    pub fn told_headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.payload_header.iter().chain(self.claim_headers.iter().map(|told| &told.name))
    }
}

/// Where an issuer's keys are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// Here, as a JSON Web Key Set.
    Inline(Arc<str>),
    /// At this address.
    At(RemoteKeys),
    /// Where the issuer's OpenID configuration says, which is at this address.
    Discovered(RemoteKeys),
    /// Nowhere that anybody could tell: no token is good.
    Unknown,
}

/// An address that is asked for keys.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RemoteKeys {
    /// The address: `http` or `https`.
    pub uri: Uri,
    /// The time that the answer may take.
    pub timeout: Duration,
}

/// Keys may be secrets, with which whoever verifies tokens can sign them.
impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Inline"),
            Self::At(keys) => f.debug_tuple("At").field(keys).finish(),
            Self::Discovered(keys) => f.debug_tuple("Discovered").field(keys).finish(),
            Self::Unknown => f.write_str("Unknown"),
        }
    }
}

impl RemoteKeys {
    /// The address as people are shown it: without its query, which may hold what lets us ask, and without a user's part.
    #[must_use]
    pub fn shown(&self) -> impl fmt::Display {
        let (host, port) = (self.uri.host().unwrap_or_default(), self.uri.port_u16());
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}{}", self.uri.scheme_str().unwrap_or("http"), self.uri.path())
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.shown().to_string();
        f.debug_struct("RemoteKeys").field("address", &address).field("timeout", &self.timeout).finish()
    }
}

/// Where a request carries a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// A header.
    Header {
        /// Its name.
        name: HeaderName,
        /// What stands before the token. One that lacks it carries none.
        prefix: Option<Box<str>>,
    },
    /// A parameter of the query.
    Parameter(Box<str>),
    /// A cookie.
    Cookie(Box<str>),
}

/// A header that tells a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimHeader {
    /// Its name.
    pub name: HeaderName,
    /// The names that lead to the claim, from the outermost.
    pub claim: Vec<Box<str>>,
}
