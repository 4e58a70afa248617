//! All meanings together: services find their instances, rules what they hand over to, and the model is whole.

use super::{
    Meaning, MeshSetting, Setting,
    istio::{Name, expand},
    registry::Registry,
};
use crate::model::{Model, Security, SubsetRule, TelemetryRules, VirtualService};
use std::{collections::HashMap, sync::Arc};

/// Puts meanings together, in the order of precedence: oldest first. `digest` is that of their documents.
#[must_use]
pub fn assemble<'a>(
    meanings: impl IntoIterator<Item = &'a Meaning> + Clone,
    setting: &Setting,
    digest: u64,
) -> Model {
    let none = MeshSetting::default();
    let mesh = meanings.clone().into_iter().find_map(|meaning| match meaning {
        Meaning::Mesh(mesh) => Some(&**mesh),
        _ => None,
    });
    let mesh = mesh.unwrap_or(&none);
    let mut model = empty(mesh, setting, digest);
    let mut registry = Registry::new(&mesh.services);
    let mut roots = Vec::new();
    let mut delegates = Vec::new();
    for meaning in meanings {
        match meaning {
            Meaning::VirtualService(rules) => model.virtual_services.push(exported(rules, mesh)),
            Meaning::Root(root) => {
                // Keeps its place among the others, which is its precedence.
                roots.push((model.virtual_services.len(), root));
                model.virtual_services.push(Arc::new(root.rules.clone()));
            }
            Meaning::Delegate(rules) => delegates.push(exported(rules, mesh)),
            Meaning::SubsetRule(rule) => model.subset_rules.push(exported_rule(rule, mesh)),
            Meaning::Gateway(gateway) => model.gateways.push(Arc::clone(gateway)),
            Meaning::Sidecar(sidecar) => model.sidecars.push(Arc::clone(sidecar)),
            Meaning::Telemetry(rule) => model.telemetry.rules.push(Arc::clone(rule)),
            Meaning::RateLimit(limit) => model.security.rate_limits.push(Arc::clone(limit)),
            Meaning::Instance(instance) => registry.add_instance(instance),
            Meaning::Namespace(namespace) => registry.add_namespace(namespace),
            Meaning::Pod(pod) => registry.add_pod(pod),
            Meaning::Slice(slice) => registry.add_slice(slice),
            Meaning::Services(services) => services.iter().for_each(|service| registry.name(service)),
            Meaning::Tokens(tokens) => model.security.tokens.push(Arc::clone(tokens)),
            Meaning::Policy(policy) => model.security.policies.push(Arc::clone(policy)),
            Meaning::Authorization(policy) => model.security.authorization.push(Arc::clone(policy)),
            Meaning::Peers(peers) => model.security.peers.push(Arc::clone(peers)),
            Meaning::Mesh(_) | Meaning::Nothing => {}
        }
    }
    let mut by_name: HashMap<Name, &VirtualService> = HashMap::new();
    for rules in &delegates {
        by_name.entry((Arc::clone(&rules.namespace), Arc::clone(&rules.name))).or_insert(rules);
    }
    for (place, root) in roots {
        model.virtual_services[place] = exported(&Arc::new(expand(root, &by_name)), mesh);
    }
    model.services = registry.services();
    model
}

fn empty(mesh: &MeshSetting, setting: &Setting, digest: u64) -> Model {
    let model = Model::default();
    Model {
        unknown_hosts: mesh.unknown_hosts.unwrap_or(setting.unknown_hosts),
        root_namespace: mesh.root_namespace.clone().unwrap_or(model.root_namespace),
        traffic: Arc::clone(&mesh.traffic),
        security: Security { ext_authz: mesh.ext_authz.clone(), ..Security::default() },
        telemetry: TelemetryRules { mesh: Arc::clone(&mesh.telemetry), rules: Vec::new() },
        path_normalization: mesh.path_normalization,
        trusted_proxies: mesh.trusted_proxies,
        trust: mesh.trust.clone(),
        dns_refresh: mesh.dns_refresh.unwrap_or(model.dns_refresh),
        digest,
        ..model
    }
}

/// The rules, seen by whom the mesh says where they do not say themselves.
fn exported(rules: &Arc<VirtualService>, mesh: &MeshSetting) -> Arc<VirtualService> {
    match mesh.virtual_services.instead_of(&rules.export, &rules.namespace) {
        Some(export) => Arc::new(VirtualService { export, ..VirtualService::clone(rules) }),
        None => Arc::clone(rules),
    }
}

fn exported_rule(rule: &Arc<SubsetRule>, mesh: &MeshSetting) -> Arc<SubsetRule> {
    match mesh.subset_rules.instead_of(&rule.export, &rule.namespace) {
        Some(export) => Arc::new(SubsetRule { export, ..SubsetRule::clone(rule) }),
        None => Arc::clone(rule),
    }
}
