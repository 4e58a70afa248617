//! Kinds of calls, and how many there were.

use super::{
    Sample,
    exposition::{Line, lines},
};
/// Istio's metrics that traffic is read from.
pub(in crate::console) const METRICS: [&str; 2] =
    ["istio_requests_total", "istio_request_duration_milliseconds"];

/// How many kinds of calls are told apart of one process; of a mesh that has more the rest is left out.
const MOST: usize = 50_000;

/// Which side tells of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::console) enum Reporter {
    Source,
    Destination,
}

/// Who takes part in a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::console) struct Party {
    pub(in crate::console) namespace: Box<str>,
    pub(in crate::console) name: Box<str>,
    pub(in crate::console) version: Box<str>,
}

/// What calls have in common that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::console) struct Call {
    pub(super) reporter: Reporter,
    pub(super) source: Party,
    pub(super) destination: Party,
    /// The host of the service that was called.
    pub(super) host: Box<str>,
    pub(super) code: u16,
    pub(super) flags: Box<str>,
    pub(super) grpc_status: Option<u16>,
    pub(super) is_secured: bool,
}

/// How many calls there were, and how long they took.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::console) struct Totals {
    pub(super) count: f64,
    /// How many took no longer than so many milliseconds, in order; the last bound is infinite.
    pub(super) buckets: Vec<(f64, f64)>,
}

/// The calls that a text in Prometheus' format counts.
pub(in crate::console) fn sample(text: &str) -> Sample {
    sample_of(lines(text))
}

/// The calls that these lines count.
pub(in crate::console) fn sample_of<'a>(lines: impl Iterator<Item = Line<'a>>) -> Sample {
    let mut sample = Sample::default();
    for line in lines {
        let is_count = line.name == "istio_requests_total";
        if !is_count && line.name != "istio_request_duration_milliseconds_bucket" {
            continue;
        }
        let Some((call, bound)) = Call::read(&line) else { continue };
        if sample.len() >= MOST && !sample.contains_key(&call) {
            continue;
        }
        let totals = sample.entry(call).or_default();
        match bound {
            _ if is_count => totals.count += line.value,
            Some(bound) => totals.add(bound, line.value),
            None => {}
        }
    }
    sample
}

impl Call {
    /// The call that a line is about, and the bound of its bucket, if it is one.
    fn read(line: &Line<'_>) -> Option<(Self, Option<f64>)> {
        let find =
            |name: &str| line.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| &**value);
        let get = |name: &str| find(name).unwrap_or_default();
        let is_told = |value: &&str| !value.is_empty() && *value != "unknown";
        let party = |canonical: &str, namespace: &str, version: &str| Party {
            namespace: get(namespace).into(),
            name: get(canonical).into(),
            version: get(version).into(),
        };
        let mut destination =
            party("destination_canonical_service", "destination_workload_namespace", "destination_version");
        // Who was not reached has not told who it is; the call was for a service all the same.
        if !is_told(&&*destination.name) {
            destination.name = get("destination_service_name").into();
        }
        if !is_told(&&*destination.namespace) {
            destination.namespace = get("destination_service_namespace").into();
        }
        let reporter = match get("reporter") {
            "source" => Reporter::Source,
            "destination" => Reporter::Destination,
            _ => return None,
        };
        let is_secured = get("connection_security_policy") == "mutual_tls"
            || (reporter == Reporter::Source && get("destination_principal").starts_with("spiffe://"));
        let call = Self {
            reporter,
            source: party("source_canonical_service", "source_workload_namespace", "source_version"),
            destination,
            host: get("destination_service").into(),
            code: get("response_code").parse().unwrap_or_default(),
            flags: find("response_flags").filter(|flags| *flags != "-").unwrap_or_default().into(),
            grpc_status: get("grpc_response_status").parse().ok(),
            is_secured,
        };
        let bound = find("le").and_then(|bound| bound.parse().ok());
        Some((call, bound))
    }

    /// Whether it failed: an answer of 500 or more, none at all, or a gRPC status that is the service's fault.
    pub(super) fn is_failure(&self) -> bool {
        const SERVICE_FAILED: [u16; 8] = [2, 4, 8, 12, 13, 14, 15, 1];
        match self.grpc_status {
            Some(status) => SERVICE_FAILED.contains(&status),
            None => self.code == 0 || self.code >= 500,
        }
    }
}

