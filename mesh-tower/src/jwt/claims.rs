//! What a token says about itself, and whether it counts now.

use super::{compact::Compact, json::object};
use crate::{ClaimName, ClaimType, TokenFault};
use mesh_core::model::TokenRule;
use serde_json::{Map, Value};

/// How far clocks may differ, in seconds.
pub const CLOCK_SKEW: u64 = 60;

/// What a token says, of which nothing is verified.
pub(super) struct Said {
    pub(super) all: Map<String, Value>,
    expires: Option<u64>,
    begins: Option<u64>,
}

impl Said {
    /// Reads the payload, of which the usual claims must be of their types.
    pub(super) fn read(token: &Compact<'_>) -> Result<Self, TokenFault> {
        if token.payload.is_empty() {
            return Err(TokenFault::Format);
        }
        let all = object(&token.payload()?).ok_or(TokenFault::PayloadJson)?;
        for name in [ClaimName::Iss, ClaimName::Sub, ClaimName::Jti] {
            if all.get(name.as_str()).is_some_and(|claim| !claim.is_string()) {
                return Err(TokenFault::Claim(name, ClaimType::Text));
            }
        }
        let is_audience = |claim: &Value| match claim {
            Value::Array(list) => list.iter().all(Value::is_string),
            one => one.is_string(),
        };
        if all.get("aud").is_some_and(|claim| !is_audience(claim)) {
            return Err(TokenFault::Claim(ClaimName::Aud, ClaimType::Texts));
        }
        moment(&all, ClaimName::Iat)?;
        let (begins, expires) = (moment(&all, ClaimName::Nbf)?, moment(&all, ClaimName::Exp)?);
        Ok(Self { all, expires, begins })
    }

    /// Whether a rule is for it, at a moment in seconds of Unix time: who gave it, since when and until when, for whom.
    pub(super) fn meets(&self, rule: &TokenRule, now: u64) -> Result<(), TokenFault> {
        let issuer = self.all.get("iss").and_then(Value::as_str);
        if rule.issuer.as_deref().is_some_and(|wanted| issuer != Some(wanted)) {
            return Err(TokenFault::UnknownIssuer);
        }
        if self.begins.is_some_and(|begins| now.saturating_add(CLOCK_SKEW) < begins) {
            return Err(TokenFault::NotYetValid);
        }
        if self.expires.is_some_and(|expires| now > expires.saturating_add(CLOCK_SKEW)) {
            return Err(TokenFault::Expired);
        }
        let is_meant = |audience: &str| rule.audiences.iter().any(|own| bare(own) == bare(audience));
        let mut meant = match self.all.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
        .into_iter();
        if rule.audiences.is_empty() || meant.any(is_meant) { Ok(()) } else { Err(TokenFault::Audience) }
    }
}

/// An audience without what Envoy does not compare: a scheme of the web, and a slash at the end.
fn bare(audience: &str) -> &str {
    let rest = audience.strip_prefix("https://").or_else(|| audience.strip_prefix("http://"));
    let rest = rest.unwrap_or(audience);
    rest.strip_suffix('/').unwrap_or(rest)
}

/// A claim that is a moment in seconds of Unix time.
fn moment(all: &Map<String, Value>, name: ClaimName) -> Result<Option<u64>, TokenFault> {
    let Some(claim) = all.get(name.as_str()) else { return Ok(None) };
    let Value::Number(number) = claim else {
        return Err(TokenFault::Claim(name, ClaimType::Number));
    };
    let out_of_range = TokenFault::Claim(name, ClaimType::Moment);
    if let Some(seconds) = number.as_u64() {
        return Ok(Some(seconds));
    }
    let seconds = number.as_f64().filter(|seconds| (0.0..9e18).contains(seconds)).ok_or(out_of_range)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within 0..9e18")]
    Ok(Some(seconds as u64))
}
