//! `RequestAuthentication`: the tokens that requests to some workloads may carry.

use super::{
    destination_rule::Selector,
    read::{At, Read},
    target_reference::TargetReference,
    token_issuer::TokenIssuer,
};
use std::time::Duration;

/// The `spec` of a RequestAuthentication, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestAuthentication {
    /// The workloads it is for. Default: all of its namespace, and in the root namespace all of the mesh.
    pub selector: Option<Selector>,
    /// What of the Gateway API's it is for instead. Default: nothing.
    pub target_ref: Option<TargetReference>,
    /// The same, of which there may be several. Default: none.
    pub target_refs: Vec<TargetReference>,
    /// The tokens, one of which must be good if there is any. Default: none.
    pub jwt_rules: Vec<JwtRule>,
}

/// Tokens, and whose they must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JwtRule {
    /// Who gives them.
    pub issuer: TokenIssuer,
    /// The headers that carry them. Default: Authorization, after `Bearer `.
    pub from_headers: Vec<JwtHeader>,
    /// The query parameters that carry them. Default: `access_token`.
    pub from_params: Vec<String>,
    /// The cookies that carry them. Default: none.
    pub from_cookies: Vec<String>,
    /// The header that tells the service what a token says. Default: none.
    pub output_payload_to_header: String,
    /// Whether the service gets the token too. Default: false.
    pub forward_original_token: bool,
    /// The headers that tell the service one claim each. Default: none.
    pub output_claim_to_headers: Vec<ClaimToHeader>,
    /// The time that the issuer's keys may take to arrive. Default: 5 s.
    pub timeout: Option<Duration>,
    /// The claims that are lists written with spaces between, besides `scope` and `permission`. Default: none.
    pub space_delimited_claims: Vec<String>,
}

/// A header that carries a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwtHeader {
    /// Its name. Required.
    pub name: String,
    /// What stands before the token. Default: nothing.
    pub prefix: String,
}

/// A header that tells a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimToHeader {
    /// Its name. Required.
    pub header: String,
    /// The claim, a nested one with a dot between the names. Required.
    pub claim: String,
}

impl Read for RequestAuthentication {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            selector: f.maybe("selector"),
            target_ref: f.maybe("targetRef"),
            target_refs: f.take("targetRefs"),
            jwt_rules: f.take("jwtRules"),
        })
    }
}

impl Read for JwtRule {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            issuer: TokenIssuer::of(f),
            from_headers: f.take("fromHeaders"),
            from_params: f.take("fromParams"),
            from_cookies: f.take("fromCookies"),
            output_payload_to_header: f.take("outputPayloadToHeader"),
            forward_original_token: f.take("forwardOriginalToken"),
            output_claim_to_headers: f.take("outputClaimToHeaders"),
            timeout: f.maybe("timeout"),
            space_delimited_claims: f.take("spaceDelimitedClaims"),
        })
    }
}

impl Read for JwtHeader {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), prefix: f.take("prefix") })
    }
}

impl Read for ClaimToHeader {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { header: f.take("header"), claim: f.take("claim") })
    }
}
