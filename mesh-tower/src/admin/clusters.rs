//! Where the calls of a process go.

use super::{moment::written, state::State};
use crate::context::Upstream;
use mesh_core::{
    model::{Labels, Locality},
    table::{Backend, BackendEndpoint},
};
use serde::Serialize;
use std::{fmt::Write, sync::Arc, time::SystemTime};
use tokio::time::Instant;

/// One backend.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cluster {
    /// Istio's name of it.
    name: String,
    max_connections: u32,
    max_pending_requests: u32,
    max_requests: u32,
    max_retries: u32,
    /// What is open and under way now; none where nothing was sent there yet.
    connections: u32,
    pending_requests: u32,
    active_requests: u32,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    address: String,
    weight: u32,
    /// How many requests of this process are under way there.
    active_requests: u32,
    is_ejected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ejected_until: Option<String>,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    region: String,
    zone: String,
    subzone: String,
}

/// Every backend, in the order of their names.
pub(super) fn all(state: &State) -> Vec<Cluster> {
    let snapshot = state.parts.handle.snapshot();
    snapshot.backends().map(|backend| Cluster::of(state, backend)).collect()
}

/// The same in Envoy's text form.
pub(super) fn text(clusters: &[Cluster]) -> String {
    let mut out = String::new();
    for cluster in clusters {
        // Writing to a text does not fail.
        let _ = cluster.write(&mut out);
    }
    out
}

impl Cluster {
    fn of(state: &State, backend: &Arc<Backend>) -> Self {
        let pool = &backend.policy.connection_pool;
        let counts = state.parts.connection.counts(&backend.name);
        // What names stand for is known to those who chose among them.
        let known = state.parts.balance.active(&backend.name);
        let endpoints = match &known {
            Some((seen, active)) => {
                let both = seen.endpoints.iter().zip(active);
                both.map(|(endpoint, active)| Endpoint::of(state, seen, endpoint, *active)).collect()
            }
            None => {
                backend.endpoints.iter().map(|endpoint| Endpoint::of(state, backend, endpoint, 0)).collect()
            }
        };
        Self {
            name: backend.name.to_string(),
            max_connections: pool.max_connections,
            max_pending_requests: pool.max_pending_requests,
            max_requests: pool.max_requests,
            max_retries: pool.max_retries,
            connections: counts.connections,
            pending_requests: counts.pending,
            active_requests: counts.active,
            endpoints,
        }
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let name = &self.name;
        for (limit, value) in [
            ("max_connections", self.max_connections),
            ("max_pending_requests", self.max_pending_requests),
            ("max_requests", self.max_requests),
            ("max_retries", self.max_retries),
        ] {
            writeln!(out, "{name}::default_priority::{limit}::{value}")?;
        }
        self.endpoints.iter().try_for_each(|endpoint| endpoint.write(name, out))
    }
}

impl Endpoint {
    fn of(state: &State, backend: &Backend, endpoint: &BackendEndpoint, active_requests: u32) -> Self {
        let upstream = Upstream::of(backend, endpoint);
        let ejected = state.parts.ejections.of(&backend.name).and_then(|ejected| ejected.last(&upstream));
        let left = ejected.and_then(|ejection| ejection.until.checked_duration_since(Instant::now()));
        let left = left.filter(|left| !left.is_zero());
        Self {
            address: upstream.to_string(),
            weight: endpoint.weight,
            active_requests,
            is_ejected: left.is_some(),
            ejected_until: left.and_then(|left| SystemTime::now().checked_add(left)).map(written),
            labels: Labels::clone(&endpoint.labels),
            locality: endpoint.locality.as_deref().map(Place::of),
        }
    }

    fn write(&self, cluster: &str, out: &mut String) -> std::fmt::Result {
        let Self { address, active_requests, weight, .. } = self;
        let health = if self.is_ejected { "/failed_outlier_check" } else { "healthy" };
        writeln!(out, "{cluster}::{address}::rq_active::{active_requests}")?;
        writeln!(out, "{cluster}::{address}::health_flags::{health}")?;
        writeln!(out, "{cluster}::{address}::weight::{weight}")?;
        let place = self.locality.as_ref();
        let part = |of: fn(&Place) -> &String| place.map(of).map(String::as_str).unwrap_or_default();
        writeln!(out, "{cluster}::{address}::region::{}", part(|place| &place.region))?;
        writeln!(out, "{cluster}::{address}::zone::{}", part(|place| &place.zone))?;
        writeln!(out, "{cluster}::{address}::sub_zone::{}", part(|place| &place.subzone))
    }
}

impl Place {
    fn of(locality: &Locality) -> Self {
        let Locality { region, zone, subzone } = locality;
        Self { region: region.to_string(), zone: zone.to_string(), subzone: subzone.to_string() }
    }
}
