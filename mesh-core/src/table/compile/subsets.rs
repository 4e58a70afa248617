//! Which DestinationRule names the subsets of a service, for one client.

use crate::{
    model::{Labels, Model, Service, Subset, SubsetRule},
    table::{hosts::HostIndex, snapshot::Viewpoint},
};
use rustc_hash::FxHashMap;

/// The rules that one client can see, by their namespace.
pub(super) struct SubsetRules<'a> {
    client: &'a str,
    root: &'a str,
    scopes: FxHashMap<&'a str, Scope<'a>>,
}

/// The rules of one namespace, by host; those of the same host are one group.
#[derive(Default)]
struct Scope<'a> {
    hosts: HostIndex,
    groups: Vec<Vec<&'a SubsetRule>>,
}

impl<'a> SubsetRules<'a> {
    pub(super) fn new(model: &'a Model, viewpoint: &'a Viewpoint) -> Self {
        let mut scopes: FxHashMap<&str, Scope<'a>> = FxHashMap::default();
        for rule in model.subset_rules.iter().filter(|rule| is_for(rule, viewpoint)) {
            scopes.entry(&rule.namespace).or_default().add(rule);
        }
        Self { client: &viewpoint.namespace, root: &model.root_namespace, scopes }
    }

    /// The subset of a service that has this name, by the rule that applies.
    pub(super) fn find(&self, service: &Service, name: &str) -> Option<&'a Subset> {
        // A client in the root namespace has no rules of its own: they are the last resort for it too.
        let own = (self.client != self.root).then_some(self.client);
        let mut order = own.into_iter().chain([&*service.namespace, self.root]);
        // The first namespace with a rule for the host ends the search, whatever subsets that rule has.
        let group = order.find_map(|namespace| self.scopes.get(namespace)?.group(service.host.as_str()))?;
        let clients = group.iter().find_map(|rule| rule.clients.as_ref());
        let united = group.iter().filter(|rule| rule.clients.as_ref() == clients);
        united.flat_map(|rule| &rule.subsets).find(|subset| *subset.name == *name)
    }
}

impl<'a> Scope<'a> {
    fn add(&mut self, rule: &'a SubsetRule) {
        let group = self.hosts.claim(&rule.host, self.groups.len() as u32) as usize;
        if group == self.groups.len() {
            self.groups.push(Vec::new());
        }
        self.groups[group].push(rule);
    }

    /// The rules of the most specific host that covers this one.
    fn group(&self, host: &str) -> Option<&[&'a SubsetRule]> {
        self.hosts.find(host).map(|found| &*self.groups[found.owner as usize])
    }
}

fn is_for(rule: &SubsetRule, viewpoint: &Viewpoint) -> bool {
    let selects = |clients: &Labels| {
        *rule.namespace == *viewpoint.namespace
            && clients.iter().all(|(key, value)| viewpoint.labels.get(key) == Some(value))
    };
    rule.export.reaches(&viewpoint.namespace) && rule.clients.as_ref().is_none_or(selects)
}
