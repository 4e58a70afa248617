//! Which DestinationRule speaks about a service, for one client.

use crate::{
    model::{Labels, Model, Service, Subset, SubsetRule, WrittenPolicy},
    table::{hosts::HostIndex, viewpoint::Viewpoint},
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The rules that one client can see, by their namespace.
#[derive(Debug)]
pub(super) struct SubsetRules {
    client: Box<str>,
    root: Arc<str>,
    scopes: FxHashMap<Arc<str>, Scope>,
}

/// The rules of one namespace, by host; those of the same host are one group.
#[derive(Debug, Default)]
struct Scope {
    hosts: HostIndex,
    groups: Vec<Vec<Arc<SubsetRule>>>,
}

impl SubsetRules {
    pub(super) fn new(model: &Model, viewpoint: &Viewpoint) -> Self {
        let mut scopes: FxHashMap<Arc<str>, Scope> = FxHashMap::default();
        for rule in model.subset_rules.iter().filter(|rule| is_for(rule, viewpoint)) {
            scopes.entry(Arc::clone(&rule.namespace)).or_default().add(rule);
        }
        Self { client: viewpoint.namespace.as_str().into(), root: Arc::clone(&model.root_namespace), scopes }
    }

    /// The rules that apply to a service: those of the most specific host, in the first namespace that has any, for
    /// the same clients and seen by the same namespaces. They are one rule, whatever subsets each has.
    pub(super) fn of(&self, service: &Service) -> RulesOfService<'_> {
        // A client in the root namespace has no rules of its own: they are the last resort for it too.
        let own = (*self.client != *self.root).then_some(&*self.client);
        let mut order = own.into_iter().chain([&*service.namespace, &*self.root]);
        let group = order.find_map(|namespace| self.scopes.get(namespace)?.group(service.host.as_str()));
        let Some(group) = group else { return RulesOfService(Vec::new()) };
        // Rules for certain clients come before those for all.
        let first = group.iter().find(|rule| rule.clients.is_some()).unwrap_or(&group[0]);
        let is_same = |rule: &&SubsetRule| rule.clients == first.clients && rule.export == first.export;
        RulesOfService(group.iter().map(Arc::as_ref).filter(is_same).collect())
    }
}

/// The rules that apply to one service, as one: subsets are united, and the first of a name holds; of the policies for
/// the whole service the first holds.
pub(super) struct RulesOfService<'a>(Vec<&'a SubsetRule>);

impl<'a> RulesOfService<'a> {
    /// These, and where they say nothing those of another name of the service.
    pub(super) fn and_then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What is said about traffic to all of the service.
    pub(super) fn policy(&self) -> Option<&'a Arc<WrittenPolicy>> {
        self.0.iter().find_map(|rule| rule.policy.as_ref())
    }

    /// The subset of this name.
    pub(super) fn subset(&self, name: &str) -> Option<&'a Subset> {
        self.0.iter().flat_map(|rule| &rule.subsets).find(|subset| *subset.name == *name)
    }
}

impl Scope {
    fn add(&mut self, rule: &Arc<SubsetRule>) {
        let group = self.hosts.claim(&rule.host, self.groups.len() as u32) as usize;
        if group == self.groups.len() {
            self.groups.push(Vec::new());
        }
        self.groups[group].push(Arc::clone(rule));
    }

    /// The rules of the most specific host that covers this one.
    fn group(&self, host: &str) -> Option<&[Arc<SubsetRule>]> {
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
