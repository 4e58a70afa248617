//! Whether a request meets what a rule asks for.

use super::{Reader, names::has_labels};
use http::header::HOST;
use mesh_core::model::*;

impl Reader<'_> {
    pub(super) fn is_client(&self, block: &Block) -> bool {
        let namespace = block.source_namespace.as_deref();
        namespace.is_none_or(|namespace| namespace == self.viewpoint.namespace)
            && has_labels(&self.viewpoint.labels, &block.source_labels)
    }

    /// Whether a request meets the conditions of a block.
    pub(super) fn holds(&self, block: &Block) -> bool {
        let Conditions {
            path,
            method,
            scheme,
            authority,
            headers,
            without_headers,
            query,
            claims,
            without_claims,
        } = &block.conditions;
        let is =
            |asked: &Option<TextMatch>, text| asked.as_ref().is_none_or(|asked| compare(asked, text, false));
        block.port.is_none_or(|port| port == self.view.port)
            && path.as_ref().is_none_or(|path| compare(&path.text, self.view.path, path.ignore_case))
            && is(method, self.view.method)
            && is(scheme, self.view.scheme)
            && is(authority, self.view.authority)
            && headers.iter().all(|header| self.has(header))
            && !without_headers.iter().any(|header| self.has_unwanted(header))
            && claims.iter().all(|claim| self.has_claim(claim))
            && !without_claims.iter().any(|claim| self.has_claim(claim))
            && query.iter().all(|query| self.has_parameter(query))
    }

    /// Each line of a header is compared for itself.
    fn has(&self, asked: &HeaderMatch) -> bool {
        let lines = self.view.headers.get_all(&asked.name).iter().map(|line| line.as_bytes());
        let is_host = asked.name == HOST && !self.view.authority.is_empty();
        let mut lines = match is_host {
            true => vec![self.view.authority.as_bytes()],
            false => lines.collect(),
        }
        .into_iter();
        lines.any(|line| match std::str::from_utf8(line) {
            Ok(text) => compare(&asked.value, text, false),
            Err(_) => asked.value == TextMatch::Present,
        })
    }

    /// An absent header is an empty one, but for a match that asks for presence alone.
    fn has_unwanted(&self, asked: &HeaderMatch) -> bool {
        let is_host = asked.name == HOST && !self.view.authority.is_empty();
        if is_host || self.view.headers.contains_key(&asked.name) {
            return self.has(asked);
        }
        asked.value != TextMatch::Present && compare(&asked.value, "", false)
    }

    /// Claims here are texts and lists of texts.
    fn has_claim(&self, asked: &ClaimMatch) -> bool {
        let Some(value) = self.view.claims.and_then(|claims| claims.get(&asked.path)) else { return false };
        let texts: Vec<&str> = match value.as_array() {
            Some(list) => list.iter().filter_map(|element| element.as_str()).collect(),
            None => value.as_str().into_iter().collect(),
        };
        asked.value == TextMatch::Present || texts.into_iter().any(|text| compare(&asked.value, text, false))
    }

    fn has_parameter(&self, asked: &QueryMatch) -> bool {
        let mut pairs = self.view.query.into_iter().flat_map(|query| query.split('&'));
        let first = pairs.find_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (*name == *asked.name).then_some(value)
        });
        first.is_some_and(|value| compare(&asked.value, value, false))
    }
}

fn compare(asked: &TextMatch, text: &str, ignore_case: bool) -> bool {
    let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    match asked {
        TextMatch::Present => true,
        TextMatch::Exact(exact) => fold(text) == fold(exact),
        TextMatch::Prefix(prefix) => fold(text).starts_with(&fold(prefix)),
        TextMatch::Regex(pattern) => pattern.matches(text),
    }
}
