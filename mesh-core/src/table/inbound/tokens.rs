//! Which tokens count at a workload.

use crate::{
    model::{Model, TokenRule},
    table::Viewpoint,
};
use std::sync::Arc;

/// The rules for the tokens in requests to one workload, by issuer. A request without any token passes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens(Vec<Arc<TokenRule>>);

impl Tokens {
    /// These rules, in this order.
    #[must_use]
    pub fn new(rules: Vec<Arc<TokenRule>>) -> Self {
        Self(rules)
    }

    /// All rules that are for the workload: those of the root namespace and of its own, if they are for its labels.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        let own = |namespace: &str| *namespace == *model.root_namespace || namespace == viewpoint.namespace;
        let all = model.security.tokens.iter().filter(|tokens| own(&tokens.namespace));
        let here = all.filter(|tokens| viewpoint.is_labelled(&tokens.workloads));
        let mut rules: Vec<_> = here.flat_map(|tokens| &tokens.rules).cloned().collect();
        // Stable: of one issuer's rules the oldest comes first.
        rules.sort_by(|one, other| one.issuer.cmp(&other.issuer));
        Self(rules)
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Arc<TokenRule>] {
        &self.0
    }
}
