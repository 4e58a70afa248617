//! The kinds of documents that the mesh knows by name.

use super::read::{distance, nearest};
use std::fmt;

/// A kind of object, whatever its version: all versions of one kind share one schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A kind that is read.
    Known(KnownKind),
    /// A kind of Istio's, or of Kubernetes' networking, that the mesh recognises and does not use yet.
    Recognised(&'static str),
    /// Anything else: a Deployment, say.
    Foreign(Box<str>),
}

/// A kind that the mesh reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownKind {
    /// `networking.istio.io`.
    VirtualService,
    /// `networking.istio.io`.
    DestinationRule,
    /// `networking.istio.io`.
    Gateway,
    /// `networking.istio.io`.
    ServiceEntry,
    /// `networking.istio.io`.
    WorkloadEntry,
    /// `networking.istio.io`.
    WorkloadGroup,
    /// `networking.istio.io`.
    Sidecar,
    /// `mesh.internal`: our own.
    RateLimit,
    /// `security.istio.io`.
    AuthorizationPolicy,
    /// `telemetry.istio.io`.
    Telemetry,
    /// `networking.istio.io`: checked, but there is no sidecar that it would be for.
    ProxyConfig,
    /// Kubernetes' core group.
    Service,
    /// Kubernetes' core group: only what its annotations say.
    Namespace,
    /// Kubernetes' core group.
    Pod,
    /// Kubernetes' core group: only the one that holds Istio's MeshConfig.
    ConfigMap,
    /// `discovery.k8s.io`.
    EndpointSlice,
    /// `security.istio.io`.
    PeerAuthentication,
    /// `security.istio.io`.
    RequestAuthentication,
    /// `authentication.istio.io/v1alpha1`, namespaced.
    Policy,
    /// `authentication.istio.io/v1alpha1`, for the whole mesh.
    MeshPolicy,
    /// `apps`; for the analysis alone, as the kinds that follow.
    Deployment,
    /// `apps`.
    StatefulSet,
    /// `apps`.
    DaemonSet,
    /// Kubernetes' core group.
    Secret,
}

/// The kinds that are read, by API group of Istio's, and of our own.
const ISTIO: &[(&str, &[&str])] = &[
    (
        "networking.istio.io",
        &[
            "VirtualService",
            "DestinationRule",
            "Gateway",
            "ServiceEntry",
            "WorkloadEntry",
            "WorkloadGroup",
            "Sidecar",
            "ProxyConfig",
        ],
    ),
    ("telemetry.istio.io", &["Telemetry"]),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"]),
    ("authentication.istio.io", &["Policy", "MeshPolicy"]),
    // Ours. No cluster can have another's kinds of this group: the domain is set aside for private use.
    ("mesh.internal", &["RateLimit"]),
];

/// Recognised, but not used yet: kinds by API group.
const RECOGNISED: &[(&str, &[&str])] = &[
    ("networking.istio.io", &["EnvoyFilter"]),
    ("extensions.istio.io", &["WasmPlugin", "TrafficExtension"]),
    ("rbac.istio.io", &["ServiceRole", "ServiceRoleBinding", "ClusterRbacConfig"]),
    (
        "gateway.networking.k8s.io",
        &[
            "Gateway",
            "GatewayClass",
            "HTTPRoute",
            "GRPCRoute",
            "ReferenceGrant",
            "BackendTLSPolicy",
            "TLSRoute",
        ],
    ),
    ("", &["Node"]),
];

