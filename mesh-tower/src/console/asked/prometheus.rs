//! Traffic as a Prometheus has gathered it.

use super::{AskFault, Link, Reports};
use crate::console::traffic::{Line, Sample, sample_of};
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::sleep;

/// The most that an answer may be, in bytes.
const MOST: usize = 64 << 20;
/// How often is asked: more often nothing new would be there.
const PAUSE: Duration = Duration::from_secs(2);
/// What calls are told apart by.
const LABELS: &str = "reporter,source_canonical_service,source_workload_namespace,source_version,\
     destination_canonical_service,destination_workload_namespace,destination_version,destination_service,\
     destination_service_name,destination_service_namespace,destination_principal,response_code,response_flags,\
     grpc_response_status,connection_security_policy";
const COUNT: &str = "istio_requests_total";
const BUCKET: &str = "istio_request_duration_milliseconds_bucket";

/// An answer of Prometheus' API.
#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    /// The moment, and the number as a text.
    value: (f64, String),
}

/// Asks a Prometheus for traffic, for as long as this is polled.
pub(in crate::console) async fn follow(prometheus: Uri, reports: Reports) {
    // Without a user's part: whoever it names is nobody whom this could be, and faults tell whom we asked.
    let authority =
        format!("{}:{}", prometheus.host().unwrap_or_default(), prometheus.port_u16().unwrap_or(80));
    let base = prometheus.path().trim_end_matches('/').to_owned();
    let mut link = Link::to(authority);
    loop {
        match ask(&mut link, &base).await {
            Ok(samples) => reports.change(|told| {
                told.prometheus = Some(samples);
                told.prometheus_fault = None;
            }),
            Err(fault) => reports.change(|told| told.prometheus_fault = Some(fault.to_string())),
        }
        sleep(PAUSE).await;
    }
}

/// How much passes a second, and in all.
async fn ask(link: &mut Link, base: &str) -> Result<[Sample; 2], AskFault> {
    let counts = query(link, base, &format!("sum by ({LABELS}) (rate({COUNT}[1m]))")).await?;
    let buckets = query(link, base, &format!("sum by ({LABELS},le) (rate({BUCKET}[1m]))")).await?;
    let totals = query(link, base, &format!("sum by ({LABELS}) ({COUNT})")).await?;
    let rates = sample_of(lines(COUNT, &counts).chain(lines(BUCKET, &buckets)));
    Ok([rates, sample_of(lines(COUNT, &totals))])
}

async fn query(link: &mut Link, base: &str, query: &str) -> Result<Answer, AskFault> {
    let path = format!("{base}/api/v1/query?query={}", utf8_percent_encode(query, NON_ALPHANUMERIC));
    let body = link.get(&path, MOST).await?;
    serde_json::from_slice(&body)
        .map_err(|error| AskFault::new(format!("the answer of Prometheus cannot be read: {error}")))
}

fn lines<'a>(name: &'static str, answer: &'a Answer) -> impl Iterator<Item = Line<'a>> {
    answer.data.result.iter().filter_map(move |series| {
        let labels = series.metric.iter().map(|(label, value)| (label.as_str(), value.into()));
        Some(Line { name, labels: labels.collect(), value: series.value.1.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_prometheus_are_read() {
        let answer = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"reporter":"source","destination_canonical_service":"b","response_code":"200"},"value":[1.5,"7.25"]},
            {"metric":{"reporter":"nobody"},"value":[1.5,"1"]}]}}"#;
        let answer: Answer = serde_json::from_str(answer).unwrap();
        let sample = sample_of(lines(COUNT, &answer));
        assert_eq!(sample.len(), 1);
        assert!(sample.values().all(|totals| *totals == crate::console::traffic::Totals::of(7.25)));
    }
}
