//! Rules and conditions that no request reaches, because one before them takes it.

use super::Site;
use crate::document::{HttpMatch, HttpRoute, Path, StringMatch};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Warns of rules and conditions of HTTP that are not used.
pub(super) fn check(site: Site<'_>, routes: &[HttpRoute]) {
    let at = site.spec.field("http");
    let mut seen = Seen::default();
    let mut is_over = false;
    for (index, route) in routes.iter().enumerate() {
        let at = at.index(index);
        let name = rule_name(routes, index);
        if is_over {
            let why = if route.matches.is_empty() {
                "only the last rule can have no matches"
            } else {
                "route without matches defined before"
            };
            unused(site, &at, &name, why);
            continue;
        }
        is_over = route.matches.is_empty();
        let blocks_at = at.field("match");
        let mut repeated = 0;
        for (number, block) in route.matches.iter().enumerate() {
            let Some((earlier, is_same)) = seen.take(index, block) else { continue };
            repeated += usize::from(is_same);
            let reason = format!(
                "virtualService rule {name} match {} is not used (duplicate/overlapping match in rule {})",
                block_name(block, number),
                rule_name(routes, earlier)
            );
            let remedy = "remove it, or put the narrower match first";
            site.check.warn(&blocks_at.index(number), reason, remedy);
        }
        if repeated > 0 && repeated == route.matches.len() {
            unused(site, &at, &name, "all matches used by prior rules");
        }
    }
}

fn unused(site: Site<'_>, at: &Path<'_>, name: &str, why: &str) {
    let remedy = "remove it, or put it further up";
    site.check.warn(at, format!("virtualService rule {name} not used ({why})"), remedy);
}

fn rule_name(routes: &[HttpRoute], index: usize) -> String {
    match routes[index].name.as_str() {
        "" => format!("#{index}"),
        name => format!("{name:?}"),
    }
}

fn block_name(block: &HttpMatch, index: usize) -> String {
    match block.name.as_str() {
        "" => format!("#{index}"),
        name => format!("{name:?}"),
    }
}

/// The conditions so far, each with the rule that has it.
#[derive(Default)]
struct Seen<'a> {
    whole: FxHashMap<(Option<&'a StringMatch>, Beside<'a>), usize>,
    /// Prefixes of the path, by the conditions beside them.
    prefixes: FxHashMap<Beside<'a>, FxHashMap<&'a str, usize>>,
}

/// What a block asks for beside the path; its name asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Beside<'a> {
    texts: [Option<&'a StringMatch>; 3],
    named: [&'a BTreeMap<String, StringMatch>; 3],
    port: Option<u32>,
    labels: &'a BTreeMap<String, String>,
    namespace: &'a str,
    gateways: &'a [String],
    ignore_uri_case: bool,
}

impl<'a> Beside<'a> {
    fn of(block: &'a HttpMatch) -> Self {
        Self {
            texts: [block.scheme.as_ref(), block.method.as_ref(), block.authority.as_ref()],
            named: [&block.headers, &block.without_headers, &block.query_params],
            port: block.port,
            labels: &block.source_labels,
            namespace: &block.source_namespace,
            gateways: &block.gateways,
            ignore_uri_case: block.ignore_uri_case,
        }
    }
}

impl<'a> Seen<'a> {
    /// Adds a block of rule `index`; gives the rule before it that takes all its requests, and whether that one asks
    /// for the very same.
    fn take(&mut self, index: usize, block: &'a HttpMatch) -> Option<(usize, bool)> {
        let beside = Beside::of(block);
        let earlier = *self.whole.entry((block.uri.as_ref(), beside)).or_insert(index);
        let is_new = earlier == index;
        let Some(StringMatch::Prefix(prefix)) = &block.uri else {
            return (!is_new).then_some((earlier, true));
        };
        if !is_new {
            return Some((earlier, true));
        }
        let prefixes = self.prefixes.entry(beside).or_default();
        let shorter = prefix.char_indices().map(|(end, _)| &prefix[..end]);
        let covering = shorter.filter_map(|shorter| prefixes.get(shorter)).next().copied();
        prefixes.entry(prefix).or_insert(index);
        covering.map(|earlier| (earlier, false))
    }
}
