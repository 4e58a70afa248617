//! The graph of services.

use super::{
    Call, Sample, Totals,
    call::{Party, Reporter},
    quantile::quantile,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many ways of ending are told of each pair.
const ENDINGS: usize = 8;

/// What passes from one service to another.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::console) struct Edge {
    from: Node,
    to: Node,
    /// The host by which it is called.
    host: String,
    /// Requests a second.
    rate: f64,
    /// Failures a second: 500 and more, no answer, or a gRPC status that is the service's fault.
    failures: f64,
    /// Refused a second: 400 to 499.
    rejections: f64,
    /// Milliseconds; none where nothing passed.
    p50: Option<f64>,
    p99: Option<f64>,
    /// The share of requests over mutual TLS, 0 to 1; none where nothing passed.
    secured: Option<f64>,
    /// All that were counted, while the processes run that counted them.
    total: f64,
    versions: Vec<Version>,
    endings: Vec<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Node {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Serialize)]
struct Version {
    version: String,
    rate: f64,
    failures: f64,
    p99: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct Ending {
    code: u16,
    flags: String,
    rate: f64,
}

/// Between whom, as which side tells.
type Pair = (Node, Node);

#[derive(Debug, Default)]
struct Gathered {
    host: String,
    all: Totals,
    failures: f64,
    rejections: f64,
    secured: f64,
    total: f64,
    versions: BTreeMap<Box<str>, (Totals, f64)>,
    endings: BTreeMap<(u16, Box<str>), f64>,
}

/// The edges of the graph. A pair that the caller tells of is as the caller sees it; others are as the callee does.
pub(in crate::console) fn edges(rates: &Sample, totals: &Sample) -> Vec<Edge> {
    let told = |reporter| rates.keys().chain(totals.keys()).filter(move |call| call.reporter == reporter);
    let by_callers: BTreeSet<Pair> = told(Reporter::Source).map(Call::pair).collect();
    let is_counted = |call: &Call| call.reporter == Reporter::Source || !by_callers.contains(&call.pair());
    let mut gathered: BTreeMap<Pair, Gathered> = BTreeMap::new();
    for (call, counted) in totals.iter().filter(|(call, _)| is_counted(call)) {
        let of = gathered.entry(call.pair()).or_default();
        of.host = call.host.to_string();
        of.total += counted.count;
    }
    for (call, rate) in rates.iter().filter(|(call, _)| is_counted(call)) {
        gathered.entry(call.pair()).or_default().add(call, rate);
    }
    gathered.into_iter().map(|(pair, gathered)| gathered.edge(pair)).collect()
}

impl Call {
    fn pair(&self) -> Pair {
        (Node::of(&self.source), Node::of(&self.destination))
    }
}

impl Node {
    fn of(party: &Party) -> Self {
        let told = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        Self { namespace: told(&party.namespace), name: told(&party.name) }
    }
}

impl Gathered {
    fn add(&mut self, call: &Call, rate: &Totals) {
        let failures = if call.is_failure() { rate.count } else { 0.0 };
        self.host = call.host.to_string();
        self.all.merge(rate);
        self.failures += failures;
        self.rejections += if (400..500).contains(&call.code) { rate.count } else { 0.0 };
        self.secured += if call.is_secured { rate.count } else { 0.0 };
        let version = self.versions.entry(call.destination.version.clone()).or_default();
        version.0.merge(rate);
        version.1 += failures;
        *self.endings.entry((call.code, call.flags.clone())).or_default() += rate.count;
    }

    fn edge(self, (from, to): Pair) -> Edge {
        let mut endings: Vec<_> = self.endings.into_iter().collect();
        endings.sort_by(|a, b| b.1.total_cmp(&a.1));
        endings.truncate(ENDINGS);
        let versions = self.versions.into_iter().map(|(version, (totals, failures))| Version {
            version: version.into(),
            rate: totals.count,
            failures,
            p99: quantile(0.99, &totals.buckets),
        });
        Edge {
            from,
            to,
            host: self.host,
            rate: self.all.count,
            failures: self.failures,
            rejections: self.rejections,
            p50: quantile(0.5, &self.all.buckets),
            p99: quantile(0.99, &self.all.buckets),
            secured: (self.all.count > 0.0).then(|| self.secured / self.all.count),
            total: self.total,
            versions: versions.collect(),
            endings: endings
                .into_iter()
                .map(|((code, flags), rate)| Ending { code, flags: flags.into(), rate })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::traffic::sample;

    fn line(reporter: &str, from: &str, to: &str, code: u16, value: u32) -> String {
        format!(
            "istio_requests_total{{reporter=\"{reporter}\",source_canonical_service=\"{from}\",\
             destination_canonical_service=\"{to}\",destination_version=\"v1\",response_code=\"{code}\",\
             connection_security_policy=\"mutual_tls\"}} {value}\n"
        )
    }

    #[test]
    fn a_call_that_both_ends_tell_of_is_counted_once() {
        let text = line("source", "a", "b", 200, 6)
            + &line("source", "a", "b", 503, 2)
            + &line("destination", "a", "b", 200, 6)
            + &line("destination", "unknown", "a", 404, 3);
        let sample = sample(&text);
        let edges = edges(&sample, &sample);
        let told: Vec<_> = edges
            .iter()
            .map(|edge| {
                (&*edge.from.name, &*edge.to.name, edge.rate, edge.failures, edge.rejections, edge.total)
            })
            .collect();
        assert_eq!(told, [("a", "b", 8.0, 2.0, 0.0, 8.0), ("unknown", "a", 3.0, 0.0, 3.0, 3.0)]);
        assert_eq!(edges[0].endings[0].code, 200);
        assert_eq!(edges[0].secured, Some(1.0));
    }
}
