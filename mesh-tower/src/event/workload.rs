//! Who takes part in an exchange, as metrics and traces call it.

use mesh_core::model::Labels;

/// What a label says that nobody knows.
const UNKNOWN: &str = "unknown";

/// What is known of a workload: by itself, or by what it tells its peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Its name: that of the Deployment, on Kubernetes.
    pub name: Box<str>,
    /// Its namespace.
    pub namespace: Box<str>,
    /// The cluster that it runs in.
    pub cluster: Box<str>,
    /// Which of its instances this is: the pod, on Kubernetes.
    pub instance: Box<str>,
    /// Its labels.
    pub labels: Labels,
}

impl Workload {
    /// The workload's name, or `unknown`.
    #[must_use]
    pub fn name(&self) -> &str {
        or_unknown(&self.name)
    }

    /// Its namespace, or `unknown`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        or_unknown(&self.namespace)
    }

    /// Its cluster, or `unknown`.
    #[must_use]
    pub fn cluster(&self) -> &str {
        or_unknown(&self.cluster)
    }

    /// The label `app`, or `unknown`.
    #[must_use]
    pub fn app(&self) -> &str {
        self.label(&["app"]).unwrap_or(UNKNOWN)
    }

    /// The label `version`, or `unknown`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.label(&["version"]).unwrap_or(UNKNOWN)
    }

    /// The service that it is one of: by its labels, or else its name. Istio's order of labels.
    #[must_use]
    pub fn canonical_service(&self) -> &str {
        let labels = ["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"];
        self.label(&labels).unwrap_or_else(|| self.name())
    }

    /// The revision of that service, by its labels; `latest` when they do not say. Istio's order of labels.
    #[must_use]
    pub fn canonical_revision(&self) -> &str {
        let labels = ["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"];
        self.label(&labels).unwrap_or("latest")
    }

    /// The first of these labels that says something.
    pub(crate) fn label(&self, names: &[&str]) -> Option<&str> {
        let mut values = names.iter().filter_map(|name| self.labels.get(*name));
        values.find(|value| !value.is_empty()).map(|value| &**value)
    }
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { UNKNOWN } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_says_is_unknown() {
        let nobody = Workload::default();
        assert_eq!(
            (nobody.name(), nobody.app(), nobody.canonical_service()),
            ("unknown", "unknown", "unknown")
        );
        assert_eq!((nobody.version(), nobody.canonical_revision()), ("unknown", "latest"));
    }

    #[test]
    fn labels_say_which_service_a_workload_is_one_of() {
        let labels = [("app", "shop"), ("app.kubernetes.io/name", "product"), ("version", "v1")];
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let workload = Workload { name: "product-v1".into(), labels, ..Workload::default() };
        assert_eq!((workload.canonical_service(), workload.canonical_revision()), ("product", "v1"));
        assert_eq!((workload.name(), workload.app()), ("product-v1", "shop"));
    }
}
