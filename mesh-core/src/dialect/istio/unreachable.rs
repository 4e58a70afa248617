//! Rules and conditions that nothing reaches, because one before them takes it.

use super::Site;
use crate::{
    dialect::codes::{UNREACHABLE_MATCH, UNREACHABLE_RULE},
    document::{HttpMatch, Path, StringMatch, VirtualService},
};
use std::{collections::HashMap, fmt::Debug};

/// Tells of rules and conditions that are not used.
pub(super) fn check(site: Site<'_>, written: &VirtualService) {
    let http = written.http.iter().map(|rule| (rule.name.as_str(), rule.matches.iter().map(Block::of_http)));
    check_rules(site, "http", http);
    let tls = written.tls.iter().map(|rule| ("", rule.matches.iter().map(Block::of)));
    check_rules(site, "tls", tls);
    let tcp = written.tcp.iter().map(|rule| ("", rule.matches.iter().map(Block::of)));
    check_rules(site, "tcp", tcp);
}

/// One block of conditions.
struct Block<'w> {
    name: &'w str,
    /// All that is asked for. The form for programmers tells any two values apart, and can be hashed.
    whole: String,
    /// The same, where a prefix of the path is asked for.
    prefix: Option<Prefixed<'w>>,
}

/// A prefix of the path, and what else is asked for.
struct Prefixed<'w> {
    prefix: &'w str,
    rest: String,
    /// The rest without the method, if that is asked for.
    any_method: Option<String>,
    is_alone: bool,
}

impl<'w> Block<'w> {
    fn of(block: &'w impl Debug) -> Self {
        Self { name: "", whole: format!("{block:?}"), prefix: None }
    }

    fn of_http(block: &'w HttpMatch) -> Self {
        let nameless = HttpMatch { name: String::new(), ..block.clone() };
        let whole = format!("{nameless:?}");
        let Some(StringMatch::Prefix(prefix)) = &block.uri else {
            return Self { name: &block.name, whole, prefix: None };
        };
        let rest = HttpMatch { uri: None, ..nameless };
        let any_method = rest.method.is_some().then(|| HttpMatch { method: None, ..rest.clone() });
        let prefix = Prefixed {
            prefix,
            is_alone: rest == HttpMatch::default(),
            rest: format!("{rest:?}"),
            any_method: any_method.map(|rest| format!("{rest:?}")),
        };
        Self { name: &block.name, whole, prefix: Some(prefix) }
    }
}

fn check_rules<'w>(
    site: Site<'_>,
    field: &str,
    rules: impl Iterator<Item = (&'w str, impl ExactSizeIterator<Item = Block<'w>>)>,
) {
    let at = site.spec.field(field);
    let (mut seen, mut names) = (Seen::default(), Vec::new());
    let mut is_over = false;
    for (index, (name, blocks)) in rules.enumerate() {
        let (at, count) = (at.index(index), blocks.len());
        names.push(called(name, index));
        if is_over {
            let why = if count == 0 {
                "only the last rule can have no matches"
            } else {
                "route without matches defined before"
            };
            unused(site, &at, &names[index], why);
            continue;
        }
        is_over = count == 0;
        let blocks_at = at.field("match");
        let mut repeated = 0;
        for (number, block) in blocks.enumerate() {
            let name = called(block.name, number);
            let Some((earlier, is_same)) = seen.take(index, block) else { continue };
            repeated += usize::from(is_same);
            let reason = format!(
                "virtualService rule {} match {name} is not used (duplicate/overlapping match in rule {})",
                names[index], names[earlier]
            );
            let remedy = "remove it, or put the narrower match first";
            site.check.tell(&blocks_at.index(number), UNREACHABLE_MATCH.because(reason, remedy));
        }
        if repeated > 0 && repeated == count {
            unused(site, &at, &names[index], "all matches used by prior rules");
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

/// The conditions so far, each with the rule that has it.
#[derive(Default)]
struct Seen<'w> {
    whole: HashMap<String, usize>,
    /// Prefixes of the path, by the conditions beside them.
    prefixes: HashMap<String, HashMap<&'w str, usize>>,
    /// Prefixes of the path with no condition beside them.
    alone: HashMap<&'w str, usize>,
}

impl<'w> Seen<'w> {
    /// Adds a block of rule `index`; gives the rule before it that takes all its requests, and whether that one asks
    /// for the very same.
    fn take(&mut self, index: usize, block: Block<'w>) -> Option<(usize, bool)> {
        if let Some(earlier) = self.whole.get(&block.whole) {
            return Some((*earlier, true));
        }
        self.whole.insert(block.whole, index);
        let Prefixed { prefix, rest, any_method, is_alone } = block.prefix?;
        let beside = [Some(&rest), any_method.as_ref()].into_iter().flatten();
        let beside = beside.filter_map(|rest| self.prefixes.get(rest)).chain([&self.alone]);
        let covering = beside.filter_map(|prefixes| shortest(prefixes, prefix)).min();
        if is_alone {
            self.alone.entry(prefix).or_insert(index);
        } else {
            self.prefixes.entry(rest).or_default().entry(prefix).or_insert(index);
        }
        covering.map(|earlier| (earlier, false))
    }
}

/// The rule of the shortest prefix that a text begins with.
fn shortest(prefixes: &HashMap<&str, usize>, text: &str) -> Option<usize> {
    if prefixes.is_empty() {
        return None;
    }
    let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
    ends.filter_map(|end| prefixes.get(&text[..end])).next().copied()
}
