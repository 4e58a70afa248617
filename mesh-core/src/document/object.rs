//! One document: its kind, its name, its body, and where it was written.

use super::{
    authorization_policy::AuthorizationPolicy,
    destination_rule::DestinationRule,
    endpoint_slice::EndpointSlice,
    fault::Fault,
    gateway::Gateway,
    kind::{Kind, KnownKind},
    lines::Lines,
    mesh_config::{self, MeshConfig},
    metadata::Metadata,
    node::{Node, Value},
    path::Path,
    peer_authentication::PeerAuthentication,
    place::{Origin, Place},
    pod::Pod,
    policy::Policy,
    proxy_config::ProxyConfig,
    rate_limit::RateLimit,
    read::{At, Fields, Report},
    request_authentication::RequestAuthentication,
    secret::Secret,
    service::Service,
    service_entry::ServiceEntry,
    sidecar::Sidecar,
    telemetry::Telemetry,
    virtual_service::VirtualService,
    workload::Workload,
    workload_entry::WorkloadEntry,
    workload_group::WorkloadGroup,
};
use std::{fmt, sync::Arc};

/// One document as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its name, namespace, labels and annotations.
    pub metadata: Metadata,
    /// Its kind and its `spec`.
    pub body: Body,
    /// Where it starts.
    pub place: Place,
    /// The line of each of its fields, for [`Document::place_of`].
    pub lines: Lines,
}

/// What an object says, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A VirtualService.
    VirtualService(Box<VirtualService>),
    /// A DestinationRule.
    DestinationRule(Box<DestinationRule>),
    /// A Gateway.
    Gateway(Box<Gateway>),
    /// A ServiceEntry.
    ServiceEntry(Box<ServiceEntry>),
    /// A WorkloadEntry.
    WorkloadEntry(Box<WorkloadEntry>),
    /// A WorkloadGroup.
    WorkloadGroup(Box<WorkloadGroup>),
    /// A Sidecar.
    Sidecar(Box<Sidecar>),
    /// A RateLimit.
    RateLimit(Box<RateLimit>),
    /// An AuthorizationPolicy.
    AuthorizationPolicy(Box<AuthorizationPolicy>),
    /// A Telemetry.
    Telemetry(Box<Telemetry>),
    /// A ProxyConfig.
    ProxyConfig(Box<ProxyConfig>),
    /// A Service.
    Service(Box<Service>),
    /// A Namespace, which says nothing but what its annotations do.
    Namespace,
    /// A Pod.
    Pod(Box<Pod>),
    /// An EndpointSlice.
    EndpointSlice(Box<EndpointSlice>),
    /// The MeshConfig in a ConfigMap.
    MeshConfig(Box<MeshConfig>),
    /// A PeerAuthentication.
    PeerAuthentication(Box<PeerAuthentication>),
    /// A RequestAuthentication.
    RequestAuthentication(Box<RequestAuthentication>),
    /// A Policy, or the MeshPolicy.
    Policy(Box<Policy>),
    /// A Pod, or what makes Pods.
    Workload(KnownKind, Box<Workload>),
    /// A Secret.
    Secret(Box<Secret>),
}

/// What identifies an object: its kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// The namespace; empty for objects of the whole cluster.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// What reading one document gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A document of a kind that the mesh uses; `faults` holds warnings only.
    Good {
        /// The document, shared with later readings of the same text.
        document: Arc<Document>,
        /// What is odd about it.
        faults: Vec<Fault>,
    },
    /// A document that cannot be used.
    Bad {
        /// Which object it would have been, if that much could be read.
        key: Option<Key>,
        /// Why; at least one is an error.
        faults: Vec<Fault>,
    },
    /// A document of a kind that the mesh does not use.
    Skipped {
        /// Its kind.
        kind: Kind,
        /// Where it starts.
        place: Place,
    },
}

