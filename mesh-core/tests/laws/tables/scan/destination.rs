//! Where a rule leads.

use super::{
    Outcome, Reader,
    names::{has_labels, means, rank, sees},
};
use mesh_core::{
    model::*,
    table::{Missing, Refusal},
};

impl<'a> Reader<'a> {
    /// What a rule does, by the roll of a die.
    pub(super) fn carried_out(&self, route: &Route, roll: u32) -> Outcome {
        let Action::Forward(all) = &route.action else { return Outcome::Answer(route.name.to_string()) };
        let total: u64 = all.iter().map(|to| u64::from(to.weight)).sum();
        let point = (u64::from(roll) * total) >> 32;
        let before = |index: usize| all[..index].iter().map(|to| u64::from(to.weight)).sum::<u64>();
        let chosen = (0..all.len()).rev().find(|index| all[*index].weight > 0 && before(*index) <= point);
        let chosen = if let [only] = &**all { only } else { &all[chosen.expect("a sum above 0")] };
        match self.destination(chosen) {
            Ok((service, subset, port)) => self.forwarded(&route.name, service, subset, port),
            Err(missing) => Outcome::Refuse(Refusal::Missing(missing)),
        }
    }

    fn destination(&self, to: &Destination) -> Result<(&'a Service, Option<&'a Subset>, &'a Port), Missing> {
        let services = self.services();
        let full = services.iter().find(|service| service.host == to.host);
        let service = full.or_else(|| services.iter().find(|service| service.aliases.contains(&to.host)));
        let service = *service.ok_or(Missing::Service)?;
        let rules = self.rules_about(service);
        let subset =
            |name: &str| rules.iter().flat_map(|rule| &rule.subsets).find(|subset| *subset.name == *name);
        let subset = to.subset.as_deref().map(|name| subset(name).ok_or(Missing::Subset));
        let subset = subset.transpose()?;
        let port = match (to.port, &*service.ports) {
            (None, [only]) => Some(only),
            (asked, ports) => ports.iter().find(|port| port.number == asked.unwrap_or(self.view.port)),
        };
        Ok((service, subset, port.ok_or(Missing::Port)?))
    }

    /// The rules about a service: those of the client's namespace, else of the service's, else of all; of the most
    /// specific host; for this client before those for everybody; and all that are for and seen by the same.
    fn rules_about(&self, service: &Service) -> Vec<&'a SubsetRule> {
        let client = &*self.viewpoint.namespace;
        let own = Some(client).filter(|client| *client != "istio-system");
        let all = || self.model.subset_rules.iter().map(|rule| &**rule);
        for namespace in own.into_iter().chain([&*service.namespace, "istio-system"]) {
            let is_own = |clients| namespace == client && has_labels(&self.viewpoint.labels, clients);
            let mut rules: Vec<_> = all()
                .filter(|rule| *rule.namespace == *namespace && sees(&rule.export, client))
                .filter(|rule| means(&rule.host.to_string(), service.host.as_str()))
                .filter(|rule| rule.clients.as_ref().is_none_or(is_own))
                .collect();
            let best = rules.iter().map(|rule| rule.host.to_string()).max_by_key(|host| rank(host));
            let Some(best) = best else { continue };
            rules.retain(|rule| rule.host.to_string() == best);
            let first = *rules.iter().find(|rule| rule.clients.is_some()).unwrap_or(&rules[0]);
            rules.retain(|rule| rule.clients == first.clients && rule.export == first.export);
            return rules;
        }
        Vec::new()
    }

    /// To whom a request goes, and by which numbers of a policy.
    pub(super) fn forwarded(
        &self,
        rule: &str,
        service: &Service,
        subset: Option<&Subset>,
        port: &Port,
    ) -> Outcome {
        let is_of_subset =
            |at: &&Endpoint| subset.is_none_or(|subset| has_labels(&at.labels, &subset.labels));
        let number = |at: &Endpoint| at.ports.get(&port.name).copied().unwrap_or(port.target);
        let endpoint = |at: &Endpoint| format!("{}:{}", at.address, number(at));
        let name = subset.map_or("", |subset| &subset.name);
        let of_service = self.rules_about(service).into_iter().find_map(|rule| rule.policy.as_deref());
        Outcome::Forward {
            rule: rule.to_owned(),
            backend: format!("outbound|{}|{name}|{}", port.number, service.host),
            endpoints: service.endpoints.iter().filter(is_of_subset).map(endpoint).collect(),
            policy: policy(of_service, subset.and_then(|subset| subset.policy.as_deref()), port.number),
        }
    }
}

/// A port's blocks take the place of all of their level; those of a subset's port that of all levels.
fn policy(service: Option<&WrittenPolicy>, subset: Option<&WrittenPolicy>, port: u16) -> [Option<u32>; 3] {
    let of_service = service.map(|policy| policy.ports.get(&port).unwrap_or(&policy.blocks));
    let levels = match subset.map(|policy| (policy.ports.get(&port), &policy.blocks)) {
        Some((Some(of_port), _)) => vec![of_port],
        Some((None, of_subset)) => [of_subset].into_iter().chain(of_service).collect(),
        None => of_service.into_iter().collect(),
    };
    let pool = levels.iter().find_map(|blocks| blocks.connection_pool.clone()).unwrap_or_default();
    let outlier = levels.iter().find_map(|blocks| blocks.outlier_detection.as_ref());
    let budget =
        subset.and_then(|policy| policy.retry_budget).or(service.and_then(|policy| policy.retry_budget));
    [
        Some(pool.max_connections),
        outlier.map(|outlier| outlier.consecutive_5xx),
        budget.map(|budget| budget.min_concurrency),
    ]
}
