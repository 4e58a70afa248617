//! Services that are asked about requests and that nobody describes.

use super::{
    documents::{All, Documents},
    registry::Registry,
    subject::{SPEC, Subject},
};
use crate::{
    dialect::codes::{Finding, UNKNOWN_REFERENCE},
    document::{Fault, MeshConfig, Path, ProviderKind, RateLimit},
    model::{Host, HostPattern},
};

/// Checks that extension providers and limiting services are there, and the providers that policies name.
pub(super) fn check(documents: &Documents<'_>, registry: &Registry<'_>, faults: &mut Vec<Fault>) {
    for (subject, written) in &documents.mesh_configs {
        check_providers(subject, written, registry, faults);
    }
    for (subject, written) in &documents.rate_limits {
        check_limits(subject, written, registry, faults);
    }
    check_names(documents, faults);
}

fn check_providers(
    subject: &Subject<'_>,
    written: &MeshConfig,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    let data_at = Path::Root.field("data");
    let mesh_at = data_at.field("mesh");
    let providers_at = mesh_at.field("extensionProviders");
    for (index, provider) in written.extension_providers.iter().enumerate() {
        let at = providers_at.index(index);
        let (field, common) = match &provider.kind {
            Some(ProviderKind::ExtAuthzHttp(http)) => ("envoyExtAuthzHttp", &http.common),
            Some(ProviderKind::ExtAuthzGrpc(grpc)) => ("envoyExtAuthzGrpc", &grpc.common),
            _ => continue,
        };
        check_service(subject, &at.field(field), &common.service, common.port, registry, faults);
    }
}

fn check_limits(
    subject: &Subject<'_>,
    written: &RateLimit,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    let rules_at = SPEC.field("rules");
    for (index, rule) in written.rules.iter().enumerate() {
        if let Some(global) = &rule.global {
            let at = rules_at.index(index);
            check_service(subject, &at.field("global"), &global.service, global.port, registry, faults);
        }
    }
}

fn check_service(
    subject: &Subject<'_>,
    at: &Path<'_>,
    service: &str,
    port: u32,
    registry: &Registry<'_>,
    faults: &mut Vec<Fault>,
) {
    let name = service.rsplit('/').next().unwrap_or(service);
    let Ok(host) = Host::parse(name) else { return };
    let host = registry.full_name(&host);
    if !registry.has_services() {
        return;
    }
    if !registry.knows(&HostPattern::Exact(host.clone())) {
        faults.push(subject.fault(&at.field("service"), unknown_service(host, registry)));
        return;
    }
    let services = registry.services(host.as_str());
    let has_port =
        |service: &&crate::model::Service| service.ports.iter().any(|known| u32::from(known.number) == port);
    if !services.is_empty() && !services.iter().any(has_port) {
        let reason = format!("referenced port not found: {host} has no port {port}");
        let finding = UNKNOWN_REFERENCE.because(reason, "write one of the ports of the service");
        faults.push(subject.fault(&at.field("port"), finding));
    }
}

fn unknown_service(host: &Host, registry: &Registry<'_>) -> Finding {
    let remedy = match registry.namesake(host.as_str()) {
        Some(other) => format!("did you mean {other}?"),
        None => "write a full name, and describe the host in a Service or a ServiceEntry".to_owned(),
    };
    UNKNOWN_REFERENCE.because(format!("referenced host not found: {:?}", host.as_str()), remedy)
}

/// A policy that names a provider which the MeshConfig lacks lets nobody pass.
fn check_names(documents: &Documents<'_>, faults: &mut Vec<Fault>) {
    let configs: &All<'_, MeshConfig> = &documents.mesh_configs;
    if configs.is_empty() {
        return;
    }
    let is_known = |name: &str| {
        let mut providers = configs.iter().flat_map(|(_, config)| &config.extension_providers);
        providers.any(|provider| provider.name == name)
    };
    for (subject, written) in &documents.authorization {
        let provider = written.provider.as_ref().filter(|provider| !provider.name.is_empty());
        if let Some(provider) = provider.filter(|provider| !is_known(&provider.name)) {
            let reason = format!("referenced extension provider not found: {:?}", provider.name);
            let remedy = "name it in extensionProviders of the MeshConfig; nobody passes until then";
            let at = SPEC.field("provider");
            faults.push(subject.fault(&at.field("name"), UNKNOWN_REFERENCE.because(reason, remedy)));
        }
    }
}
