//! Traces beside the buckets that they fell into.

use crate::read;
use mesh_tower::recorder::{Buckets, Exemplar, Format, Recorder, Settings};
use metrics::Key;
use std::time::{Duration, UNIX_EPOCH};

#[test]
fn the_newest_trace_of_a_bucket_is_beside_it_in_open_metrics() {
    let settings =
        Settings { default_buckets: Some(Buckets::new([1.0, 2.0]).unwrap()), ..Settings::default() };
    let recorder = Recorder::new(settings);
    let histogram = recorder.histogram(&Key::from_parts("a", &[("b", "c # {")]));
    let at = Some(UNIX_EPOCH + Duration::from_millis(1_600_000_000_250));
    histogram.record_with(0.25, Exemplar::new(7));
    histogram.record_with(0.5, Exemplar { trace_id: 0xabc, span_id: Some(0xdef), at });
    histogram.record_with(9.0, Exemplar::new(8));
    histogram.record_with(1.5, Exemplar::new(0));
    histogram.record(1.25);

    let reading = read(&recorder, Format::OpenMetrics);
    let of = |bound: &str| {
        let labels = [("b", "c # {"), ("le", bound)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        reading.exemplars.get(&("a_bucket".to_owned(), labels.to_vec())).map(String::as_str)
    };
    let expected = r#"{trace_id="00000000000000000000000000000abc",span_id="0000000000000def"} 0.5 1600000000.250000000"#;
    assert_eq!(of("1.0"), Some(expected));
    assert_eq!(of("2.0"), None);
    assert_eq!(of("+Inf"), Some(r#"{trace_id="00000000000000000000000000000008"} 9.0"#));
    assert_eq!(reading.value("a_count", &[("b", "c # {")]), Some(5.0));
    assert_eq!(read(&recorder, Format::Prometheus).exemplars.len(), 0);
}

#[test]
fn a_histogram_of_the_macros_is_the_same_series() {
    let recorder = Recorder::default();
    recorder.histogram(&Key::from_parts("a", &[("b", "c")])).record_with(1.0, Exemplar::new(1));
    metrics::with_local_recorder(&recorder, || metrics::histogram!("a", "b" => "c").record(2.0));
    assert_eq!(read(&recorder, Format::OpenMetrics).value("a_count", &[("b", "c")]), Some(2.0));
}

#[test]
fn a_handle_that_is_refused_records_for_nobody() {
    let recorder = Recorder::default();
    metrics::with_local_recorder(&recorder, || metrics::gauge!("a").set(1.0));
    recorder.histogram(&Key::from_name("a")).record_with(1.0, Exemplar::new(1));
    assert_eq!(read(&recorder, Format::Prometheus).value("a", &[]), Some(1.0));
}
