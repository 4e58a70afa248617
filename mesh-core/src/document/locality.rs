//! Where endpoints are preferred to be.

use super::read::{At, Read};
use std::collections::BTreeMap;

/// Where endpoints are preferred to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalityBalancing {
    /// How much of each locality's requests goes where. Default: all to the nearest.
    pub distribute: Vec<Distribute>,
    /// Which region stands in for which. Default: any.
    pub failover: Vec<Failover>,
    /// The labels that make an endpoint near, the most important first. Default: those of the locality.
    pub failover_priority: Vec<String>,
    /// Whether any of this holds. Default: the mesh's, which is true.
    pub enabled: Option<bool>,
}

/// Balance between zones by their sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneAwareBalancing {
    /// Which region stands in for which. Default: any.
    pub failover: Vec<Failover>,
    /// The labels that make an endpoint near, the most important first. Default: those of the locality.
    pub failover_priority: Vec<String>,
    /// Whether any of this holds. Default: true.
    pub enabled: Option<bool>,
    /// How many endpoints there have to be in the client's own region. Default: 6.
    pub min_cluster_size: Option<u64>,
}

/// How much of one locality's requests goes where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribute {
    /// The clients' locality: `region/zone/subzone`, with `*` at its end. Required.
    pub from: String,
    /// The share of each locality of endpoints, in hundredths. Required.
    pub to: BTreeMap<String, u32>,
}

/// The region that stands in for another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failover {
    /// The region that fails. Required.
    pub from: String,
    /// The one that stands in. Required.
    pub to: String,
}

impl Read for LocalityBalancing {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            distribute: f.take("distribute"),
            failover: f.take("failover"),
            failover_priority: f.take("failoverPriority"),
            enabled: f.maybe("enabled"),
        })
    }
}

impl Read for ZoneAwareBalancing {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            failover: f.take("failover"),
            failover_priority: f.take("failoverPriority"),
            enabled: f.maybe("enabled"),
            min_cluster_size: f.maybe("minClusterSize"),
        })
    }
}

impl Read for Distribute {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { from: f.take("from"), to: f.take("to") })
    }
}

impl Read for Failover {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { from: f.take("from"), to: f.take("to") })
    }
}
