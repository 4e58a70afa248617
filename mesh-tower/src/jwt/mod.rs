//! Judges the tokens that requests carry: JSON Web Tokens, by the keys of their issuers.
//!
//! # What it does
//!
//! Every token that a request carries where a rule looks must be good by one of the rules that look there: signed by a key
//! of the issuer, given by it, for this audience, and at this time, give or take [60 seconds](CLOCK_SKEW). Then the claims
//! of the first are in the request's extensions, as [`Token`](crate::Token), and in the headers that the rule names; the
//! token itself is taken off, unless the rule says that the service gets it. A request without any token passes: whoever
//! asks for one is further in. A preflight of a browser passes, too.
//!
//! A token that is not good is refused with 401, one for another audience with 403, with Envoy's words in the body
//! ([`TokenFault`](crate::TokenFault)) and a challenge in `www-authenticate`. Nothing is tried in its place.
//!
//! The headers that rules tell claims by are taken off every request first: nobody but the mesh can say them.
//!
//! A Policy of 2019 asks for a token: without a good one the answer is 401 `Origin authentication failed.`, on the paths
//! that its triggers name. Its token is passed on, and what it says is in `istio-sec-` and the SHA-1 of its issuer.
//!
//! **What is strict.** The algorithms are RS, PS, ES, HS with SHA-256, 384 and 512, and EdDSA; a key is used for those of its
//! type alone, so an RSA key is never a secret. Secrets count where a key set has nothing else. Keys for encryption, RSA
//! keys below 2,048 bits, of weak primes or exponent 1, and secrets shorter than their hash count for nothing. Base64 has no
//! padding, no spaces and no bits that mean nothing; JSON says everything once. Keys that a token brings along (`jwk`,
//! `jku`, `x5c`, `x5u`) are not looked at, and what it marks as critical (`crit`) is not understood.
//!
//! **What differs from Envoy.** A bad token is refused even if another in another place is good; every parameter and
//! cookie of a name is looked at, not the first; `exp: 0` is long ago; whole numbers in headers are written whole.
//!
//! **What is bounded.** A request has at most [16 tokens](MOST_TOKENS), one of them at most [16 KiB](LONGEST_TOKEN), a key set
//! [1 MiB](LARGEST_KEY_SET) and [1,000 keys](MOST_KEYS); a token that names no key is tried with 32.
//!
//! # Keys
//!
//! They are written in the document, or fetched from `jwksUri`, or from where the issuer's OpenID configuration says, as
//! any other call of the mesh is made. Those that were fetched count for [5 minutes](FRESH); from the
//! [fourth](RENEWED_AT) on a request that needs them has them fetched anew and does not wait. When they cannot be had, those
//! of before count for [an hour](KEPT), and another attempt is made [10 seconds](RETRIED_AFTER) after one that failed.
//! Without any, tokens are refused with `Jwks remote fetch is failed`. A token that asks for an unknown key has them
//! fetched at once, unless that was done within [a second](ASKED_AGAIN_AFTER). However many requests wait for keys, they are
//! fetched once.
//!
//! A token whose signature was verified is remembered by its hash, for as long as the issuer's keys stay the same; its
//! times, its issuer and its audience are looked at each time.
//!
//! # When you want it
//!
//! On every service and gateway that end users' requests come to.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: security.istio.io/v1
//! kind: RequestAuthentication
//! metadata: {name: tokens, namespace: shop}
//! spec:
//!   selector: {matchLabels: {app: product}}
//!   jwtRules:
//!   - issuer: https://auth.example.com
//!     jwksUri: https://auth.example.com/.well-known/jwks.json
//!     audiences: [shop]
//!     outputClaimToHeaders: [{header: x-user, claim: sub}]
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is. A request whose keys are being fetched waits with the instance that was made
//! ready; a refusal leaves that readiness unspent for the next call.
//!
//! # Cancel safety
//!
//! A request that is given up while it waits for keys leaves the fetch to the others.
//!
//! # What survives a reload
//!
//! The keys of every source that a rule names, and the tokens that were verified by them.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::model::{KeySource, TokenRule};
//! use mesh_tower::{Body, BoxError, Error, Kind, TokenFault, jwt::{JwtLayer, Keys}};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let rule = TokenRule {
//!     issuer: Some("https://auth.example.com".into()),
//!     audiences: Vec::new(),
//!     keys: KeySource::Inline(r#"{"keys": []}"#.into()),
//!     places: TokenRule::usual_places(),
//!     payload_header: None,
//!     claim_headers: Vec::new(),
//!     forwards: false,
//!     lists: Vec::new(),
//! };
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) });
//! let product = JwtLayer::new([rule], Keys::inline()).layer(inner);
//!
//! let anonymous = Request::get("/").body(Body::empty())?;
//! assert!(product.clone().oneshot(anonymous).await.is_ok());
//!
//! let forged = Request::get("/").header("authorization", "Bearer a.b").body(Body::empty())?;
//! let refused = product.oneshot(forged).await.unwrap_err();
//! assert_eq!(refused.downcast_ref::<Error>().map(Error::kind), Some(Kind::BadToken(TokenFault::Format)));
//! # Ok(())
//! # }
//! ```

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
pub use policy::MOST_TOKENS;
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