/// Reads every document in `root`: one, or the items of a `List`, or none where nothing is written.
///
/// `namespace` is the one for documents that name none.
#[must_use]
pub fn read(root: &Node, file: &Arc<str>, namespace: &str) -> Vec<Reading> {
    read_from(root, &Origin::of(Arc::clone(file)), namespace)
}

/// Reads every document in `root`, of which the lines are counted from `origin`, as [`read`] does.
pub(crate) fn read_from(root: &Node, origin: &Origin, namespace: &str) -> Vec<Reading> {
    if root.is_null() {
        return Vec::new();
    }
    match (root.get("kind").and_then(Node::as_text), root.get("items").map(|items| &items.value)) {
        (Some(kind), Some(Value::List(items))) if kind.ends_with("List") => {
            items.iter().flat_map(|item| read_from(item, origin, namespace)).collect()
        }
        _ => vec![read_one(root, origin, namespace)],
    }
}

fn read_one(root: &Node, origin: &Origin, namespace: &str) -> Reading {
    let place = origin.line(root.line);
    if is_kustomization(origin.file()) && !root.has("kind") && !root.has("apiVersion") {
        return Reading::Skipped { kind: Kind::Foreign("Kustomization".into()), place };
    }
    let kind = match kind(root) {
        Ok(Kind::Known(known)) => known,
        Ok(Kind::Foreign(_)) if mesh_config::is_mesh_config(root) => KnownKind::ConfigMap,
        Ok(kind) => return Reading::Skipped { kind, place },
        Err(Unkind { line, reason, remedy }) => {
            let fault = Fault::error(origin.line(line), reason).with_remedy(remedy);
            return Reading::Bad { key: None, faults: vec![fault] };
        }
    };
    let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_text);
    let name = name.unwrap_or("?").escape_debug();
    let report = Report::of(origin.clone(), format!("{}/{name}", Kind::Known(kind)));
    let at = At { node: root, path: &Path::Root, report: &report };
    at.refuse_twins();
    let read = at.object(|f| read_object(f, kind, namespace));
    let faults = report.into_faults();
    match read {
        Some((Some(metadata), body)) if !faults.iter().any(Fault::is_error) => {
            let document = Document { metadata, body, place, lines: Lines::of(root) };
            let faults = if kind.is_judged_elsewhere() { Vec::new() } else { faults };
            Reading::Good { document: Arc::new(document), faults }
        }
        // Somebody else's document, which somebody else judges.
        _ if kind.is_judged_elsewhere() => Reading::Skipped { kind: Kind::Known(kind), place },
        read => {
            let metadata =
                read.and_then(|(metadata, _)| metadata).filter(|metadata| !metadata.name.is_empty());
            Reading::Bad { key: metadata.map(|metadata| metadata.key(Kind::Known(kind))), faults }
        }
    }
}

/// Why a document has no kind.
struct Unkind {
    line: u32,
    reason: String,
    remedy: String,
}

fn kind(root: &Node) -> Result<Kind, Unkind> {
    let remedy = "every document starts with apiVersion, kind and metadata".to_owned();
    let Value::Map(_) = root.value else {
        let reason =
            format!("not a document of Kubernetes or Istio: expected a mapping, found {}", root.describe());
        return Err(Unkind { line: root.line, reason, remedy });
    };
    let text = |field: &str| match root.get(field) {
        Some(node) if !node.is_null() => node.as_text().ok_or_else(|| Unkind {
            line: node.line,
            reason: format!("{field}: expected text, found {}", node.describe()),
            remedy: remedy.clone(),
        }),
        _ => Err(Unkind {
            line: root.line,
            reason: format!("not a document of Kubernetes or Istio: it has no {field}"),
            remedy: remedy.clone(),
        }),
    };
    let (kind, api_version) = (text("kind")?, text("apiVersion")?);
    match Kind::misspelt(api_version, kind) {
        Some((field, meant)) => Err(Unkind {
            line: root.get(field).map_or(root.line, |node| node.line),
            reason: format!("unknown {field} {:?}", if field == "kind" { kind } else { api_version }),
            remedy: format!("did you mean {meant}?"),
        }),
        None => Ok(Kind::of(api_version, kind)),
    }
}

