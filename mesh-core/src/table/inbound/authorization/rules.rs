//! The rules of one action, and the first of them that is for a request.

use super::{
    facts::Facts,
    files::Files,
    masks::{Alive, Masks, Needs},
    test::{Stance, Test},
    trust::Domains,
    verdict::RuleName,
};
use crate::{
    model::{AuthorizationPolicy, AuthorizationRule},
    table::index::Candidates,
};
use std::fmt;

/// So few candidates are compared with a request one by one.
pub(super) const MANY: usize = 16;

/// Rules of which one is enough, in the order of Envoy's names of them.
pub(super) struct RuleSet {
    stance: Stance,
    rules: Box<[Rule]>,
    files: Files,
    masks: Masks,
    asks_host: bool,
}

/// One rule.
pub(super) struct Rule {
    pub(super) name: RuleName,
    /// The line where it is written.
    pub(super) line: crate::model::Line,
    /// Every test of one of these holds; any when empty.
    pub(super) sources: Box<[Box<[Test]>]>,
    /// The same.
    pub(super) operations: Box<[Box<[Test]>]>,
    /// All of these hold.
    pub(super) conditions: Box<[Test]>,
    /// Whether any of it is about what only HTTP has.
    asks_http: bool,
}

/// What rules ask for may let somebody in who knows it.
impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.rules.iter().map(|rule| &rule.name).collect();
        f.debug_struct("RuleSet").field("rules", &names).finish_non_exhaustive()
    }
}

impl RuleSet {
    /// The rules of these policies.
    pub(super) fn of<'a>(
        policies: impl Iterator<Item = &'a AuthorizationPolicy>,
        stance: Stance,
        domains: &Domains,
    ) -> Self {
        let of_policy = |policy: &'a AuthorizationPolicy| {
            let rules = policy.rules.iter().enumerate();
            rules.map(move |(number, rule)| (Rule::of(policy, number, rule, domains), Needs::of(rule)))
        };
        let mut rules: Vec<_> = policies.flat_map(of_policy).collect();
        rules.sort_by_cached_key(|(rule, _)| rule.name.to_string());
        let (rules, needs): (Vec<Rule>, Vec<_>) = rules.into_iter().unzip();
        let asks_host = rules.iter().flat_map(Rule::tests).any(Test::asks_host);
        let masks = Masks::of(&needs, domains);
        Self { stance, files: Files::of(&rules), masks, rules: rules.into(), asks_host }
    }

    /// Whether any of them looks at the host.
    pub(super) fn asks_host(&self) -> bool {
        self.asks_host
    }

    /// All of them, and what they do.
    pub(super) fn all(&self) -> (&[Rule], Stance) {
        (&self.rules, self.stance)
    }

    /// The first rule that is for the request or the connection. Does not allocate, unless a header that is asked for
    /// has several lines.
    pub(super) fn first_match(&self, facts: &Facts<'_>) -> Option<&RuleName> {
        let holds = |number: u32| self.rules[number as usize].holds(facts, self.stance);
        // Without HTTP a rule may be for nothing that needs nothing.
        let is_known =
            |alive: &Alive<'_>, number: u32| facts.view.request.is_some() && alive.is_whole(number);
        let is_match = |alive: &Alive<'_>, number: u32| is_known(alive, number) || holds(number);
        let count = self.rules.len();
        let candidates = self.files.candidates(facts);
        let candidate_count = candidates.as_ref().map_or(count, Candidates::count);
        let alive = (candidate_count > MANY).then(|| self.masks.alive(facts, self.stance)).flatten();
        let first = match (candidates, &alive) {
            (Some(candidates), None) => candidates.find(|number| holds(*number)),
            (None, None) => (0..count as u32).find(|number| holds(*number)),
            (Some(candidates), Some(alive)) if candidate_count <= count / 4 => {
                candidates.find(|number| alive.has(*number) && is_match(alive, *number))
            }
            // So many that it takes longer to put them in order than to pass over the others.
            (_, Some(alive)) => alive.below(count as u32).find(|number| is_match(alive, *number)),
        };
        first.map(|number| &self.rules[number as usize].name)
    }
}

impl Rule {
    fn of(
        policy: &AuthorizationPolicy,
        number: usize,
        written: &AuthorizationRule,
        domains: &Domains,
    ) -> Self {
        let tests = |clauses: &Vec<_>| clauses.iter().map(|clause| Test::of(clause, domains)).collect();
        let mut rule = Self {
            name: RuleName { namespace: policy.namespace.clone(), policy: policy.name.clone(), rule: number },
            line: written.line.clone(),
            sources: written.sources.iter().map(tests).collect(),
            operations: written.operations.iter().map(tests).collect(),
            conditions: tests(&written.conditions),
            asks_http: false,
        };
        let asks_http = rule.tests().any(Test::is_http);
        rule.asks_http = asks_http;
        rule
    }

    /// Everything that it asks.
    fn tests(&self) -> impl Iterator<Item = &Test> {
        self.operations.iter().chain(&self.sources).flatten().chain(&self.conditions)
    }

    /// Whether it is for a request. Without HTTP, one that permits and asks for what only HTTP has is for nothing at
    /// all, as in Istio: none of its parts is.
    pub(super) fn holds(&self, facts: &Facts<'_>, stance: Stance) -> bool {
        if self.is_out_of_place(facts, stance) {
            return false;
        }
        let holds = |test: &Test| test.failure(facts, stance).is_none();
        let one_of =
            |parts: &[Box<[Test]>]| parts.is_empty() || parts.iter().any(|part| part.iter().all(holds));
        one_of(&self.operations) && one_of(&self.sources) && self.conditions.iter().all(holds)
    }

    /// Whether it asks for HTTP where there is none, and so permits nothing.
    pub(super) fn is_out_of_place(&self, facts: &Facts<'_>, stance: Stance) -> bool {
        facts.view.request.is_none() && self.asks_http && stance == Stance::Permits
    }
}
