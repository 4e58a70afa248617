//! What a service is told of a good token.

use super::{bench::Bench, places::remove, policy::Good};
use crate::Token;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Request};
use mesh_core::{identity::Claims, model::TokenRule};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Tells a request's service who sent it, by the first of its good tokens, and takes the tokens off.
///
/// What only the mesh may tell is taken off in any case: a client might tell it itself.
pub(super) fn tell<B>(bench: &Bench, good: Vec<Good<'_>>, request: &mut Request<B>) {
    for rule in bench.all_rules() {
        rule.told_headers().for_each(|name| drop(request.headers_mut().remove(name)));
    }
    request.extensions_mut().remove::<Token>();
    for token in &good {
        if !token.rule.forwards {
            remove(&token.carrier, request);
        }
    }
    let Some(first) = good.into_iter().next() else { return };
    tell_headers(&first, request);
    let claims = Claims::new(with_lists(first.claims, first.rule));
    let claims = if first.names_caller { claims } else { claims.of_nobody() };
    request.extensions_mut().insert(Token(Arc::new(claims)));
}

fn tell_headers<B>(token: &Good<'_>, request: &mut Request<B>) {
    let headers = request.headers_mut();
    if let Some(name) = &token.rule.payload_header
        && let Ok(value) = HeaderValue::from_str(&token.payload)
    {
        headers.insert(name, value);
    }
    for told in &token.rule.claim_headers {
        let claim = claim(&token.claims, &told.claim).and_then(in_words);
        if let Some(value) = claim.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.append(&told.name, value);
        }
    }
}

fn claim<'a>(claims: &'a Map<String, Value>, path: &[Box<str>]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(claims.get(&**first)?, |value, name| value.as_object()?.get(&**name))
}

/// A claim as Envoy writes it: texts, numbers and truths as they are, lists and objects as JSON in base64. Numbers with a
/// fraction have six digits of it.
fn in_words(claim: &Value) -> Option<String> {
    let text = match claim {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => format!("{:.6}", number.as_f64()?),
        Value::Number(_) | Value::Bool(_) => claim.to_string(),
        Value::Array(_) | Value::Object(_) => BASE64_STANDARD.encode(claim.to_string()),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The claims, of which those that are lists written with spaces between are lists.
fn with_lists(mut claims: Map<String, Value>, rule: &TokenRule) -> Map<String, Value> {
    for name in &rule.lists {
        let claim = match claims.contains_key(&**name) {
            true => claims.get_mut(&**name),
            false => nested(&mut claims, name),
        };
        if let Some(claim) = claim
            && let Some(text) = claim.as_str()
        {
            *claim = text.split(' ').filter(|part| !part.is_empty()).collect();
        }
    }
    claims
}

fn nested<'a>(claims: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    let mut names = name.split('.');
    let first = claims.get_mut(names.next()?)?;
    names.try_fold(first, |value, name| value.as_object_mut()?.get_mut(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_is_written_as_envoy_writes_it() {
        for (claim, expected) in [
            (json!("a b"), Some("a b")),
            (json!(4_715_782_722_u64), Some("4715782722")),
            (json!(-5), Some("-5")),
            (json!(1.5), Some("1.500000")),
            (json!(true), Some("true")),
            (json!([1, "a"]), Some("WzEsImEiXQ==")),
            (json!({"k": 1}), Some("eyJrIjoxfQ==")),
            (json!(null), None),
            (json!(""), None),
        ] {
            assert_eq!(in_words(&claim).as_deref(), expected, "{claim}");
        }
    }

    #[test]
    fn lists_with_spaces_between_are_lists_wherever_they_are() {
        let rule = TokenRule {
            lists: ["scope", "a.b", "c.d"].map(Into::into).into(),
            ..super::super::tests::rule("https://a")
        };
        let claims = json!({"scope": "read  write", "a.b": "x y", "c": {"d": "z"}, "other": "x y"});
        let expected =
            json!({"scope": ["read", "write"], "a.b": ["x", "y"], "c": {"d": ["z"]}, "other": "x y"});
        let claims = with_lists(claims.as_object().cloned().unwrap(), &rule);
        assert_eq!(Value::Object(claims), expected);
    }
}
