//! Worlds: services with their instances, and the documents about them.

use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr};

/// The namespace of the client and of documents that name none.
pub(crate) const NAMESPACE: &str = "default";
/// The ports that services have and that clients call.
pub(crate) const PORTS: [u16; 2] = [80, 8080];
/// A subset that every service has and no instance belongs to.
pub(crate) const EMPTY_SUBSET: &str = "none";

/// Services, and the rules for requests to them.
#[derive(Debug)]
pub(crate) struct World {
    /// Which of the run's worlds it is.
    pub(crate) number: usize,
    /// The services.
    pub(crate) services: Vec<Service>,
    /// The doors of the mesh, as documents.
    pub(crate) gateways: Vec<Value>,
    /// The rules, as documents, oldest first.
    pub(crate) virtual_services: Vec<Value>,
    /// Whether hosts that nobody described are refused.
    pub(crate) refuses_unknown: bool,
}

/// A service of Kubernetes, or a ServiceEntry.
#[derive(Debug)]
pub(crate) struct Service {
    /// The full name.
    pub(crate) host: String,
    /// The name of its document.
    pub(crate) name: String,
    /// The namespace.
    pub(crate) namespace: String,
    /// Whether a ServiceEntry describes it.
    pub(crate) is_entry: bool,
    /// The ports.
    pub(crate) ports: Vec<u16>,
    /// The protocol of all of them, as the names of ports begin.
    pub(crate) protocol: &'static str,
    /// The `trafficPolicy` of its DestinationRule, if it has one.
    pub(crate) policy: Value,
    /// The instances.
    pub(crate) versions: Vec<Version>,
}

/// One instance of a service.
#[derive(Debug)]
pub(crate) struct Version {
    /// The value of its label `version`, and the name of the subset that selects it.
    pub(crate) name: String,
    /// Where each port of it listens.
    pub(crate) addresses: BTreeMap<u16, SocketAddr>,
    /// Its locality, if anybody says.
    pub(crate) place: Option<&'static str>,
}

/// The locality of the client, where that matters.
pub(crate) const HOME: &str = "home";

impl World {
    /// All of it in Istio's language. JSON is YAML.
    pub(crate) fn documents(&self) -> String {
        let services = self.services.iter().flat_map(Service::documents);
        let rules = self.gateways.iter().chain(&self.virtual_services).cloned();
        let documents: Vec<String> = services.chain(rules).map(|document| pretty(&document)).collect();
        documents.join("---\n")
    }
}

impl Service {
    /// A service that Kubernetes knows.
    pub(crate) fn kubernetes(name: &str, namespace: &str) -> Self {
        let host = format!("{name}.{namespace}.svc.cluster.local");
        Self {
            host,
            name: name.into(),
            namespace: namespace.into(),
            is_entry: false,
            ports: Vec::new(),
            protocol: "http",
            policy: Value::Null,
            versions: Vec::new(),
        }
    }

    /// A service that somebody described by hand.
    pub(crate) fn entry(name: &str, host: &str) -> Self {
        Self { host: host.into(), is_entry: true, ..Self::kubernetes(name, NAMESPACE) }
    }

    /// The names under which a client in [`NAMESPACE`] reaches it.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let (name, namespace) = (&self.name, &self.namespace);
        let short = (namespace == NAMESPACE).then(|| name.clone());
        let others = [format!("{name}.{namespace}"), format!("{name}.{namespace}.svc")];
        let others = short.into_iter().chain(others).filter(|_| !self.is_entry);
        [self.host.clone()].into_iter().chain(others.collect::<Vec<_>>())
    }

    fn documents(&self) -> Vec<Value> {
        let mut documents = if self.is_entry { vec![self.service_entry()] } else { self.service() };
        documents.push(self.destination_rule());
        documents
    }

    fn service(&self) -> Vec<Value> {
        let port = |number: &u16| json!({"name": self.port_name(*number), "port": number});
        let ports: Vec<Value> = self.ports.iter().map(port).collect();
        let spec = json!({"selector": {"app": self.name}, "ports": ports});
        let mut documents = vec![json!({
            "apiVersion": "v1", "kind": "Service", "metadata": self.metadata(&self.name), "spec": spec,
        })];
        documents.extend(self.versions.iter().map(|version| {
            let name = format!("{}-{}", self.name, version.name);
            document("WorkloadEntry", self.metadata(&name), self.endpoint(version))
        }));
        documents
    }

    fn service_entry(&self) -> Value {
        let port = |number: &u16| json!({"name": self.port_name(*number), "number": number, "protocol": self.protocol.to_uppercase()});
        let spec = json!({
            "hosts": [self.host],
            "location": "MESH_INTERNAL",
            "resolution": "STATIC",
            "ports": self.ports.iter().map(port).collect::<Vec<_>>(),
            "endpoints": self.versions.iter().map(|version| self.endpoint(version)).collect::<Vec<_>>(),
        });
        document("ServiceEntry", self.metadata(&self.name), spec)
    }

    fn endpoint(&self, version: &Version) -> Value {
        let port = |(number, address): (&u16, &SocketAddr)| (self.port_name(*number), address.port());
        let ports: BTreeMap<String, u16> = version.addresses.iter().map(port).collect();
        let labels = json!({"app": self.name, "version": version.name});
        let place = version.place.unwrap_or_default();
        json!({"address": "127.0.0.1", "ports": ports, "labels": labels, "locality": place})
    }

    fn destination_rule(&self) -> Value {
        let subset = |name: &str| json!({"name": name, "labels": {"version": name}});
        let names = self.versions.iter().map(|version| &*version.name).chain([EMPTY_SUBSET]);
        let mut spec = json!({"host": self.host, "subsets": names.map(subset).collect::<Vec<_>>()});
        if !self.policy.is_null() {
            spec["trafficPolicy"] = self.policy.clone();
        }
        document("DestinationRule", self.metadata(&self.name), spec)
    }

    fn metadata(&self, name: &str) -> Value {
        json!({"name": name, "namespace": self.namespace})
    }

    fn port_name(&self, number: u16) -> String {
        format!("{}-{number}", self.protocol)
    }
}

/// A document of Istio's.
pub(crate) fn document(kind: &str, metadata: Value, spec: Value) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec})
}

/// A document as people read it.
pub(crate) fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}