impl Kind {
    /// The kind that `apiVersion` and `kind` name.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Self {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let known = match (group, kind) {
            ("networking.istio.io", "VirtualService") => KnownKind::VirtualService,
            ("networking.istio.io", "DestinationRule") => KnownKind::DestinationRule,
            ("networking.istio.io", "Gateway") => KnownKind::Gateway,
            ("networking.istio.io", "ServiceEntry") => KnownKind::ServiceEntry,
            ("networking.istio.io", "WorkloadEntry") => KnownKind::WorkloadEntry,
            ("networking.istio.io", "WorkloadGroup") => KnownKind::WorkloadGroup,
            ("networking.istio.io", "Sidecar") => KnownKind::Sidecar,
            ("networking.istio.io", "ProxyConfig") => KnownKind::ProxyConfig,
            ("telemetry.istio.io", "Telemetry") => KnownKind::Telemetry,
            ("mesh.internal", "RateLimit") => KnownKind::RateLimit,
            ("security.istio.io", "AuthorizationPolicy") => KnownKind::AuthorizationPolicy,
            ("", "Service") => KnownKind::Service,
            ("", "Namespace") => KnownKind::Namespace,
            ("", "Pod") => KnownKind::Pod,
            ("discovery.k8s.io", "EndpointSlice") => KnownKind::EndpointSlice,
            ("security.istio.io", "PeerAuthentication") => KnownKind::PeerAuthentication,
            ("security.istio.io", "RequestAuthentication") => KnownKind::RequestAuthentication,
            ("authentication.istio.io", "Policy") => KnownKind::Policy,
            ("authentication.istio.io", "MeshPolicy") => KnownKind::MeshPolicy,
            ("apps", "Deployment") => KnownKind::Deployment,
            ("apps", "StatefulSet") => KnownKind::StatefulSet,
            ("apps", "DaemonSet") => KnownKind::DaemonSet,
            ("", "Secret") => KnownKind::Secret,
            _ => {
                let kinds = RECOGNISED.iter().filter(|(of, _)| *of == group).flat_map(|(_, kinds)| *kinds);
                return kinds
                    .copied()
                    .find(|name| *name == kind)
                    .map_or_else(|| Self::Foreign(kind.into()), Self::Recognised);
            }
        };
        Self::Known(known)
    }

    /// The field, `apiVersion` or `kind`, that comes close to one of Istio's and is none, with what was meant.
    ///
    /// Other people's kinds are theirs to name; what only nearly is a VirtualService would go unnoticed if nobody said so.
    pub(super) fn misspelt(api_version: &str, kind: &str) -> Option<(&'static str, String)> {
        let (group, version) = api_version.split_once('/').unwrap_or((api_version, "v1"));
        let Some((_, kinds)) = ISTIO.iter().find(|(of, _)| *of == group) else {
            let (meant, _) = ISTIO.iter().find(|(_, kinds)| kinds.contains(&kind))?;
            // A few letters at most: other people's groups differ from Istio's by little more. What has no group at
            // all is Kubernetes' own, which has no such kind.
            let is_close = distance(group, meant) <= 3 || !api_version.contains(['/', '.']);
            return is_close.then(|| ("apiVersion", format!("{meant}/{version}")));
        };
        if !api_version.contains('/') {
            return Some(("apiVersion", format!("{group}/{version}")));
        }
        if matches!(Self::of(api_version, kind), Self::Foreign(_)) {
            return Some(("kind", nearest(kind, kinds.iter().copied())?.to_owned()));
        }
        None
    }

    /// Whether objects of this kind live in a namespace.
    #[must_use]
    pub fn is_namespaced(&self) -> bool {
        !matches!(
            self,
            Self::Known(KnownKind::MeshPolicy | KnownKind::Namespace)
                | Self::Recognised("Node" | "ClusterRbacConfig")
        )
    }
}

impl KnownKind {
    /// Whether only the analysis looks at such documents: they serve nothing, and nothing is said about them when they
    /// are wrong, as the mesh is not whom they are for.
    #[must_use]
    pub fn is_for_analysis(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::Secret)
    }

    /// Whether its documents keep somebody from workloads.
    pub(super) fn guards(self) -> bool {
        matches!(
            self,
            Self::AuthorizationPolicy
                | Self::PeerAuthentication
                | Self::RequestAuthentication
                | Self::Policy
                | Self::MeshPolicy
        )
    }

    /// Whether it is somebody else's document, which somebody else judges: what is wrong in it is not told.
    pub(super) fn is_judged_elsewhere(self) -> bool {
        matches!(self, Self::Pod | Self::Namespace) || self.is_for_analysis()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(kind) => write!(f, "{kind:?}"),
            Self::Recognised(name) => f.write_str(name),
            Self::Foreign(name) => f.write_str(name),
        }
    }
}
