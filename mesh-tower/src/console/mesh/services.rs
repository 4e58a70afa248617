//! Services and their endpoints, as those see them who call them.

use super::told::Cluster;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One service.
#[derive(Debug, Default, Serialize)]
pub(super) struct Service {
    ports: BTreeSet<u16>,
    subsets: BTreeSet<String>,
    /// By address.
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Debug, Default, Serialize)]
struct Endpoint {
    port: u16,
    weight: u32,
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<Value>,
    subsets: BTreeSet<String>,
    /// Who has ejected it, and until when.
    ejections: BTreeMap<String, String>,
}

/// The services that these processes, by name, can call; by their hosts.
pub(super) fn services<'a>(
    of: impl Iterator<Item = (&'a String, &'a [Cluster])>,
) -> BTreeMap<String, Service> {
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    for (process, clusters) in of {
        for cluster in clusters {
            let Some((port, subset, host)) = name(&cluster.name) else { continue };
            let service = services.entry(host.to_owned()).or_default();
            service.ports.insert(port);
            let subset = (!subset.is_empty()).then(|| subset.to_owned());
            service.subsets.extend(subset.clone());
            for told in &cluster.endpoints {
                let endpoint = service.endpoints.entry(told.address.clone()).or_default();
                endpoint.port = port;
                endpoint.weight = told.weight;
                endpoint.labels.clone_from(&told.labels);
                endpoint.locality.clone_from(&told.locality);
                endpoint.subsets.extend(subset.clone());
                if told.is_ejected {
                    let until = told.ejected_until.clone().unwrap_or_default();
                    endpoint.ejections.insert(process.clone(), until);
                }
            }
        }
    }
    services
}

/// How many requests are under way at each address where there are any.
pub(super) fn active<'a>(of: impl Iterator<Item = &'a [Cluster]>) -> BTreeMap<String, u64> {
    let mut active = BTreeMap::new();
    for endpoint in of.flatten().flat_map(|cluster| &cluster.endpoints) {
        if endpoint.active_requests > 0 {
            *active.entry(endpoint.address.clone()).or_default() += endpoint.active_requests;
        }
    }
    active
}

/// Reads `outbound|80|v1|product.shop.svc.cluster.local`: port, subset and host.
fn name(text: &str) -> Option<(u16, &str, &str)> {
    let mut parts = text.splitn(4, '|').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?, parts.next()?))
}
