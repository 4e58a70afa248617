//! placeholder

mod algorithm;
mod bench;
mod claims;
mod compact;
mod fetch;
mod future;
mod json;
mod key;
mod key_set;
mod keys;
mod layer;
mod places;
mod policy;
mod roca;
mod seen;
mod service;
mod source;
mod told;

pub use claims::CLOCK_SKEW;
pub use compact::LONGEST_TOKEN;
pub use fetch::Fetch;
pub use future::ResponseFuture;
pub use key_set::{InvalidKeySet, KeySet, LARGEST_KEY_SET, MOST_KEYS};
pub use keys::Keys;
pub use layer::{Clock, JwtLayer};
pub use service::Jwt;
pub use source::{ASKED_AGAIN_AFTER, FRESH, KEPT, RENEWED_AT, RETRIED_AFTER};

#[cfg(test)]
mod tests {
    use mesh_core::model::{KeySource, TokenRule};

    /// A rule as it is where nobody says anything.
    pub(super) fn rule(issuer: &str) -> TokenRule {
        TokenRule {
            issuer: Some(issuer.into()),
            audiences: Vec::new(),
            keys: KeySource::Unknown,
            places: TokenRule::usual_places(),
            payload_header: None,
            claim_headers: Vec::new(),
            forwards: false,
            lists: Vec::new(),
        }
    }
}
