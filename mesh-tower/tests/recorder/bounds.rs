//! There is room for so many series, and no more.

use crate::{measured, read};
use mesh_tower::recorder::{Format, Recorder, Settings};
use std::thread;

const REFUSED: &str = "mesh_recorder_refused_series_total";

fn with_room_for(most_series: usize) -> Recorder {
    Recorder::new(Settings { most_series, ..Settings::default() })
}

#[test]
fn series_beyond_the_bound_are_counted_together() {
    let recorder = with_room_for(3);
    measured(&recorder, || {
        for path in 0..10 {
            metrics::counter!("a_total", "method" => "GET", "path" => path.to_string()).increment(1);
            metrics::histogram!("b", "path" => path.to_string()).record(1.0);
        }
        // One that began before goes on.
        metrics::counter!("a_total", "method" => "GET", "path" => "0").increment(5);
        metrics::counter!("a_total", "method" => "GET", "path" => "77").absolute(1000);
    });
    let reading = read(&recorder, Format::Prometheus);
    let counted = |path| reading.value("a_total", &[("method", "GET"), ("path", path)]);
    assert_eq!((counted("0"), counted("1"), counted("2")), (Some(6.0), Some(1.0), None));
    assert_eq!(reading.value("a_total", &[("method", "other"), ("path", "other")]), Some(8.0));
    assert_eq!(reading.value("b_count", &[("path", "other")]), Some(9.0));
    let refused = |metric| reading.value(REFUSED, &[("metric", metric), ("outcome", "folded")]);
    assert_eq!((refused("a_total"), refused("b")), (Some(9.0), Some(9.0)));
}

#[test]
fn a_gauge_beyond_the_bound_is_not_recorded() {
    let recorder = with_room_for(1);
    measured(&recorder, || {
        metrics::gauge!("a", "of" => "1").set(1.0);
        metrics::gauge!("a", "of" => "2").set(2.0);
    });
    let reading = read(&recorder, Format::Prometheus);
    assert_eq!(reading.value("a", &[("of", "1")]), Some(1.0));
    assert_eq!(reading.value(REFUSED, &[("metric", "a"), ("outcome", "dropped")]), Some(1.0));
    assert_eq!(reading.samples.len(), 2);
}

#[test]
fn one_family_has_one_series_for_all_the_others_whatever_their_labels() {
    let recorder = with_room_for(1);
    measured(&recorder, || {
        for name in ["a", "b", "c"] {
            metrics::counter!("a_total", name => "1").increment(1);
        }
    });
    let reading = read(&recorder, Format::Prometheus);
    assert_eq!(reading.value("a_total", &[("b", "other")]), Some(2.0));
    assert_eq!(reading.families.iter().find(|family| family.name == REFUSED).map(|_| ()), Some(()));
}

#[test]
fn names_are_bounded_too() {
    let recorder = with_room_for(5);
    measured(&recorder, || {
        for name in 0..1000 {
            metrics::counter!(format!("a{name}_total")).increment(1);
            metrics::counter!(format!("b{name}_total"), "c" => "d").increment(1);
            metrics::describe_counter!(format!("a{name}_total"), "e");
        }
    });
    let reading = read(&recorder, Format::Prometheus);
    assert_eq!(reading.families.iter().filter(|family| family.name != REFUSED).count(), 5);
    assert_eq!(reading.value(REFUSED, &[("metric", "other"), ("outcome", "dropped")]), Some(1995.0));
}

#[test]
fn of_two_kinds_by_one_name_the_first_is_recorded() {
    let recorder = Recorder::default();
    measured(&recorder, || {
        metrics::gauge!("a", "b" => "c").set(1.0);
        metrics::counter!("a", "b" => "c").increment(5);
        metrics::histogram!("a").record(5.0);
    });
    let reading = read(&recorder, Format::Prometheus);
    assert_eq!(reading.value("a", &[("b", "c")]), Some(1.0));
    assert_eq!(reading.value(REFUSED, &[("metric", "a"), ("outcome", "conflict")]), Some(2.0));
    assert_eq!(reading.samples.len(), 2);
}

#[test]
fn nothing_is_lost_where_threads_meet() {
    let recorder = with_room_for(100);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                measured(&recorder, || {
                    for turn in 0..2000 {
                        metrics::counter!("a_total", "b" => (turn % 150).to_string()).increment(1);
                        metrics::histogram!("c").record(0.25);
                    }
                });
            });
        }
    });
    let reading = read(&recorder, Format::Prometheus);
    let of_a = || reading.samples.keys().filter(|(name, _)| name == "a_total");
    let sum: f64 = of_a().map(|id| reading.samples[id].parse::<f64>().unwrap()).sum();
    assert_eq!(sum, 8000.0);
    // The histogram's is one of the hundred, and there is the one for all others.
    assert_eq!(of_a().count(), 100);
    assert_eq!((reading.value("c_count", &[]), reading.value("c_sum", &[])), (Some(8000.0), Some(2000.0)));
}
