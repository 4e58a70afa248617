//! The decision about one request, left in its extensions by the route layer for the layers below.

use super::left::Left;
use super::token::Token;
use http::Request;
use mesh_core::table::{Backend, Chosen, Decision, Missing, RequestView, Rule, Snapshot, Target};
use std::sync::Arc;

/// What was decided for a request, and by which table. The request keeps that table to its end.
#[derive(Clone, Debug)]
pub struct Routed {
    decided: Decided,
    port: u16,
    gateway: Option<Gateway>,
    /// The rule's mirror that this is the copy for, if it is one.
    mirror: Option<u16>,
    /// Where it goes without a rule, if somebody said.
    direct: Option<Arc<Backend>>,
    /// What layers below have left.
    left: Left,
}

/// A decision and the table that made it: all that a response needs of either.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    snapshot: Arc<Snapshot>,
    decision: Decision,
}

/// What a listener of a gateway adds to the view of its requests.
#[derive(Clone, Copy, Debug)]
struct Gateway {
    is_tls: bool,
}

impl Routed {
    /// A decision of `snapshot` for a request that came to `port`.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, decision: Decision, port: u16) -> Self {
        let decided = Decided { snapshot, decision };
        Self { decided, port, gateway: None, mirror: None, direct: None, left: Left::default() }
    }

    /// The same for a request that came in at a gateway's listener, over TLS or not.
    #[must_use]
    pub fn at_gateway(self, is_tls: bool) -> Self {
        Self { gateway: Some(Gateway { is_tls }), ..self }
    }

    /// The same for the copy of the request that a mirror of its rule gets.
    pub(crate) fn copied_to(self, mirror: u16) -> Self {
        // What was left for the request is not for its copy.
        Self { mirror: Some(mirror), left: Left::default(), ..self }
    }

    /// From now on its backend is this one, which has addresses where the table's has names.
    pub(crate) fn resolve(&mut self, backend: Arc<Backend>) {
        self.left.resolved = Some(backend);
    }

    /// To a backend of `snapshot`, whatever the request's address says and without a rule: a question of the mesh's own.
    pub(crate) fn direct(snapshot: Arc<Snapshot>, backend: Arc<Backend>) -> Self {
        let port = backend.name.port;
        Self { direct: Some(backend), ..Self::new(snapshot, Decision::Pass, port) }
    }

    /// The request as the table saw it. Layers that change the request between change the view.
    #[must_use]
    pub fn view<'a, B>(&self, request: &'a Request<B>) -> RequestView<'a> {
        let view = match self.gateway {
            Some(Gateway { is_tls }) => RequestView::at_gateway(request, self.port, is_tls),
            None => RequestView::outbound(request),
        };
        view.with_claims(request.extensions().get::<Token>().map(|token| &**token))
    }

    /// Whether it came in at a gateway's listener.
    #[must_use]
    pub fn is_at_gateway(&self) -> bool {
        self.gateway.is_some()
    }

    /// The table that decided.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.decided.snapshot
    }

    /// What it decided.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.decided.decision
    }

    /// The port the request came to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The rule that matched, if one did.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.decided.rule()
    }

    /// The destination chosen, if the rule forwards.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        self.decided.target()
    }

    /// The backend to send to: a mirror's, for the copy that it gets. Below the resolve layer its endpoints have addresses.
    /// `None` when the request goes where its address says, or is answered by the rule.
    ///
    /// # Errors
    /// What the destination lacks.
    pub fn backend(&self) -> Result<Option<&Arc<Backend>>, Missing> {
        if let Some(resolved) = &self.left.resolved {
            return Ok(Some(resolved));
        }
        if let Some(backend) = &self.direct {
            return Ok(Some(backend));
        }
        let backend = match self.mirror {
            None => self.target().map(|target| &target.backend),
            Some(mirror) => {
                self.rule().and_then(|rule| rule.mirrors.get(usize::from(mirror))).map(|to| &to.backend)
            }
        };
        backend.map(|backend| backend.at(self.port)).transpose()
    }

    pub(super) fn left(&self) -> &Left {
        &self.left
    }

    pub(super) fn left_mut(&mut self) -> &mut Left {
        &mut self.left
    }

    /// The decision without what belongs to the request.
    pub(crate) fn decided(&self) -> &Decided {
        &self.decided
    }
}

impl Decided {
    /// What was decided.
    pub(crate) fn decision(&self) -> Decision {
        self.decision
    }

    /// The rule that matched, if one did.
    pub(crate) fn rule(&self) -> Option<&Rule> {
        self.chosen().map(|chosen| self.snapshot.rule(chosen))
    }

    /// The destination chosen, if the rule forwards.
    pub(crate) fn target(&self) -> Option<&Target> {
        self.chosen().and_then(|chosen| self.snapshot.target(chosen))
    }

    fn chosen(&self) -> Option<Chosen> {
        match self.decision {
            Decision::Forward(chosen) | Decision::Answer(chosen) => Some(chosen),
            Decision::Pass | Decision::Refuse(_) => None,
        }
    }
}