fn read_object(f: &mut Fields<'_>, kind: KnownKind, namespace: &str) -> (Option<Metadata>, Body) {
    for field in ["apiVersion", "kind", "status"] {
        f.ignore(field);
    }
    let is_there = f.has("metadata");
    let mut metadata = f.maybe::<Metadata>("metadata");
    match &mut metadata {
        Some(metadata) if !Kind::Known(kind).is_namespaced() => metadata.namespace.clear(),
        Some(metadata) if metadata.namespace.is_empty() => namespace.clone_into(&mut metadata.namespace),
        Some(_) => {}
        None if is_there => {}
        None => f.require("metadata", "give it at least a name"),
    }
    if let (KnownKind::Secret, Some(metadata)) = (kind, &mut metadata) {
        // `kubectl apply` repeats the whole object in one of them, values included.
        metadata.annotations.clear();
    }
    // A spec that is there and empty is an object with all its defaults; the dialect says whether that will do.
    let has_spec = !kind.is_judged_elsewhere()
        && !matches!(kind, KnownKind::EndpointSlice | KnownKind::ConfigMap | KnownKind::Namespace);
    let is_missing = has_spec && !f.is_written("spec");
    let body = match kind {
        KnownKind::VirtualService => f.maybe("spec").map(Body::VirtualService),
        KnownKind::DestinationRule => f.maybe("spec").map(Body::DestinationRule),
        KnownKind::Gateway => f.maybe("spec").map(Body::Gateway),
        KnownKind::ServiceEntry => f.maybe("spec").map(Body::ServiceEntry),
        KnownKind::WorkloadEntry => f.maybe("spec").map(Body::WorkloadEntry),
        KnownKind::WorkloadGroup => f.maybe("spec").map(Body::WorkloadGroup),
        KnownKind::Sidecar => f.maybe("spec").map(Body::Sidecar),
        KnownKind::RateLimit => f.maybe("spec").map(Body::RateLimit),
        KnownKind::AuthorizationPolicy => f.maybe("spec").map(Body::AuthorizationPolicy),
        KnownKind::Telemetry => f.maybe("spec").map(Body::Telemetry),
        KnownKind::ProxyConfig => f.maybe("spec").map(Body::ProxyConfig),
        KnownKind::Service => f.maybe("spec").map(Body::Service),
        KnownKind::Namespace => {
            f.ignore_unknown();
            Some(Body::Namespace)
        }
        KnownKind::Pod => Some(Body::Pod(Box::new(Pod::read_fields(f)))),
        KnownKind::EndpointSlice => Some(Body::EndpointSlice(Box::new(EndpointSlice::read_fields(f)))),
        KnownKind::ConfigMap => Some(Body::MeshConfig(Box::new(MeshConfig::read_fields(f)))),
        KnownKind::PeerAuthentication => f.maybe("spec").map(Body::PeerAuthentication),
        KnownKind::RequestAuthentication => f.maybe("spec").map(Body::RequestAuthentication),
        KnownKind::Policy | KnownKind::MeshPolicy => f.maybe("spec").map(Body::Policy),
        kind => Some(read_for_analysis(f, kind)),
    };
    if is_missing {
        // Often it is there by another name, and one fault says so already.
        f.require("spec", "write it beside metadata");
    }
    (metadata, body.unwrap_or_else(|| Body::empty(kind)))
}

/// Reads what others' documents hold that the analysis looks at.
fn read_for_analysis(f: &mut Fields<'_>, kind: KnownKind) -> Body {
    f.ignore_unknown();
    match kind {
        KnownKind::Secret => Body::Secret(Box::new(Secret::of(f))),
        kind => Body::Workload(kind, f.take::<Workload>("spec").into()),
    }
}

