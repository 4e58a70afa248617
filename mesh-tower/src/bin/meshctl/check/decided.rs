//! What a table decides for one request, part by part.

use mesh_core::{
    model::{Action, HeaderEdits, Injection},
    table::{
        Chosen, Decision, Explanation, MirrorExplanation, Question, RequestView, RetryExplanation, Rule,
        Snapshot, Target, TargetExplanation,
    },
};

/// What is decided for one request, whatever the roll.
///
/// Each part is one of [`Snapshot::decide`]; the explanation lends the words. A refusal has a status, and the name of
/// the rule whose destination does not exist; nothing else of that rule comes to pass. Whether a destination has endpoints is no
/// part of a decision, so that documents can be checked where the endpoints are not known.
#[derive(Debug)]
pub(super) struct Decided<'a> {
    /// `forward`, `redirect`, `respond`, `passthrough` or `refuse`.
    pub(super) outcome: &'static str,
    /// The status of an answer that the mesh gives itself.
    pub(super) status: Option<u16>,
    /// The name of the rule.
    pub(super) route: Option<String>,
    /// Where the request can go; none unless it is forwarded.
    pub(super) destinations: Vec<Destination<'a>>,
    view: RequestView<'a>,
    rule: Option<&'a Rule>,
    explanation: Explanation,
}

/// Where a request can go.
#[derive(Debug)]
pub(super) struct Destination<'a> {
    pub(super) name: TargetExplanation,
    /// What is chosen; `None` when the share of this destination is refused, since it does not exist.
    target: Option<&'a Target>,
}

impl<'a> Decided<'a> {
    /// What `snapshot` decides for a request.
    pub(super) fn of(snapshot: &'a Snapshot, question: &'a Question) -> Self {
        let (view, explanation) = (question.view(), question.explain(snapshot));
        // What is answered before it is forwarded has no destination.
        let is_preflight = explanation.cors.as_ref().is_some_and(|cors| cors.verdict != "granted");
        let is_answered = is_preflight || question.sent_to_https(snapshot).is_some();
        let rolls = if is_answered { Vec::new() } else { rolls(&explanation.targets) };
        let decisions: Vec<_> = rolls.into_iter().map(|roll| snapshot.decide(&view, roll)).collect();
        let chosen: Vec<_> = decisions.iter().map(chosen).collect();
        let rule = chosen.iter().flatten().next().map(|chosen| snapshot.rule(*chosen));
        let forwards = decisions.iter().any(|decision| matches!(decision, Decision::Forward(_)));
        let targets = chosen.into_iter().map(|chosen| snapshot.target(chosen?));
        let named = explanation.targets.iter().cloned().zip(targets);
        let destinations = named.filter(|_| forwards).map(|(name, target)| Destination { name, target });
        Self {
            outcome: if forwards { "forward" } else { explanation.outcome },
            status: explanation.status.filter(|_| !forwards),
            route: explanation.rule.as_ref().map(|rule| rule.name.clone()),
            destinations: destinations.collect(),
            view,
            rule,
            explanation,
        }
    }

    /// The `location` of a redirect.
    pub(super) fn location(&self) -> Option<&str> {
        self.explanation.location.as_deref()
    }

    /// The path and query sent on.
    pub(super) fn path(&self) -> String {
        let rewritten = self.rule.and_then(|rule| rule.rewritten_path(&self.view));
        rewritten.map_or_else(|| original_path(&self.view), Into::into)
    }

    /// The authority sent on.
    pub(super) fn authority(&self) -> &str {
        let rewritten = self.rule.and_then(|rule| rule.route.rewrite.authority.as_deref());
        rewritten.unwrap_or(self.view.authority)
    }

    /// The time for the whole request, as people write it.
    pub(super) fn timeout(&self) -> Option<String> {
        self.rule.and_then(|rule| rule.route.timeout).map(|timeout| format!("{timeout:?}"))
    }

    /// When the request is tried again; `None` when its rule does not say.
    pub(super) fn retries(&self) -> Option<&RetryExplanation> {
        self.explanation.retries.as_ref()
    }

    /// Who gets copies.
    pub(super) fn mirrors(&self) -> &[MirrorExplanation] {
        &self.explanation.mirrors
    }

    /// What becomes of it as a request from a page of another origin.
    pub(super) fn cors(&self) -> &'static str {
        self.explanation.cors.as_ref().map_or("silent", |cors| cors.verdict)
    }

    /// The faults to inject.
    pub(super) fn injection(&self) -> Injection {
        self.rule.map(|rule| rule.route.injection).unwrap_or_default()
    }

    /// Header changes on the request, for each destination.
    pub(super) fn request_headers(&self) -> Vec<&HeaderEdits> {
        self.targets().map(|target| &target.request_headers).collect()
    }

    /// Header changes on the response, for each destination, or of the answer that the rule gives itself.
    pub(super) fn response_headers(&self) -> Vec<&HeaderEdits> {
        match self.rule {
            Some(rule) if !matches!(rule.route.action, Action::Forward(_)) => {
                vec![&rule.route.response_headers]
            }
            _ => self.targets().map(|target| &target.response_headers).collect(),
        }
    }

    /// In one phrase, what happens.
    pub(super) fn in_words(&self) -> String {
        let outcome = self.outcome;
        match (outcome, self.status) {
            ("forward", _) => {
                let to: Vec<_> = self.destinations.iter().map(Destination::in_words).collect();
                format!("forward to {}", to.join(", "))
            }
            ("redirect", Some(status)) => {
                format!("redirect {status} to {}", self.location().unwrap_or_default())
            }
            ("refuse", Some(status)) => {
                format!("refuse {status} ({})", self.explanation.summary.trim_end_matches('.'))
            }
            (_, Some(status)) => format!("{outcome} {status}"),
            (_, None) => outcome.to_owned(),
        }
    }

    fn targets(&self) -> impl Iterator<Item = &'a Target> {
        self.destinations.iter().filter_map(|destination| destination.target)
    }
}

impl Destination<'_> {
    /// Whether requests get there.
    pub(super) fn exists(&self) -> bool {
        self.target.is_some()
    }

    fn in_words(&self) -> String {
        let TargetExplanation { host, port, weight, .. } = &self.name;
        let subset = self.name.subset.as_ref().map(|subset| format!(" subset {subset}")).unwrap_or_default();
        match &self.name.missing {
            Some(missing) => format!("{host}{subset} weight {weight} (refused: {missing})"),
            None => format!("{host}:{port}{subset} weight {weight}"),
        }
    }
}

/// For each target the smallest roll that falls on it; any roll where there is none.
fn rolls(targets: &[TargetExplanation]) -> Vec<u32> {
    let total: u64 = targets.iter().map(|target| u64::from(target.weight)).sum();
    if total == 0 {
        return vec![0];
    }
    let starts = targets.iter().scan(0_u64, |before, target| {
        let start = *before;
        *before += u64::from(target.weight);
        Some(start)
    });
    // The quotient is below 2^32, for each start is below the total.
    starts.map(|start| (u128::from(start) << 32).div_ceil(u128::from(total)) as u32).collect()
}

fn chosen(decision: &Decision) -> Option<Chosen> {
    match decision {
        Decision::Forward(chosen) | Decision::Answer(chosen) => Some(*chosen),
        Decision::Pass | Decision::Refuse(_) => None,
    }
}

fn original_path(view: &RequestView<'_>) -> String {
    match view.query {
        Some(query) => format!("{}?{query}", view.path),
        None => view.path.to_owned(),
    }
}
