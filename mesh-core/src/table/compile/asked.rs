//! The backends of services that are asked about requests, or told: no host of the table need lead to them.

use super::{assemble::Compiler, rules::only_rule};
use crate::{
    model::{AskedService, Destination, HeaderEdits, Limit, Model},
    table::{snapshot::TargetBackend, telemetry::Telemetry},
};

impl Compiler<'_> {
    /// Takes the backends of all such services into the table, by a virtual host that no request finds.
    pub(super) fn ask(&mut self, telemetry: &Telemetry) {
        let mut rules = Vec::new();
        for asked in asked(self.model, telemetry) {
            let backend = self.backends.find(&asked.host, None, Some(asked.port));
            if matches!(backend, TargetBackend::Known(_)) {
                rules.push(only_rule("asked", destination(asked), backend));
            }
        }
        if !rules.is_empty() {
            self.add("asked", Vec::new(), rules);
        }
    }
}

/// Every service that is asked or told, once.
fn asked<'a>(model: &'a Model, telemetry: &'a Telemetry) -> Vec<&'a AskedService> {
    let providers = model.security.ext_authz.iter().map(|ext_authz| &ext_authz.service);
    let rules = model.security.rate_limits.iter().flat_map(|limit| &limit.rules);
    let limiting = rules.filter_map(|rule| match &rule.limit {
        Limit::Global(global) => Some(&global.service),
        Limit::Local(_) => None,
    });
    let mut asked: Vec<&AskedService> = Vec::new();
    for service in providers.chain(limiting).chain(telemetry.services()) {
        if !asked.contains(&service) {
            asked.push(service);
        }
    }
    asked
}

fn destination(asked: &AskedService) -> Destination {
    Destination {
        host: asked.host.clone(),
        subset: None,
        port: Some(asked.port),
        weight: 100,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}
