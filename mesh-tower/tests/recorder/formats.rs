//! The text of both formats, as their specifications show it.

use crate::{measured, read};
use mesh_tower::recorder::{Buckets, Format, Recorder, Settings};
use metrics::Unit;

fn shop() -> Recorder {
    let buckets = [("wait_seconds".to_owned(), Buckets::new([0.5, 1.0]).expect("bounds"))].into();
    let recorder = Recorder::new(Settings { buckets, ..Settings::default() });
    measured(&recorder, || {
        metrics::describe_counter!("orders", "Orders, \"as\" placed.\nOr C:\\ordered.");
        metrics::counter!("orders", "to" => "b").increment(2);
        metrics::counter!("orders", "to" => "a\"\\\n").increment(1);
        metrics::describe_gauge!("stock.bytes", Unit::Bytes, "What is in stock.");
        metrics::gauge!("stock.bytes").set(1.5);
        metrics::gauge!("stock.bytes", "le" => "x").set(f64::NEG_INFINITY);
        metrics::describe_histogram!("wait_seconds", Unit::Seconds, "How long people wait.");
        let wait = metrics::histogram!("wait_seconds");
        wait.record(0.5);
        wait.record_many(0.75, 2);
        wait.record(7.0);
        wait.record(f64::NAN);
    });
    recorder
}

#[test]
fn prometheus_text() {
    let expected = r#"# HELP orders Orders, "as" placed.\nOr C:\\ordered.
# TYPE orders counter
orders{to="a\"\\\n"} 1
orders{to="b"} 2
# HELP stock_bytes What is in stock.
# TYPE stock_bytes gauge
stock_bytes 1.5
stock_bytes{exported_le="x"} -Inf
# HELP wait_seconds How long people wait.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.5"} 1
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 9
wait_seconds_count 4
"#;
    assert_eq!(shop().render(Format::Prometheus), expected);
}

#[test]
fn open_metrics_text() {
    let expected = r#"# HELP orders Orders, \"as\" placed.\nOr C:\\ordered.
# TYPE orders counter
orders_total{to="a\"\\\n"} 1
orders_total{to="b"} 2
# HELP stock_bytes What is in stock.
# TYPE stock_bytes gauge
# UNIT stock_bytes bytes
stock_bytes 1.5
stock_bytes{exported_le="x"} -Inf
# HELP wait_seconds How long people wait.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le="0.5"} 1
wait_seconds_bucket{le="1.0"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 9.0
wait_seconds_count 4
# EOF
"#;
    assert_eq!(shop().render(Format::OpenMetrics), expected);
}

#[test]
fn istio_has_its_own_buckets() {
    let recorder = Recorder::default();
    measured(&recorder, || metrics::histogram!("istio_request_duration_milliseconds").record(30.0));
    let reading = read(&recorder, Format::Prometheus);
    let bounds: Vec<_> =
        reading.samples.keys().filter_map(|(_, labels)| labels.last()).map(|(_, bound)| bound).collect();
    let expected =
        "0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000 3600000 +Inf";
    assert_eq!(bounds.len(), 20);
    assert!(expected.split(' ').all(|bound| bounds.iter().any(|found| *found == bound)));
    let bucket = |bound| reading.value("istio_request_duration_milliseconds_bucket", &[("le", bound)]);
    assert_eq!((bucket("25"), bucket("50")), (Some(0.0), Some(1.0)));
}

#[test]
fn labels_in_any_order_are_one_series() {
    let recorder = Recorder::default();
    measured(&recorder, || {
        metrics::counter!("a_total", "x" => "1", "y" => "2").increment(1);
        metrics::counter!("a_total", "y" => "2", "x" => "1").increment(1);
        // By another name for both.
        metrics::counter!("a.total", "y" => "2", "x" => "1").increment(1);
    });
    let reading = read(&recorder, Format::Prometheus);
    assert_eq!(reading.value("a_total", &[("x", "1"), ("y", "2")]), Some(3.0));
    assert_eq!(reading.samples.len(), 1);
}

#[test]
fn a_family_that_was_only_described_is_not_there() {
    let recorder = Recorder::default();
    measured(&recorder, || metrics::describe_counter!("a_total", "b"));
    assert_eq!(recorder.render(Format::Prometheus), "");
    assert_eq!(recorder.render(Format::OpenMetrics), "# EOF\n");
}

#[test]
fn a_gauge_and_a_counter_that_open_metrics_would_give_one_name_keep_their_own() {
    let recorder = Recorder::default();
    measured(&recorder, || {
        metrics::gauge!("a").set(1.0);
        metrics::counter!("a_total").increment(2);
    });
    let reading = read(&recorder, Format::OpenMetrics);
    assert_eq!((reading.value("a", &[]), reading.value("a_total", &[])), (Some(1.0), Some(2.0)));
}

#[test]
fn a_counter_is_set_to_what_somebody_else_counted_and_never_back() {
    let recorder = Recorder::default();
    measured(&recorder, || {
        let counter = metrics::counter!("a_total");
        counter.absolute(7);
        counter.absolute(5);
        counter.increment(1);
        let gauge = metrics::gauge!("b");
        gauge.set(2.5);
        gauge.increment(1.0);
        gauge.decrement(0.5);
    });
    let reading = read(&recorder, Format::Prometheus);
    assert_eq!((reading.value("a_total", &[]), reading.value("b", &[])), (Some(8.0), Some(3.0)));
}
