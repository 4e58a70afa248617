//! Names: short ones made full, namespaces that may see an object, ports.

use super::Site;
use crate::{
    document::{self, Path},
    model::{Export, GatewayName, Host, HostPattern},
};
use std::{net::IpAddr, sync::Arc};

impl Site<'_> {
    /// A host's full name: one without a dot, that is no address, belongs to the document's own namespace.
    pub(super) fn full_name(&self, name: &str) -> String {
        // Of addresses, those without a dot have a colon.
        let is_ip = || name.contains(':') && name.parse::<IpAddr>().is_ok();
        if name.contains('.') || name.contains('*') || is_ip() {
            return name.to_owned();
        }
        self.service_name(name, &self.metadata.namespace)
    }

    /// The full name of a Kubernetes service.
    pub(super) fn service_name(&self, name: &str, namespace: &str) -> String {
        format!("{name}.{namespace}.svc.{}", self.setting.cluster_domain)
    }

    /// Reads the name of a service, which may be a wildcard, and makes it full.
    pub(super) fn host(&self, path: &Path<'_>, name: &str) -> Option<Host> {
        let name = self.full_name(name);
        let host = match HostPattern::parse(&name) {
            Ok(pattern @ HostPattern::Suffix(_)) => Ok(pattern.to_name()),
            Ok(HostPattern::Exact(_) | HostPattern::Any) | Err(_) => Host::parse(&name),
        };
        self.check.accept(path, host)
    }

    /// Reads a host or a wildcard and makes its name full.
    pub(super) fn pattern(&self, path: &Path<'_>, name: &str) -> Option<HostPattern> {
        self.check.accept(path, HostPattern::parse(&self.full_name(name)))
    }

    /// Reads the namespaces that may see the object; `may_be_nobody`: `~` is one of the things to write.
    pub(super) fn export(&self, path: &Path<'_>, written: &[String], may_be_nobody: bool) -> Export {
        if written.is_empty() {
            return Export::Unsaid;
        }
        self.check_export(path, written, may_be_nobody);
        if written.iter().any(|to| to == "*") {
            return Export::Everywhere;
        }
        let own = &self.metadata.namespace;
        let names = written.iter().filter(|to| *to != "~");
        Export::To(names.map(|to| if to == "." { own.as_str().into() } else { to.as_str().into() }).collect())
    }

    fn check_export(&self, path: &Path<'_>, written: &[String], may_be_nobody: bool) {
        let own = self.metadata.namespace.as_str();
        let mut seen: Vec<&str> = Vec::with_capacity(written.len());
        for (index, to) in written.iter().enumerate() {
            let at = path.index(index);
            let name = if to == "." { own } else { to.as_str() };
            if seen.contains(&name) {
                let reason = match to.as_str() {
                    "." => format!("duplicate entries in exportTo: . and current namespace {own}"),
                    to => format!("duplicate entries in exportTo for entry {to}"),
                };
                self.check.refuse_with(&at, reason, "name each namespace once");
            } else if name != "*" && !is_label(name) && !(name == "~" && may_be_nobody) {
                let reason = "only .,*, or a valid DNS 1123 label is allowed as exportTo entry";
                self.check.refuse(&at, reason);
            }
            seen.push(name);
        }
        if written.len() > 1 && seen.contains(&"*") {
            let reason = "cannot have both public (*) and non-public exportTo values for a resource";
            self.check.refuse_with(path, reason, "keep *");
        }
        if written.len() > 1 && seen.contains(&"~") {
            self.check.refuse(path, "cannot export service entry to no one (~) and someone");
        }
    }

    /// Reads the name of a gateway: `ns/name`, `name`, `./name`, or the old `name.ns.svc.cluster.local`.
    pub(super) fn gateway(&self, path: &Path<'_>, written: &str) -> Option<GatewayName> {
        let (namespace, name) = match written.split_once('/') {
            Some((".", name)) => (self.metadata.namespace.as_str(), name),
            Some((namespace, name)) => (namespace, name),
            None => match written.split_once('.') {
                Some((name, rest)) => {
                    let reason = "a gateway named like a service is an old form";
                    let namespace = rest.split('.').next().unwrap_or(rest);
                    self.check.warn(path, reason, format!("write {namespace}/{name}"));
                    (namespace, name)
                }
                None => (self.metadata.namespace.as_str(), written),
            },
        };
        if namespace.is_empty() || name.is_empty() {
            self.check.refuse(path, "config namespace and gateway name cannot be empty");
            return None;
        }
        if !is_label(namespace) {
            self.check.refuse(path, format!("invalid value for namespace: {namespace:?}"));
            return None;
        }
        if !is_label(name) {
            self.check.refuse(path, format!("invalid value for gateway name: {name:?}"));
            return None;
        }
        Some(GatewayName { namespace: namespace.into(), name: name.into() })
    }

    /// The VirtualService that a rule hands over to; without a namespace it is in the document's own.
    pub(super) fn delegate(&self, written: &document::Delegate) -> (Arc<str>, Arc<str>) {
        let namespace = Some(written.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        (namespace.unwrap_or(&self.metadata.namespace).into(), written.name.as_str().into())
    }

    /// Reads a port number.
    pub(super) fn port(&self, path: &Path<'_>, number: u32) -> Option<u16> {
        let port = u16::try_from(number).ok().filter(|port| *port > 0);
        if port.is_none() {
            self.check.refuse(path, format!("port number {number} must be in the range 1..65535"));
        }
        port
    }
}

/// Whether a text is a DNS-1123 label: what namespaces and subsets are named by.
pub(super) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
