//! What the documents *mean*: hosts, routes, backends and policies in the mesh's own words.
//!
//! Every name is resolved, every merge done, and the values refuse nonsense, so that compiling a
//! [`Snapshot`](crate::table::Snapshot) from a [`Model`] cannot fail and no request re-checks anything.

mod backend;
mod cors;
mod gateway;
mod header;
mod host;
mod injection;
mod line;
mod matching;
mod mirror;
mod normalization;
mod retry;
mod route;
mod sealed;
mod secret;
mod security;
mod server_tls;
mod share;
mod sidecar;
mod telemetry;
mod traffic;
mod trust;

pub use backend::{
    Address, Endpoint, Export, Labels, Locality, Port, Protocol, Resolution, Service, Subset, SubsetRule,
};
pub use cors::{CorsPolicy, CrossOrigin, UnmatchedPreflights};
pub use gateway::{
    CertificateSource, Gateway, GatewayName, GatewayServer, ServerHost, ServerProtocol, Termination,
};
pub use header::{Edit, HeaderEdits};
pub use host::{Host, HostPattern, InvalidHost};
pub use injection::{Abort, AbortStatus, Delay, Injection};
pub use line::Line;
pub use matching::{ClaimMatch, HeaderMatch, InvalidPattern, PathMatch, Pattern, QueryMatch, TextMatch};
pub use mirror::Mirror;
pub use normalization::PathNormalization;
pub use retry::{Retriable, RetryOn, RetryPolicy};
pub use route::{
    Action, Attachment, Block, Conditions, Destination, DirectResponse, Redirect, RedirectPort, RegexRewrite,
    Rewrite, Route, VirtualService,
};
pub use sealed::{SealedBlock, SealedRoute};
pub use secret::{is_secret, mark, shown, shown_authority, shown_target};
pub use security::{
    Among, AskedService, AuthorizationAction, AuthorizationPolicy, AuthorizationRule, CheckedBody,
    ClaimHeader, Clause, Descriptor, DescriptorEntry, DescriptorValue, Dimension, ExtAuthz, ExtAuthzProtocol,
    Glob, GlobalLimit, HeaderKey, HeaderNames, HttpCheck, InvalidGlob, InvalidIpBlock, InvalidPathTemplate,
    IpBlock, KeySource, Limit, LimitRule, LocalLimit, Origin, PathGlob, PathRule, PathTemplate,
    PeerAuthentication, PeerDemand, Policy, PolicyPort, PolicyScope, PolicyTarget, PrincipalBinding,
    RateLimit, RemoteKeys, RequestAuthentication, RequestPrincipal, Security, ServiceAccount, TlsDemand,
    TokenBucket, TokenPlace, TokenRule, Trigger,
};
pub use server_tls::{AuthoritySource, ClientDemand, Pins, ServerTls, TlsLimits, TlsVersion};
pub use share::Share;
pub use sidecar::{Import, ImportListener, Sidecar};
pub use telemetry::{
    AccessLogRule, Attributes, ConnectionAttributes, CustomTag, Expression, HttpExport, InvalidExpression,
    LogFile, LogFormat, MeshTelemetry, Metric, MetricOverride, MetricsRule, OpenTelemetryLog,
    OpenTelemetryTraces, PeerAttributes, RequestAttributes, ResponseAttributes, RouteAttributes, Side, Sides,
    TagEdit, TelemetryProvider, TelemetryProviderKind, TelemetryRule, TelemetryRules, TraceContext,
    TracingRule, UpstreamAttributes, Zipkin,
};
pub use traffic::{
    Algorithm, Balancing, ClientTls, ClientTlsMode, ConnectionPool, CookieAttribute, Distribution,
    HashCookie, HashKey, HashTable, Http2KeepAlive, Http2Upgrade, LocalityBalancing, MeshTraffic, Nearness,
    OutlierDetection, PolicyBlocks, ProxyProtocol, RegionFailover, RetryBudget, TcpKeepalive,
    TrafficDistribution, TrafficPolicy, Tunnel, TunnelProtocol, Warmup, WrittenPolicy, ZoneBalancing,
};
pub use trust::{Authority, Trust};

use std::{sync::Arc, time::Duration};

/// Everything the documents say, in the mesh's own words.
///
/// Lists are in Istio's order of precedence: by `creationTimestamp`, oldest first, then by name and namespace. Documents
/// without one, as people write them, come after those, in the order of file names, then of documents within a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Every service that has a name.
    pub services: Vec<Arc<Service>>,
    /// The routing rules.
    pub virtual_services: Vec<Arc<VirtualService>>,
    /// The subsets of services.
    pub subset_rules: Vec<Arc<SubsetRule>>,
    /// The doors of the mesh.
    pub gateways: Vec<Arc<Gateway>>,
    /// What parts of the mesh some workloads see.
    pub sidecars: Vec<Arc<Sidecar>>,
    /// What becomes of requests to hosts that nobody described.
    pub unknown_hosts: UnknownHosts,
    /// The namespace whose rules are everybody's last resort. Default: `istio-system`.
    pub root_namespace: Arc<str>,
    /// What holds for traffic where nobody else says anything.
    pub traffic: Arc<MeshTraffic>,
    /// What is made of paths before any rule sees them.
    pub path_normalization: PathNormalization,
    /// How many proxies stand before the mesh, and are believed when they say who their client is. Default: none.
    pub trusted_proxies: u32,
    /// When DNS is asked again for a name, where its last answer does not say. Default: after 60 s.
    pub dns_refresh: Duration,
    /// What the mesh believes about identities.
    pub trust: Trust,
    /// Who may connect to workloads, and what may be asked of them.
    pub security: Security,
    /// How requests are measured, traced and written to logs.
    pub telemetry: TelemetryRules,
    /// A digest of the documents this was made from: equal documents give equal digests in every process.
    pub digest: u64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            services: Vec::new(),
            virtual_services: Vec::new(),
            subset_rules: Vec::new(),
            gateways: Vec::new(),
            sidecars: Vec::new(),
            unknown_hosts: UnknownHosts::default(),
            root_namespace: "istio-system".into(),
            traffic: Arc::default(),
            path_normalization: PathNormalization::default(),
            trusted_proxies: 0,
            dns_refresh: Duration::from_secs(60),
            trust: Trust::default(),
            security: Security::default(),
            telemetry: TelemetryRules::default(),
            digest: 0,
        }
    }
}

/// What becomes of requests to hosts that nobody described.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownHosts {
    /// They go where their address says: Istio's `ALLOW_ANY`.
    #[default]
    Pass,
    /// They are refused: Istio's `REGISTRY_ONLY`.
    Refuse,
}
