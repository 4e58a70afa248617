//! Whatever is recorded, what is rendered can be read, and says the same.

use crate::{
    measured,
    reader::{Id, Reading, number},
};
use mesh_tower::recorder::{Buckets, Format, Recorder, Settings};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One measurement: of which kind, in which series, and what.
#[derive(Clone, Debug)]
enum Act {
    Count(Id, u64),
    Set(Id, f64),
    Record(Id, f64),
}

const BOUNDS: [f64; 3] = [-1.0, 0.5, 1000.0];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-c]{1,2}",
        "[\"\\\\\n,={} #]{0,6}",
        proptest::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

/// Few, so that series meet.
fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::btree_map("[a-c]", text(), 0..3).prop_map(|labels| labels.into_iter().collect())
}

/// Kinds have names of their own here: what becomes of two kinds by one name has a test of its own.
fn act() -> impl Strategy<Value = Act> {
    let id = |name: &'static str| {
        ("[a-c](_total|_seconds)?", labels()).prop_map(move |(end, labels)| (format!("{name}_{end}"), labels))
    };
    let finite = || prop_oneof![-2e3..2e3, any::<f64>().prop_filter("finite", |value| value.is_finite())];
    prop_oneof![
        (id("count"), 0..1_u64 << 40).prop_map(|(id, value)| Act::Count(id, value)),
        (id("level"), any::<f64>()).prop_map(|(id, value)| Act::Set(id, value)),
        (id("size"), finite()).prop_map(|(id, value)| Act::Record(id, value)),
    ]
}

fn play(recorder: &Recorder, acts: &[Act]) {
    measured(recorder, || {
        for act in acts {
            match act.clone() {
                Act::Count((name, labels), value) => metrics::counter!(name, &labels).increment(value),
                Act::Set((name, labels), value) => metrics::gauge!(name, &labels).set(value),
                Act::Record((name, labels), value) => metrics::histogram!(name, &labels).record(value),
            }
        }
    });
}

/// What a reader is to find: every sample, as a number.
fn expected(acts: &[Act], format: Format) -> BTreeMap<Id, f64> {
    let mut samples = BTreeMap::new();
    for act in acts {
        match act.clone() {
            Act::Count((name, labels), value) => {
                *samples.entry((sample(&name, format), labels)).or_default() += value as f64;
            }
            Act::Set(id, value) => drop(samples.insert(id, value)),
            Act::Record((name, labels), value) => {
                for bound in BOUNDS.into_iter().chain([f64::INFINITY]) {
                    let mut labels = labels.clone();
                    labels.push(("le".into(), spelt(bound, format)));
                    *samples.entry((format!("{name}_bucket"), labels)).or_default() +=
                        f64::from(value <= bound);
                }
                *samples.entry((format!("{name}_sum"), labels.clone())).or_default() += value;
                *samples.entry((format!("{name}_count"), labels)).or_default() += 1.0;
            }
        }
    }
    samples
}

fn sample(name: &str, format: Format) -> String {
    match format {
        Format::OpenMetrics if !name.ends_with("_total") => format!("{name}_total"),
        _ => name.to_owned(),
    }
}

fn spelt(bound: f64, format: Format) -> String {
    let is_whole = format == Format::OpenMetrics && bound.fract() == 0.0;
    if bound == f64::INFINITY {
        "+Inf".into()
    } else if is_whole {
        format!("{bound}.0")
    } else {
        bound.to_string()
    }
}

/// In OpenMetrics a counter without its end, beside one with it, keeps its own name.
fn has_twins(acts: &[Act]) -> bool {
    let names: Vec<_> = acts
        .iter()
        .filter_map(|act| if let Act::Count((name, _), _) = act { Some(name) } else { None })
        .collect();
    names.iter().any(|name| names.iter().any(|other| **other == format!("{name}_total")))
}

fn small() -> Settings {
    Settings { default_buckets: Some(Buckets::new(BOUNDS).expect("bounds")), ..Settings::default() }
}

proptest! {
    #[test]
    fn what_is_rendered_says_what_was_recorded(acts in proptest::collection::vec(act(), 0..60)) {
        for format in [Format::Prometheus, Format::OpenMetrics] {
            let recorder = Recorder::new(small());
            play(&recorder, &acts);
            let text = recorder.render(format);
            let reading = Reading::of(&text, format).map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{text}")))?;
            if format == Format::OpenMetrics && has_twins(&acts) {
                continue;
            }
            let found: BTreeMap<_, _> = reading.samples.iter().map(|(id, value)| (id.clone(), number(value).unwrap())).collect();
            let expected = expected(&acts, format);
            prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (id, value) in &expected {
                let is_same = found[id] == *value || found[id].is_nan() && value.is_nan();
                prop_assert!(is_same, "{:?}: {} is not {}", id, found[id], value);
            }
        }
    }

    #[test]
    fn families_and_series_have_an_order(acts in proptest::collection::vec(act(), 0..60)) {
        let (one, other) = (Recorder::new(small()), Recorder::new(small()));
        // Counters alone: what a gauge was set to last, and how sums round, goes by the order of what happened.
        let mut acts: Vec<_> = acts.into_iter().filter(|act| matches!(act, Act::Count(..))).collect();
        play(&one, &acts);
        acts.reverse();
        play(&other, &acts);
        prop_assert_eq!(one.render(Format::Prometheus), other.render(Format::Prometheus));
    }

    #[test]
    fn no_name_and_no_label_breaks_a_line(name in text(), label in text(), value in text(), help in text()) {
        for format in [Format::Prometheus, Format::OpenMetrics] {
            let recorder = Recorder::default();
            measured(&recorder, || {
                metrics::describe_gauge!(name.clone(), help.clone());
                metrics::gauge!(name.clone(), label.clone() => value.clone()).set(1.0);
            });
            let text = recorder.render(format);
            let reading = Reading::of(&text, format).map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{text}")))?;
            prop_assert_eq!(reading.samples.len(), 1);
            let ((_, labels), _) = reading.samples.first_key_value().unwrap();
            prop_assert_eq!(&labels[0].1, &value);
            prop_assert_eq!(reading.families[0].help.as_deref().unwrap_or_default(), &help);
        }
    }
}
