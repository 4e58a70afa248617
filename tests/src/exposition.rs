//! What a recorder renders, taken apart.

use mesh_tower::recorder::{Format, Recorder};
use std::{collections::BTreeMap, time::Duration};

/// One line of what Prometheus reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Sample {
    /// What a label says; nothing when it is not there.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// All samples of a text that Prometheus reads.
///
/// # Panics
/// When a line is none.
#[must_use]
pub fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect()
}

/// The samples of a name that a recorder has, once there are such that fulfil a condition.
///
/// # Panics
/// When they are not there soon.
pub async fn until(recorder: &Recorder, name: &str, is_right: impl Fn(&[Sample]) -> bool) -> Vec<Sample> {
    let last = std::cell::RefCell::new(Vec::new());
    let found = async {
        loop {
            let all = samples(&recorder.render(Format::Prometheus));
            let named: Vec<_> = all.into_iter().filter(|sample| sample.name == name).collect();
            if is_right(&named) {
                return named;
            }
            *last.borrow_mut() = named;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), found).await;
    found.unwrap_or_else(|_| panic!("{name}: {:#?}", last.borrow()))
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.strip_suffix('}').unwrap_or(labels);
    // No value of a label in the tests has a quotation mark in it.
    let pairs = labels.split_inclusive('"').collect::<Vec<_>>();
    let pairs = pairs.chunks_exact(2).map(|pair| {
        let key = pair[0].trim_start_matches(',').trim_end_matches("=\"");
        (key.to_owned(), pair[1].trim_end_matches('"').to_owned())
    });
    Sample { name: name.to_owned(), labels: pairs.collect(), value }
}
