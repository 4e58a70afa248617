//! Istio's dialect: its checks, its short names, its merges. One file a kind.

mod analysis;
mod authorization_clauses;
mod authorization_policy;
mod client_tls;
mod connection_pool;
mod connection_route;
mod cors;
mod custom_tag;
mod delegation;
mod destination;
mod destination_rule;
mod distribution;
mod dry_run;
mod endpoint_slice;
mod extension_provider;
mod gateway;
mod headers;
mod http_match;
mod http_route;
mod injection;
mod load_balancer;
mod locality;
mod log_format;
mod mesh_config;
mod mesh_telemetry;
mod mesh_traffic;
mod mesh_trust;
mod mirror;
mod names;
mod outlier_detection;
mod peer_authentication;
mod pod;
mod policy;
mod policy_target;
mod proxy_config;
mod rate_limit;
mod request_authentication;
mod retry;
mod server_tls;
mod service;
mod service_entry;
mod service_entry_check;
mod sidecar;
mod sidecar_check;
mod telemetry;
mod telemetry_metrics;
mod telemetry_provider;
mod termination;
mod token_rule;
mod traffic_policy;
mod unreachable;
mod values;
mod virtual_service;
mod workload_entry;
mod workload_group;

pub use analysis::analyze;
pub use delegation::{Handover, Root};
pub(super) use delegation::{Name, expand};
pub use distribution::NamespaceSetting;
pub use endpoint_slice::{Slice, SliceEndpoint};
pub use mesh_config::{DefaultExport, MeshSetting};
pub use pod::Pod;
pub use service::NamedService;
pub use workload_entry::Instance;

use super::{Setting, check::Check};
use crate::{
    document::{Body, Document, Fault, Path},
    model::{
        AuthorizationPolicy, Gateway, PeerAuthentication, Policy, RateLimit, RequestAuthentication, Sidecar,
        SubsetRule, TelemetryRule, VirtualService,
    },
};
use std::sync::Arc;

/// What one document means by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Routing rules.
    VirtualService(Arc<VirtualService>),
    /// Routing rules of which some hand over to others.
    Root(Arc<Root>),
    /// Routing rules that others hand over to; their hosts are empty.
    Delegate(Arc<VirtualService>),
    /// Subsets of services.
    SubsetRule(Arc<SubsetRule>),
    /// A door of the mesh.
    Gateway(Arc<Gateway>),
    /// Services, whose endpoints may be elsewhere.
    Services(Vec<Arc<NamedService>>),
    /// What some workloads see.
    Sidecar(Arc<Sidecar>),
    /// How many requests some workloads take.
    RateLimit(Arc<RateLimit>),
    /// How the requests of some workloads are measured, traced and written to logs.
    Telemetry(Arc<TelemetryRule>),
    /// An instance of whatever services select it.
    Instance(Arc<Instance>),
    /// What Services of a namespace do not say themselves.
    Namespace(Arc<NamespaceSetting>),
    /// What is behind endpoints.
    Pod(Arc<Pod>),
    /// Some endpoints of a service.
    Slice(Arc<Slice>),
    /// Which tokens are good.
    Tokens(Arc<RequestAuthentication>),
    /// What is asked of requests, in the dialect of 2019.
    Policy(Arc<Policy>),
    /// Who may ask what of some workloads.
    Authorization(Arc<AuthorizationPolicy>),
    /// Whether some workloads are reached by mutual TLS.
    Peers(Arc<PeerAuthentication>),
    /// What holds for the whole mesh.
    Mesh(Arc<MeshSetting>),
    /// Nothing that routes requests.
    Nothing,
}

/// Understands one document; its meaning is `None` when it is wrong, and then at least one fault is an error.
#[must_use]
pub fn translate(document: &Document, setting: &Setting) -> (Option<Meaning>, Vec<Fault>) {
    let check = Check::new(document);
    let spec = Path::Root.field("spec");
    let site = Site { check: &check, metadata: &document.metadata, setting, spec: &spec };
    dry_run::check(site, &document.body);
    let meaning = match &document.body {
        Body::VirtualService(written) => virtual_service::translate(site, written),
        Body::DestinationRule(written) => destination_rule::translate(site, written),
        Body::Gateway(written) => gateway::translate(site, written),
        Body::ServiceEntry(written) => service_entry::translate(site, written),
        Body::WorkloadEntry(written) => workload_entry::translate(site, written),
        Body::WorkloadGroup(written) => workload_group::translate(site, written),
        Body::Sidecar(written) => sidecar::translate(site, written),
        Body::RateLimit(written) => rate_limit::translate(site, written),
        Body::AuthorizationPolicy(written) => authorization_policy::translate(site, written),
        Body::Telemetry(written) => telemetry::translate(site, written),
        Body::ProxyConfig(written) => proxy_config::translate(site, written),
        Body::Service(written) => service::translate(site, written),
        Body::Namespace => distribution::of_namespace(site),
        Body::Pod(written) => pod::translate(site, written),
        Body::EndpointSlice(written) => endpoint_slice::translate(site, written),
        Body::MeshConfig(written) => mesh_config::translate(site, written),
        Body::PeerAuthentication(written) => peer_authentication::translate(site, written),
        Body::Policy(written) => policy::translate(site, written),
        Body::RequestAuthentication(written) => request_authentication::translate(site, written),
        Body::Workload(..) | Body::Secret(_) => Some(Meaning::Nothing),
    };
    let faults = check.into_faults();
    (meaning.filter(|_| !faults.iter().any(Fault::is_error)), faults)
}

/// What every kind's translation needs to know.
#[derive(Clone, Copy)]
struct Site<'a> {
    check: &'a Check<'a>,
    metadata: &'a crate::document::Metadata,
    setting: &'a Setting,
    spec: &'a Path<'a>,
}

impl Site<'_> {
    fn namespace(&self) -> Arc<str> {
        self.metadata.namespace.as_str().into()
    }

    fn name(&self) -> Arc<str> {
        self.metadata.name.as_str().into()
    }
}
