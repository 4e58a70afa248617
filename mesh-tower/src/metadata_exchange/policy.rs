//! What workloads tell of themselves, on the wire.

use crate::event::Workload;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message;
use prost_types::{Struct, Value, value::Kind};

/// Who sends a request or an answer.
pub(super) const ID: HeaderName = HeaderName::from_static("x-envoy-peer-metadata-id");
/// What else is known of it.
pub(super) const METADATA: HeaderName = HeaderName::from_static("x-envoy-peer-metadata");

/// The longest description that is read, in bytes of the header.
const LONGEST: usize = 8 << 10;

/// What a workload says of itself.
#[derive(Clone, Debug)]
pub(super) struct Told {
    id: HeaderValue,
    metadata: HeaderValue,
}

impl Told {
    /// What this workload says.
    pub(super) fn by(own: &Workload) -> Self {
        // Envoy's id of a node, whose parts nobody takes apart.
        let id = format!("sidecar~{}~{}.{}~{}.svc", own.instance, own.name, own.namespace, own.namespace);
        let invisible = |_| HeaderValue::from_static("sidecar");
        let metadata = STANDARD.encode(to_struct(own).encode_to_vec());
        let metadata = HeaderValue::try_from(metadata).unwrap_or(HeaderValue::from_static(""));
        Self { id: HeaderValue::try_from(id).unwrap_or_else(invisible), metadata }
    }

    /// Says it.
    pub(super) fn put(&self, headers: &mut HeaderMap) {
        headers.insert(ID, self.id.clone());
        headers.insert(METADATA, self.metadata.clone());
    }
}

/// Takes off what the other end says of itself: whether it says who it is, and its description.
pub(super) fn take(headers: &mut HeaderMap) -> (bool, Option<HeaderValue>) {
    // Few answers have them: that is seen sooner by a look at all names than by one for each of these.
    if !headers.keys().any(|name| name.as_str().starts_with(METADATA.as_str())) {
        return (false, None);
    }
    let id = headers.remove(ID);
    (id.is_some(), headers.remove(METADATA))
}

fn to_struct(own: &Workload) -> Struct {
    // Istio's sidecars do not look further than these two for the names of a service and its revision.
    let canonical = [
        ("service.istio.io/canonical-name", own.canonical_service()),
        ("service.istio.io/canonical-revision", own.canonical_revision()),
    ];
    let canonical = canonical.map(|(key, value)| (key.to_owned(), text(value)));
    let labels = own.labels.iter().map(|(key, value)| (key.clone(), text(value))).chain(canonical);
    let fields = [
        ("NAME", text(if own.instance.is_empty() { &own.name } else { &own.instance })),
        ("NAMESPACE", text(&own.namespace)),
        ("CLUSTER_ID", text(&own.cluster)),
        ("WORKLOAD_NAME", text(&own.name)),
        ("LABELS", Value { kind: Some(Kind::StructValue(Struct { fields: labels.collect() })) }),
    ];
    Struct { fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
}

fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.to_owned())) }
}

/// Reads a description; `None` when it is none.
pub(super) fn read(metadata: &[u8]) -> Option<Workload> {
    if metadata.len() > LONGEST {
        return None;
    }
    let bytes = STANDARD.decode(metadata).ok()?;
    let Struct { fields } = Struct::decode(&*bytes).ok()?;
    let text = |key: &str| match fields.get(key).and_then(|value| value.kind.as_ref()) {
        Some(Kind::StringValue(text)) => text.as_str().into(),
        _ => Box::default(),
    };
    let labels = match fields.get("LABELS").and_then(|value| value.kind.as_ref()) {
        Some(Kind::StructValue(labels)) => labels.fields.iter().filter_map(label).collect(),
        _ => mesh_core::model::Labels::new(),
    };
    let (name, namespace, cluster) = (text("WORKLOAD_NAME"), text("NAMESPACE"), text("CLUSTER_ID"));
    Some(Workload { name, namespace, cluster, instance: text("NAME"), labels })
}

fn label((key, value): (&String, &Value)) -> Option<(String, String)> {
    match &value.kind {
        Some(Kind::StringValue(text)) => Some((key.clone(), text.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood() {
        let labels =
            [("app", "product"), ("version", "v1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let own = Workload {
            name: "product-v1".into(),
            namespace: "shop".into(),
            cluster: "Kubernetes".into(),
            instance: "product-v1-1".into(),
            labels: labels.into(),
        };
        let mut headers = HeaderMap::new();
        Told::by(&own).put(&mut headers);
        let (has_id, metadata) = take(&mut headers);
        assert!(has_id && headers.is_empty());
        let mut understood = read(metadata.unwrap().as_bytes()).unwrap();
        let added = ["service.istio.io/canonical-name", "service.istio.io/canonical-revision"];
        assert_eq!(added.map(|label| understood.labels.remove(label).unwrap()), ["product", "v1"]);
        assert_eq!(understood, own);
    }

    #[test]
    fn what_is_no_description_tells_nothing() {
        for nonsense in ["", "not base64!", "AAAA", &"A".repeat(LONGEST + 1)] {
            assert_eq!(read(nonsense.as_bytes()).filter(|workload| *workload != Workload::default()), None);
        }
    }
}
