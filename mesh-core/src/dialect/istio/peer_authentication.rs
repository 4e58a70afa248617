//! `PeerAuthentication` → whether workloads are reached by mutual TLS.

use super::{Meaning, Site};
use crate::{
    document::{self, MutualTls, MutualTlsMode, Path},
    model::{PeerAuthentication, TlsDemand},
};
use std::{collections::BTreeMap, sync::Arc};

pub(super) fn translate(site: Site<'_>, written: &document::PeerAuthentication) -> Option<Meaning> {
    let labels = written.selector.as_ref().map(|selector| &selector.match_labels);
    if let Some(labels) = labels {
        site.selector(&site.spec.field("selector").field("matchLabels"), labels, "");
    }
    let workloads = labels.filter(|labels| !labels.is_empty()).cloned();
    let ports_at = site.spec.field("portLevelMtls");
    let ports = match &written.port_level_mtls {
        Some(ports) => by_port(site, &ports_at, ports, workloads.is_some()),
        None => BTreeMap::new(),
    };
    Some(Meaning::Peers(Arc::new(PeerAuthentication {
        namespace: site.namespace(),
        name: site.name(),
        workloads,
        demand: demand(written.mtls),
        ports,
    })))
}

fn by_port(
    site: Site<'_>,
    at: &Path<'_>,
    written: &BTreeMap<String, MutualTls>,
    has_selector: bool,
) -> BTreeMap<u16, Option<TlsDemand>> {
    if written.is_empty() {
        let reason = "port level mTLS, if defined, must have at least one element";
        site.check.refuse_with(at, reason, "remove it, or write a port: {8080: {mode: STRICT}}");
    } else if !has_selector {
        let reason = "mesh/namespace peer authentication cannot have port level mTLS";
        site.check.refuse_with(at, reason, "name the workloads: selector: {matchLabels: …}");
    }
    let mut ports = BTreeMap::new();
    for (text, tls) in written {
        match text.parse::<u16>() {
            Ok(port) if port > 0 => drop(ports.insert(port, demand(*tls))),
            _ => site.check.refuse(&at.key(text), "port must be in range 1..65535"),
        }
    }
    ports
}

fn demand(written: MutualTls) -> Option<TlsDemand> {
    match written.mode {
        MutualTlsMode::Unset => None,
        MutualTlsMode::Disable => Some(TlsDemand::Disabled),
        MutualTlsMode::Permissive => Some(TlsDemand::Permissive),
        MutualTlsMode::Strict => Some(TlsDemand::Strict),
    }
}
