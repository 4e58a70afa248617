//! One request, one decision.

use super::{
    hosts::{Found, FoundPattern},
    index::{are_few, first_of},
    request::RequestView,
    snapshot::{Backend, Chosen, Held, Rule, Snapshot},
};
use crate::model::Action;
use std::sync::Arc;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is forwarded to the target chosen.
    Forward(Chosen),
    /// It is answered by the rule chosen: a redirect or a direct response.
    Answer(Chosen),
    /// It goes where its address says: nobody described its host, or not on that port.
    Pass,
    /// It is refused.
    Refuse(Refusal),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No virtual host for it at this gateway, or no rule that matches.
    NoRoute,
    /// Its host is unknown, or unknown on that port, and unknown hosts are refused.
    UnknownHost,
    /// The rule's destination does not exist.
    Missing(Missing),
}

/// What a destination lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// No service has that host.
    Service,
    /// No DestinationRule names that subset.
    Subset,
    /// The service has no such port.
    Port,
}

impl Snapshot {
    /// Decides a request. `roll` is any random number; it chooses among weighted destinations.
    #[must_use]
    pub fn decide(&self, request: &RequestView<'_>, roll: u32) -> Decision {
        let decision = self.choose(request, roll);
        let Decision::Forward(chosen) = decision else { return decision };
        let rule = self.rule(chosen);
        let target = rule.targets.get(chosen.target as usize).filter(|_| !rule.is_whole);
        match target.map(|target| target.backend(request.port)) {
            Some(Err(missing)) => Decision::Refuse(Refusal::Missing(missing)),
            _ => decision,
        }
    }

    /// Decides a request as [`Snapshot::decide`] does, but forwards it to a destination even if that does not exist.
    #[must_use]
    pub fn choose(&self, request: &RequestView<'_>, roll: u32) -> Decision {
        let found = match self.find(request) {
            Ok(found) => found,
            Err(decision) => return decision,
        };
        let Held { rules, host } = &self.virtual_hosts[found.owner as usize];
        let number =
            if are_few(rules) { first_of(rules, request) } else { host.index.first_match(rules, request) };
        let Some(number) = number else { return Decision::Refuse(Refusal::NoRoute) };
        let rule = &rules[number as usize];
        let mut chosen = Chosen { host: found.owner, rule: number, target: 0 };
        let Some(number) = rule.choose(roll) else {
            // Asked only now: the action lies elsewhere in memory, and what has targets forwards.
            return match rule.route.action {
                Action::Forward(_) => Decision::Refuse(Refusal::NoRoute),
                Action::Redirect(_) | Action::Respond(_) => Decision::Answer(chosen),
            };
        };
        chosen.target = number;
        Decision::Forward(chosen)
    }

    /// Decides a connection to a gateway's port whose TLS ends at the service behind, by the host that the client asks
    /// for. `roll` is any random number; it chooses among weighted destinations.
    ///
    /// # Errors
    /// Why there is nowhere to send it.
    pub fn decide_sealed(&self, port: u16, name: Option<&str>, roll: u32) -> Result<&Arc<Backend>, Refusal> {
        let listener = self.listeners.iter().find(|listener| listener.port == port);
        // A client that asks for no host is for whoever takes any: a name that is none is within no other pattern.
        let found = listener.and_then(|listener| listener.sealed.find(name.unwrap_or_default()));
        let rules = found.map(|found| &self.virtual_hosts[found.owner as usize].rules);
        let rule = rules.and_then(|rules| rules.first()).ok_or(Refusal::NoRoute)?;
        let target = rule.choose(roll).and_then(|number| rule.targets.get(number as usize));
        target.ok_or(Refusal::NoRoute)?.backend(port).map_err(Refusal::Missing)
    }

    /// Who is responsible for a request.
    ///
    /// # Errors
    /// The decision about requests that nobody is responsible for.
    pub(super) fn find(&self, request: &RequestView<'_>) -> Result<Found<'_>, Decision> {
        let host = request.host();
        if let Some(port) = request.listener {
            let listener = self.listeners.iter().find(|listener| listener.port == port);
            let found = listener.and_then(|listener| listener.hosts.find(host));
            return found.ok_or(Decision::Refuse(Refusal::NoRoute));
        }
        if host.is_empty() {
            return Err(Decision::Refuse(Refusal::NoRoute));
        }
        let found = self.outbound.find(host, request.port);
        let stand_in = || self.stand_in.map(|owner| Found { owner, pattern: FoundPattern::Any });
        found.or_else(stand_in).ok_or(self.unknown_hosts)
    }
}

impl Rule {
    /// The number of the target that a roll falls on; `None` when there is none.
    fn choose(&self, roll: u32) -> Option<u32> {
        if self.targets.len() <= 1 {
            return (!self.targets.is_empty()).then_some(0);
        }
        // Scales the roll to 0..total without the bias of a remainder.
        let scaled = (u128::from(roll) * u128::from(self.total_weight)) >> 32;
        let mut passed = 0;
        let hit = (0..).zip(&self.targets).find(|(_, target)| {
            passed += u128::from(target.weight);
            scaled < passed
        });
        hit.map(|(number, _)| number)
    }
}
