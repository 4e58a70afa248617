//! Which of its endpoints a service prefers that clients go to: a field of Kubernetes, or an annotation of Istio's.

use super::{Meaning, Site};
use crate::{document::Path, model::TrafficDistribution};
use std::sync::Arc;

const ANNOTATION: &str = "networking.istio.io/traffic-distribution";

/// What a Namespace says for the Services in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceSetting {
    /// Its name.
    pub name: Arc<str>,
    /// What its Services prefer that do not say.
    pub distribution: TrafficDistribution,
}

/// Reads what a Namespace says.
pub(super) fn of_namespace(site: Site<'_>) -> Option<Meaning> {
    let distribution = annotated(site);
    Some(distribution.map_or(Meaning::Nothing, |distribution| {
        Meaning::Namespace(Arc::new(NamespaceSetting { name: site.name(), distribution }))
    }))
}

/// What a Service says: its field, or else its annotation. `None` when it leaves that to its namespace.
pub(super) fn of_service(site: Site<'_>, written: &str) -> Option<TrafficDistribution> {
    let by_field = match written {
        "" => return annotated(site),
        // Kubernetes' own names, letter for letter.
        "PreferClose" | "PreferSameZone" => Some(TrafficDistribution::SameZone),
        "PreferSameNode" => Some(TrafficDistribution::SameNode),
        _ => None,
    };
    if by_field.is_none() {
        warn(site, &site.spec.field("trafficDistribution"), written);
    }
    by_field.or_else(|| annotated(site))
}

/// What the annotation says, in any case of letters; what nobody knows is no preference.
fn annotated(site: Site<'_>) -> Option<TrafficDistribution> {
    let written = site.metadata.annotations.get(ANNOTATION).filter(|written| !written.is_empty())?;
    Some(match written.to_ascii_lowercase().as_str() {
        "preferclose" | "prefersamezone" => TrafficDistribution::SameZone,
        "prefersamenode" => TrafficDistribution::SameNode,
        _ => {
            warn(site, &Path::Root.field("metadata").field("annotations"), written);
            TrafficDistribution::Anywhere
        }
    })
}

fn warn(site: Site<'_>, at: &Path<'_>, written: &str) {
    let remedy = "write PreferSameZone or PreferSameNode";
    site.check.warn(at, format!("unknown traffic distribution {written:?}, defaulting to any"), remedy);
}