fn is_kustomization(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

impl Body {
    fn empty(kind: KnownKind) -> Self {
        match kind {
            KnownKind::VirtualService => Self::VirtualService(Box::default()),
            KnownKind::DestinationRule => Self::DestinationRule(Box::default()),
            KnownKind::Gateway => Self::Gateway(Box::default()),
            KnownKind::ServiceEntry => Self::ServiceEntry(Box::default()),
            KnownKind::WorkloadEntry => Self::WorkloadEntry(Box::default()),
            KnownKind::WorkloadGroup => Self::WorkloadGroup(Box::default()),
            KnownKind::Sidecar => Self::Sidecar(Box::default()),
            KnownKind::RateLimit => Self::RateLimit(Box::default()),
            KnownKind::AuthorizationPolicy => Self::AuthorizationPolicy(Box::default()),
            KnownKind::Telemetry => Self::Telemetry(Box::default()),
            KnownKind::ProxyConfig => Self::ProxyConfig(Box::default()),
            KnownKind::Service => Self::Service(Box::default()),
            KnownKind::Namespace => Self::Namespace,
            KnownKind::Pod => Self::Pod(Box::default()),
            KnownKind::EndpointSlice => Self::EndpointSlice(Box::default()),
            KnownKind::ConfigMap => Self::MeshConfig(Box::default()),
            KnownKind::PeerAuthentication => Self::PeerAuthentication(Box::default()),
            KnownKind::RequestAuthentication => Self::RequestAuthentication(Box::default()),
            KnownKind::Policy | KnownKind::MeshPolicy => Self::Policy(Box::default()),
            KnownKind::Secret => Self::Secret(Box::default()),
            kind => Self::Workload(kind, Box::default()),
        }
    }

    fn kind(&self, namespace: &str) -> KnownKind {
        match self {
            Self::VirtualService(_) => KnownKind::VirtualService,
            Self::DestinationRule(_) => KnownKind::DestinationRule,
            Self::Gateway(_) => KnownKind::Gateway,
            Self::ServiceEntry(_) => KnownKind::ServiceEntry,
            Self::WorkloadEntry(_) => KnownKind::WorkloadEntry,
            Self::WorkloadGroup(_) => KnownKind::WorkloadGroup,
            Self::Sidecar(_) => KnownKind::Sidecar,
            Self::RateLimit(_) => KnownKind::RateLimit,
            Self::AuthorizationPolicy(_) => KnownKind::AuthorizationPolicy,
            Self::Telemetry(_) => KnownKind::Telemetry,
            Self::ProxyConfig(_) => KnownKind::ProxyConfig,
            Self::Service(_) => KnownKind::Service,
            Self::Namespace => KnownKind::Namespace,
            Self::Pod(_) => KnownKind::Pod,
            Self::EndpointSlice(_) => KnownKind::EndpointSlice,
            Self::MeshConfig(_) => KnownKind::ConfigMap,
            Self::PeerAuthentication(_) => KnownKind::PeerAuthentication,
            Self::RequestAuthentication(_) => KnownKind::RequestAuthentication,
            Self::Policy(_) if namespace.is_empty() => KnownKind::MeshPolicy,
            Self::Policy(_) => KnownKind::Policy,
            Self::Workload(kind, _) => *kind,
            Self::Secret(_) => KnownKind::Secret,
        }
    }
}

impl Document {
    /// What identifies it.
    #[must_use]
    pub fn key(&self) -> Key {
        self.metadata.key(Kind::Known(self.body.kind(&self.metadata.namespace)))
    }

    /// Whether only the analysis looks at it: see [`KnownKind::is_for_analysis`].
    #[must_use]
    pub fn is_for_analysis(&self) -> bool {
        matches!(self.body, Body::Workload(..) | Body::Secret(_))
    }
}