impl Totals {
    /// So many calls, of which nobody knows how long they took.
    #[cfg(test)]
    pub(in crate::console) fn of(count: f64) -> Self {
        Self { count, buckets: Vec::new() }
    }

    /// More calls that took no longer than so many milliseconds.
    fn add(&mut self, bound: f64, count: f64) {
        match self.buckets.binary_search_by(|(known, _)| known.total_cmp(&bound)) {
            Ok(at) => self.buckets[at].1 += count,
            Err(at) => self.buckets.insert(at, (bound, count)),
        }
    }

    /// These calls and others.
    pub(in crate::console) fn merge(&mut self, others: &Self) {
        self.count += others.count;
        others.buckets.iter().for_each(|(bound, count)| self.add(*bound, *count));
    }

    /// What came since `before`, so much a second. A process that began again has counted all it has since.
    pub(super) fn since(&self, before: Option<&Self>, seconds: f64) -> Self {
        let before = before.filter(|before| before.count <= self.count);
        let of = |bound: f64| {
            let found = before.and_then(|before| {
                let at = before.buckets.binary_search_by(|(known, _)| known.total_cmp(&bound)).ok()?;
                Some(before.buckets[at].1)
            });
            found.unwrap_or_default()
        };
        Self {
            count: (self.count - before.map_or(0.0, |before| before.count)) / seconds,
            buckets: self
                .buckets
                .iter()
                .map(|(bound, count)| (*bound, (count - of(*bound)).max(0.0) / seconds))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(more: &str, name: &str, value: u32) -> String {
        format!(
            "{name}{{reporter=\"source\",source_canonical_service=\"a\",source_workload_namespace=\"n\",\
             source_version=\"v1\",destination_service=\"b.n.svc.cluster.local\",destination_service_name=\"b\",\
             destination_service_namespace=\"n\"{more}}} {value}\n"
        )
    }

    #[test]
    fn calls_are_counted_by_who_calls_whom() {
        let reached = ",destination_canonical_service=\"b\",destination_workload_namespace=\"n\",destination_version=\"v2\",\
                       destination_principal=\"spiffe://x\",response_code=\"200\",response_flags=\"-\"";
        let lost = ",destination_canonical_service=\"unknown\",destination_workload_namespace=\"unknown\",\
                    destination_version=\"unknown\",response_code=\"503\",response_flags=\"UF\"";
        let bucket = format!("{reached},le=\"5\"");
        let text = line(reached, "istio_requests_total", 7)
            + &line(lost, "istio_requests_total", 2)
            + &line(&bucket, "istio_request_duration_milliseconds_bucket", 4)
            + "istio_requests_total{reporter=\"nobody\"} 9\nother 1\n";
        let sample = sample(&text);
        let found = |is_failure| sample.iter().find(|(call, _)| call.is_failure() == is_failure).unwrap();
        let (good, totals) = found(false);
        assert_eq!((&*good.destination.name, &*good.destination.version, good.is_secured), ("b", "v2", true));
        assert_eq!(*totals, Totals { count: 7.0, buckets: vec![(5.0, 4.0)] });
        let (bad, totals) = found(true);
        assert_eq!((&*bad.destination.name, &*bad.destination.namespace, &*bad.flags), ("b", "n", "UF"));
        assert_eq!((totals.count, sample.len()), (2.0, 2));
    }

    #[test]
    fn what_came_since_is_a_difference_unless_the_process_began_again() {
        let before = Totals { count: 10.0, buckets: vec![(1.0, 6.0), (5.0, 10.0)] };
        let now = Totals { count: 30.0, buckets: vec![(1.0, 10.0), (5.0, 30.0)] };
        let expected = Totals { count: 2.0, buckets: vec![(1.0, 0.4), (5.0, 2.0)] };
        assert_eq!(now.since(Some(&before), 10.0), expected);
        assert_eq!(before.since(Some(&now), 10.0).count, 1.0);
        assert_eq!(now.since(None, 10.0).count, 3.0);
    }
}
