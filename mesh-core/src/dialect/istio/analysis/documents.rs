//! The documents that are looked at together, by kind.

use super::{
    Setting,
    subject::Subject,
    workloads::{Workload, Workloads},
};
use crate::document::{
    AuthorizationPolicy, Body, DestinationRule, Document, Gateway, MeshConfig, RateLimit,
    RequestAuthentication, Secret, Service, ServiceEntry, Sidecar, Telemetry, VirtualService,
};

/// The documents of one kind, in the order of precedence.
pub(super) type All<'a, T> = Vec<(Subject<'a>, &'a T)>;

/// The documents that are looked at together, by kind.
#[derive(Default)]
pub(super) struct Documents<'a> {
    pub(super) virtual_services: All<'a, VirtualService>,
    pub(super) destination_rules: All<'a, DestinationRule>,
    pub(super) gateways: All<'a, Gateway>,
    pub(super) service_entries: All<'a, ServiceEntry>,
    pub(super) sidecars: All<'a, Sidecar>,
    pub(super) telemetries: All<'a, Telemetry>,
    pub(super) authorization: All<'a, AuthorizationPolicy>,
    pub(super) mesh_configs: All<'a, MeshConfig>,
    pub(super) rate_limits: All<'a, RateLimit>,
    pub(super) services: All<'a, Service>,
    pub(super) tokens: All<'a, RequestAuthentication>,
    pub(super) secrets: All<'a, Secret>,
    pub(super) workloads: Workloads<'a>,
}

impl<'a> Documents<'a> {
    pub(super) fn of(documents: impl IntoIterator<Item = &'a Document>, setting: &'a Setting) -> Self {
        let mut all = Self::default();
        for document in documents {
            all.add(document, Subject::new(document, setting));
        }
        all
    }

    fn add(&mut self, document: &'a Document, subject: Subject<'a>) {
        match &document.body {
            Body::VirtualService(written) => self.virtual_services.push((subject, written)),
            Body::DestinationRule(written) => self.destination_rules.push((subject, written)),
            Body::Gateway(written) => self.gateways.push((subject, written)),
            Body::ServiceEntry(written) => self.service_entries.push((subject, written)),
            Body::Sidecar(written) => self.sidecars.push((subject, written)),
            Body::Telemetry(written) => self.telemetries.push((subject, written)),
            Body::AuthorizationPolicy(written) => self.authorization.push((subject, written)),
            Body::MeshConfig(written) => self.mesh_configs.push((subject, written)),
            Body::RateLimit(written) => self.rate_limits.push((subject, written)),
            Body::Service(written) => self.services.push((subject, written)),
            Body::RequestAuthentication(written) => self.tokens.push((subject, written)),
            Body::Secret(written) => self.secrets.push((subject, written)),
            Body::Workload(_, written) => self.workloads.add(Workload::of(subject, written)),
            Body::WorkloadEntry(written) => self.workloads.add(Workload::entry(subject, &written.labels)),
            Body::WorkloadGroup(written) => self.workloads.add(Workload::group(subject, written)),
            Body::Pod(written) => self.workloads.add(Workload::pod(subject, written)),
            Body::EndpointSlice(_)
            | Body::Namespace
            | Body::PeerAuthentication(_)
            | Body::Policy(_)
            | Body::ProxyConfig(_) => {}
        }
    }
}
