//! The decision about one request, left in its extensions by the route layer for the layers below.

use mesh_core::table::{Backend, Chosen, Decision, Missing, Rule, Snapshot, Target};
use std::sync::Arc;

/// What was decided for a request, and by which table. The request keeps that table to its end.
#[derive(Clone, Debug)]
pub struct Routed {
    snapshot: Arc<Snapshot>,
    decision: Decision,
    port: u16,
}

impl Routed {
    /// A decision of `snapshot` for a request that came to `port`.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, decision: Decision, port: u16) -> Self {
        Self { snapshot, decision, port }
    }

    /// The table that decided.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What it decided.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// The port the request came to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The rule that matched, if one did.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.chosen().map(|chosen| self.snapshot.rule(chosen))
    }

    /// The destination chosen, if the rule forwards.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        self.chosen().and_then(|chosen| self.snapshot.target(chosen))
    }

    /// The backend to send to; `None` when the request goes where its address says, or is answered by the rule.
    ///
    /// # Errors
    /// What the destination lacks.
    pub fn backend(&self) -> Result<Option<&Arc<Backend>>, Missing> {
        self.target().map(|target| target.backend(self.port)).transpose()
    }

    fn chosen(&self) -> Option<Chosen> {
        match self.decision {
            Decision::Forward(chosen) | Decision::Answer(chosen) => Some(chosen),
            Decision::Pass | Decision::Refuse(_) => None,
        }
    }
}
