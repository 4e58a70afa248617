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
            Ok((service, subset, port)) => forwarded(&route.name, service, subset, port),
            Err(missing) => Outcome::Refuse(Refusal::Missing(missing)),
        }
    }

    fn destination(&self, to: &Destination) -> Result<(&'a Service, Option<&'a Subset>, &'a Port), Missing> {
        let services = self.services();
        let full = services.iter().find(|service| service.host == to.host);
        let service = full.or_else(|| services.iter().find(|service| service.aliases.contains(&to.host)));
        let service = *service.ok_or(Missing::Service)?;
        let subset = to.subset.as_deref().map(|name| self.subset(service, name).ok_or(Missing::Subset));
        let subset = subset.transpose()?;
        let port = match (to.port, &*service.ports) {
            (None, [only]) => Some(only),
            (asked, ports) => ports.iter().find(|port| port.number == asked.unwrap_or(self.view.port)),
        };
        Ok((service, subset, port.ok_or(Missing::Port)?))
    }

    /// The subset of a service that has this name: the client's namespace is asked first, then the service's, then that
    /// of all.
    fn subset(&self, service: &Service, name: &str) -> Option<&'a Subset> {
        let client = &*self.viewpoint.namespace;
        let own = Some(client).filter(|client| *client != "istio-system");
        for namespace in own.into_iter().chain([&*service.namespace, "istio-system"]) {
            let meant: Vec<&SubsetRule> = self
                .model
                .subset_rules
                .iter()
                .map(|rule| &**rule)
                .filter(|rule| *rule.namespace == *namespace && sees(&rule.export, client))
                .filter(|rule| means(&rule.host.to_string(), service.host.as_str()))
                .filter(|rule| {
                    let own = |clients| namespace == client && has_labels(&self.viewpoint.labels, clients);
                    rule.clients.as_ref().is_none_or(own)
                })
                .collect();
            let Some(best) = meant.iter().map(|rule| rule.host.to_string()).max_by_key(|host| rank(host))
            else {
                continue;
            };
            let united: Vec<_> = meant.into_iter().filter(|rule| rule.host.to_string() == best).collect();
            let clients = united.iter().find_map(|rule| rule.clients.as_ref());
            let mut united = united.into_iter().filter(|rule| rule.clients.as_ref() == clients);
            return united.find_map(|rule| rule.subsets.iter().find(|subset| *subset.name == *name));
        }
        None
    }
}

pub(super) fn forwarded(rule: &str, service: &Service, subset: Option<&Subset>, port: &Port) -> Outcome {
    let selected = service
        .endpoints
        .iter()
        .filter(|at| subset.is_none_or(|subset| has_labels(&at.labels, &subset.labels)));
    let number = |at: &Endpoint| at.ports.get(&port.name).copied().unwrap_or(port.target);
    let name = subset.map_or("", |subset| &subset.name);
    Outcome::Forward {
        rule: rule.to_owned(),
        backend: format!("outbound|{}|{name}|{}", port.number, service.host),
        endpoints: selected.map(|at| format!("{}:{}", at.address, number(at))).collect(),
    }
}
