//! The whole mesh at one moment, but for its traffic.

use super::{
    documents::{File, files},
    services::{Service, active, services},
    told::{Certificate, Configuration},
};
use crate::{console::asked::Report, event::Workload};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the page shows of the mesh.
#[derive(Debug, Serialize)]
pub(in crate::console) struct Picture<'a> {
    processes: Vec<Process<'a>>,
    /// Virtual hosts, each with the processes that have it.
    hosts: Vec<Host<'a>>,
    services: BTreeMap<String, Service>,
    pub(in crate::console) files: BTreeMap<String, File>,
    authorities: Vec<Authority<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Process<'a> {
    name: &'a str,
    /// Why it does not answer.
    fault: Option<&'a str>,
    unready: Option<&'a str>,
    /// Whether it has told of itself yet.
    is_known: bool,
    workload: String,
    service: String,
    namespace: String,
    version: String,
    is_gateway: bool,
    generation: u64,
    digest: &'a str,
    listeners: &'a [Value],
    inbound: &'a Value,
    identity: Option<&'a str>,
    certificate: Option<&'a Certificate>,
    certificate_fault: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Host<'a> {
    #[serde(flatten)]
    host: &'a Value,
    seen_by: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Authority<'a> {
    trust_domain: &'a str,
    #[serde(flatten)]
    certificate: &'a Certificate,
}

impl<'a> Picture<'a> {
    /// What these processes say, by their names.
    pub(in crate::console) fn of(reports: &'a BTreeMap<String, Report>) -> Self {
        let clusters = reports.iter().map(|(name, report)| (name, report.clusters.as_slice()));
        Self {
            processes: reports.iter().map(|(name, report)| Process::of(name, report)).collect(),
            hosts: hosts(reports),
            services: services(clusters),
            files: files(reports.values().filter_map(|report| report.configuration.as_deref())),
            authorities: authorities(reports),
        }
    }
}

/// How many requests are under way at each endpoint where there are any.
pub(in crate::console) fn under_way(reports: &BTreeMap<String, Report>) -> BTreeMap<String, u64> {
    active(reports.values().map(|report| report.clusters.as_slice()))
}

impl<'a> Process<'a> {
    fn of(name: &'a str, report: &'a Report) -> Self {
        const NOTHING: &Value = &Value::Null;
        let told = report.configuration.as_deref();
        let certificates = report.certificates.as_deref();
        let of = told.map(workload).unwrap_or_default();
        let known = |text: &str| if told.is_some() { text.to_owned() } else { String::new() };
        Self {
            name,
            fault: report.fault(),
            unready: report.unready.as_deref(),
            is_known: told.is_some(),
            workload: known(of.name()),
            service: known(of.canonical_service()),
            namespace: known(of.namespace()),
            version: known(of.version()),
            is_gateway: told.is_some_and(|told| told.is_gateway),
            generation: told.map_or(0, |told| told.generation),
            digest: told.map_or("", |told| &told.digest),
            listeners: told.map_or(&[], |told| &told.listeners),
            inbound: told.map_or(NOTHING, |told| &told.inbound),
            identity: certificates.and_then(|told| told.identity.as_deref()),
            certificate: certificates.and_then(|told| told.chain.first()),
            certificate_fault: certificates.and_then(|told| told.fault.as_deref()),
        }
    }
}

/// What a process says of itself, as others in the mesh call it.
fn workload(told: &Configuration) -> Workload {
    let labels = told.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Workload {
        name: told.workload.as_str().into(),
        namespace: told.namespace.as_str().into(),
        labels,
        ..Workload::default()
    }
}

/// Processes of equal documents have equal hosts: each is told once.
fn hosts(reports: &BTreeMap<String, Report>) -> Vec<Host<'_>> {
    let mut hosts: Vec<Host<'_>> = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (name, report) in reports {
        for host in report.configuration.iter().flat_map(|told| &told.virtual_hosts) {
            let alike = by_name.entry(host["name"].as_str().unwrap_or_default()).or_default();
            if let Some(known) = alike.iter().find(|at| hosts[**at].host == host) {
                hosts[*known].seen_by.push(name);
            } else {
                alike.push(hosts.len());
                hosts.push(Host { host, seen_by: vec![name] });
            }
        }
    }
    hosts
}

fn authorities(reports: &BTreeMap<String, Report>) -> Vec<Authority<'_>> {
    let told = reports.values().filter_map(|report| report.certificates.as_deref());
    let mut all: Vec<_> = told
        .flat_map(|told| &told.trust_domains)
        .flat_map(|domain| {
            let of_this = domain.authorities.iter();
            of_this.map(|certificate| Authority { trust_domain: &domain.name, certificate })
        })
        .collect();
    all.sort_by_key(|authority| (authority.trust_domain, authority.certificate));
    all.dedup_by_key(|authority| (authority.trust_domain, authority.certificate));
    all
}
