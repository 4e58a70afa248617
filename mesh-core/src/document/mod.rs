//! What somebody *wrote*: Istio's and Kubernetes' documents, as plain values, one file a kind.
//!
//! Nothing here knows what a document means; [`dialect`](crate::dialect) does. Reading notes every fault of a document
//! at once, each with its line and field path.

mod asked;
mod authorization_policy;
mod client_tls;
mod connection_pool;
mod connection_route;
mod custom_tag;
mod destination_rule;
mod endpoint_slice;
mod extension_provider;
mod fault;
mod gateway;
mod http_match;
mod http_policy;
mod injection;
mod kind;
mod lines;
mod load_balancer;
mod locality;
mod mesh_config;
mod mesh_telemetry;
mod mesh_tls;
mod metadata;
mod node;
mod object;
mod path;
mod peer_authentication;
mod place;
mod plain;
mod pod;
mod policy;
mod proxy_config;
mod rate_limit;
mod read;
mod request_authentication;
mod secret;
mod server_tls;
mod service;
mod service_entry;
mod sidecar;
mod target_reference;
mod telemetry;
mod telemetry_provider;
mod timestamp;
mod token_issuer;
mod traffic_policy;
mod values;
mod virtual_service;
mod workload;
mod workload_entry;
mod workload_group;

pub use authorization_policy::{
    AuthorizationAction, AuthorizationOperation, AuthorizationPolicy, AuthorizationProvider,
    AuthorizationRule, AuthorizationSource, RuleCondition, RuleFrom, RuleTo,
};
pub use client_tls::{ClientTls, ClientTlsMode};
pub use connection_pool::{ConnectionPool, H2UpgradePolicy, Http2KeepAlive, HttpPool, TcpKeepalive, TcpPool};
pub use connection_route::{ConnectionMatch, TcpRoute, TlsMatch, TlsRoute, WeightedDestination};
pub use custom_tag::{CustomTag, TagSource};
pub use destination_rule::{DestinationRule, Selector, Subset};
pub use endpoint_slice::{EndpointConditions, EndpointSlice, SlicePort, SlicedEndpoint, TargetRef};
pub use extension_provider::{
    CheckedBody, ExtAuthz, ExtAuthzGrpc, ExtAuthzHttp, ExtensionProvider, ProviderKind,
};
pub use fault::{Fault, Severity};
pub use gateway::{Gateway, Server, ServerPort};
pub use http_match::{HttpMatch, StringMatch};
pub use http_policy::{CorsPolicy, Delegate, Mirror, Retry, UnmatchedPreflights};
pub use injection::{Abort, Delay, FaultInjection};
pub use kind::{Kind, KnownKind};
pub use lines::Lines;
pub use load_balancer::{ConsistentHash, CookieAttribute, HashCookie, LoadBalancer, SimpleBalancing, Warmup};
pub use locality::{Distribute, Failover, LocalityBalancing, ZoneAwareBalancing};
pub use mesh_config::{
    DefaultConfig, DefaultTrafficPolicy, MeshConfig, MeshUpgradePolicy, Normalization,
    ProxyPathNormalization, Topology,
};
pub use mesh_telemetry::{AccessLogEncoding, DefaultProviders, MeshTelemetry, ProxyTracing, ZipkinAddress};
pub use mesh_tls::{CaCertificate, MeshTls};
pub use metadata::Metadata;
pub use node::{Entry, Node, Value};
pub(crate) use object::read_from;
pub use object::{Body, Document, Key, Reading, read};
pub use path::Path;
pub use peer_authentication::{MutualTls, MutualTlsMode, PeerAuthentication};
pub(crate) use place::Origin;
pub use place::Place;
pub use plain::parse_duration;
pub use pod::Pod;
pub use policy::{
    Jwt, PathRule, Peer, PeerTls, PeerTlsMode, Policy, PrincipalBinding, Target, TargetedPort, TriggerRule,
};
pub use proxy_config::{ProxyConfig, ProxyImage};
pub use rate_limit::{DescriptorEntry, Dimension, GlobalLimit, LimitMatch, LimitRule, LocalLimit, RateLimit};
pub use read::{At, Fields, Read, Report};
pub use request_authentication::{ClaimToHeader, JwtHeader, JwtRule, RequestAuthentication};
pub use secret::Secret;
pub use server_tls::{CertificateFiles, ServerTls, ServerTlsMode, TlsVersion};
pub use service::{Service, ServicePort, TargetPort};
pub use service_entry::{EntryPort, Location, Resolution, ServiceEntry, WorkloadSelector};
pub use sidecar::{
    CaptureMode, EgressListener, IngressListener, OutboundMode, OutboundTrafficPolicy, Sidecar,
};
pub use target_reference::TargetReference;
pub use telemetry::{
    AccessLogging, IstioMetric, LogFilter, MetricSelector, Metrics, MetricsOverride, ModeMatch, ProviderRef,
    TagOperation, TagOverride, Telemetry, Tracing, WorkloadMode,
};
pub use telemetry_provider::{
    Collector, FileAccessLog, HttpHeader, LogFormat, Object, OpenTelemetry, OpenTelemetryGrpc,
    OpenTelemetryHttp, OtelAccessLog, TraceContextOption, ZipkinTraces,
};
pub use timestamp::Timestamp;
pub use token_issuer::TokenIssuer;
pub use traffic_policy::{
    OutlierDetection, PortTrafficPolicy, ProxyProtocol, ProxyProtocolVersion, RetryBudget, TrafficPolicy,
    Tunnel,
};
pub use values::{Base64, Percent, PortSelector};
pub use virtual_service::{
    DerivePort, Destination, DirectResponse, HeaderOperations, Headers, HttpDestination, HttpRoute, Redirect,
    RegexRewrite, Rewrite, VirtualService,
};
pub use workload::{ContainerPort, PodTemplate, Workload};
pub use workload_entry::WorkloadEntry;
pub use workload_group::{
    CheckHeader, GroupMetadata, HealthCheck, HttpCheck, PortCheck, ReadinessProbe, WorkloadGroup,
};
