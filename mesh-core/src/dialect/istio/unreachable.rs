//! Rules and conditions that nothing reaches, because one before them takes it.

use super::Site;
use crate::{
    dialect::codes::{UNREACHABLE_MATCH, UNREACHABLE_RULE},
    document::{HttpMatch, Path, StringMatch, VirtualService},
};
use rustc_hash::FxHashMap;
use std::{collections::BTreeMap, hash::Hash, sync::LazyLock};

/// A match that asks for nothing.
static NOTHING: LazyLock<HttpMatch> = LazyLock::new(HttpMatch::default);

/// Tells of rules and conditions that are not used.
pub(super) fn check(site: Site<'_>, written: &VirtualService) {
    let mut seen = Seen::default();
    let http = written.http.iter().map(|rule| (rule.name.as_str(), &*rule.matches));
    check_rules(site, "http", http, |index, block| (&block.name, seen.take(index, block)));
    let mut seen = FxHashMap::default();
    let tls = written.tls.iter().map(|rule| ("", &*rule.matches));
    check_rules(site, "tls", tls, |index, block| ("", first(&mut seen, block, index)));
    let mut seen = FxHashMap::default();
    let tcp = written.tcp.iter().map(|rule| ("", &*rule.matches));
    check_rules(site, "tcp", tcp, |index, block| ("", first(&mut seen, block, index)));
}

/// The rule that takes all that a block asks for, and whether it asks for the very same.
type Earlier = Option<(usize, bool)>;

/// Tells of the rules of one protocol. `take` adds a block of a rule, and gives the block's name.
fn check_rules<'w, B: 'w>(
    site: Site<'_>,
    field: &str,
    rules: impl Iterator<Item = (&'w str, &'w [B])>,
    mut take: impl FnMut(usize, &'w B) -> (&'w str, Earlier),
) {
    let at = site.spec.field(field);
    let mut names = Vec::new();
    let mut is_over = false;
    for (index, (name, blocks)) in rules.enumerate() {
        let at = at.index(index);
        names.push(name);
        if is_over {
            let why = if blocks.is_empty() {
                "only the last rule can have no matches"
            } else {
                "route without matches defined before"
            };
            unused(site, &at, &called(name, index), why);
            continue;
        }
        is_over = blocks.is_empty();
        let blocks_at = at.field("match");
        let mut repeated = 0;
        for (number, block) in blocks.iter().enumerate() {
            let (block_name, Some((earlier, is_same))) = take(index, block) else { continue };
            repeated += usize::from(is_same);
            let reason = format!(
                "virtualService rule {} match {} is not used (duplicate/overlapping match in rule {})",
                called(name, index),
                called(block_name, number),
                called(names[earlier], earlier)
            );
            let remedy = "remove it, or put the narrower match first";
            site.check.tell(&blocks_at.index(number), UNREACHABLE_MATCH.because(reason, remedy));
        }
        if repeated > 0 && repeated == blocks.len() {
            unused(site, &at, &called(name, index), "all matches used by prior rules");
        }
    }
}

fn unused(site: Site<'_>, at: &Path<'_>, name: &str, why: &str) {
    let reason = format!("virtualService rule {name} not used ({why})");
    site.check.tell(at, UNREACHABLE_RULE.because(reason, "remove it, or put it further up"));
}

/// The name of a rule or a block, or its number.
fn called(name: &str, index: usize) -> String {
    if name.is_empty() { format!("#{index}") } else { format!("{name:?}") }
}

/// Adds what rule `index` asks for; gives the rule before it that asks for the very same.
fn first<K: Eq + Hash>(seen: &mut FxHashMap<K, usize>, asked: K, index: usize) -> Earlier {
    let before = seen.len();
    let earlier = *seen.entry(asked).or_insert(index);
    (seen.len() == before).then_some((earlier, true))
}

/// The conditions of HTTP so far, each with the rule that has it.
#[derive(Default)]
struct Seen<'w> {
    whole: FxHashMap<(Option<&'w StringMatch>, Beside<'w>), usize>,
    /// Prefixes of the path, by the conditions beside them.
    prefixes: FxHashMap<Beside<'w>, FxHashMap<&'w str, usize>>,
}

/// What a block asks for beside the path; its name asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Beside<'w> {
    method: Option<&'w StringMatch>,
    texts: [Option<&'w StringMatch>; 2],
    named: [&'w BTreeMap<String, StringMatch>; 3],
    port: Option<u32>,
    labels: &'w BTreeMap<String, String>,
    namespace: &'w str,
    gateways: &'w [String],
    ignore_uri_case: bool,
}

impl<'w> Beside<'w> {
    fn of(block: &'w HttpMatch) -> Self {
        Self {
            method: block.method.as_ref(),
            texts: [block.scheme.as_ref(), block.authority.as_ref()],
            named: [&block.headers, &block.without_headers, &block.query_params],
            port: block.port,
            labels: &block.source_labels,
            namespace: &block.source_namespace,
            gateways: &block.gateways,
            ignore_uri_case: block.ignore_uri_case,
        }
    }
}

impl<'w> Seen<'w> {
    /// Adds a block of rule `index`; gives the rule before it that takes all its requests.
    fn take(&mut self, index: usize, block: &'w HttpMatch) -> Earlier {
        let beside = Beside::of(block);
        let same = first(&mut self.whole, (block.uri.as_ref(), beside), index);
        let Some(StringMatch::Prefix(prefix)) = &block.uri else { return same };
        if same.is_some() {
            return same;
        }
        // Whoever asks for less beside a shorter prefix takes it too.
        let nothing = Beside::of(&NOTHING);
        let less = [
            Some(beside),
            beside.method.map(|_| Beside { method: None, ..beside }),
            Some(nothing).filter(|nothing| *nothing != beside),
        ];
        let prefixes = less.iter().flatten().filter_map(|beside| self.prefixes.get(beside));
        let covering = prefixes.filter_map(|prefixes| shortest(prefixes, prefix)).min();
        self.prefixes.entry(beside).or_default().entry(prefix).or_insert(index);
        covering.map(|earlier| (earlier, false))
    }
}

/// The rule of the shortest prefix that a text begins with.
fn shortest(prefixes: &FxHashMap<&str, usize>, text: &str) -> Option<usize> {
    let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
    ends.filter_map(|end| prefixes.get(&text[..end])).next().copied()
}
