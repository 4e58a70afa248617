//! How much is recorded, and in which buckets.

use super::buckets::Buckets;
use std::collections::BTreeMap;

/// How much a recorder keeps, and in which buckets.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The most series of all families together, a histogram being one. Default: 100,000.
    pub most_series: usize,
    /// The buckets of histograms of these names. Default: none; see [`Settings::default_buckets`].
    pub buckets: BTreeMap<String, Buckets>,
    /// The buckets of all others. Default: Istio's; where a name ends with `_seconds`, those of Prometheus' own clients.
    pub default_buckets: Option<Buckets>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { most_series: 100_000, buckets: BTreeMap::new(), default_buckets: None }
    }
}

impl Settings {
    /// The buckets of a histogram by its name, as it is rendered.
    pub(super) fn buckets(&self, name: &str) -> Buckets {
        let own = self.buckets.get(name).or(self.default_buckets.as_ref());
        own.cloned()
            .unwrap_or_else(|| if name.ends_with("_seconds") { Buckets::seconds() } else { Buckets::istio() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_go_by_the_name() {
        let own = Buckets::new([1.0]).unwrap();
        let mut settings =
            Settings { buckets: [("a_seconds".to_owned(), own.clone())].into(), ..Settings::default() };
        assert_eq!(settings.buckets("a_seconds"), own);
        assert_eq!(settings.buckets("b_seconds"), Buckets::seconds());
        assert_eq!(settings.buckets("b_milliseconds"), Buckets::istio());
        settings.default_buckets = Some(own.clone());
        assert_eq!(settings.buckets("b_seconds"), own);
    }
}
