//! Who gives tokens, and by which keys they are good: what the rules of today and those of 2019 both say.

use super::read::Fields;
use std::fmt;

/// Who gives tokens, whom they are for, and by which keys they are good.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TokenIssuer {
    /// Who gives them. Default: anybody whose key it is; in a Policy it is required.
    pub name: String,
    /// Whom they must be for, one of these. Default: anybody.
    pub audiences: Vec<String>,
    /// Where the issuer's keys are. Default: asked from the issuer.
    pub jwks_uri: String,
    /// The issuer's keys themselves. Default: none.
    pub jwks: String,
}

impl TokenIssuer {
    pub(super) fn of(f: &mut Fields<'_>) -> Self {
        Self {
            name: f.take("issuer"),
            audiences: f.take("audiences"),
            jwks_uri: f.take("jwksUri"),
            jwks: f.take("jwks"),
        }
    }
}

/// Keys may be secrets, and an address may hold what lets us ask.
impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer")
            .field("name", &self.name)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}
