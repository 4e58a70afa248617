//! What is traced of the requests of a workload.

use crate::{
    model::{
        CustomTag, MeshTelemetry, Share, Side, TelemetryProvider, TelemetryProviderKind, TelemetryRule,
        TracingRule,
    },
    table::Viewpoint,
};
use http::HeaderName;
use std::{collections::BTreeMap, sync::Arc};

/// What is traced at one end of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracing {
    /// Who gets spans; nobody when `None`, and then none are made.
    pub provider: Option<Arc<TelemetryProvider>>,
    /// Whether nobody is to get any, whoever would elsewhere. Default: no.
    pub is_hidden: bool,
    /// The share of traces that are kept, of those that begin here. Default: 1 %.
    pub sampling: Share,
    /// Whether what is kept is decided by `x-request-id`, so that every workload decides alike. Default: it is.
    pub samples_by_request_id: bool,
    /// Whether spans have Istio's own tags. Default: they have.
    pub has_istio_tags: bool,
    /// Whether whoever is called learns the context of the trace. Default: they do.
    pub passes_context: bool,
    /// The tags of spans besides the usual ones, in the order of their names.
    pub tags: Box<[Tag]>,
    /// How long tags may be, in bytes. Default: 256.
    pub longest_tag: u32,
}

/// A tag of spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: Arc<str>,
    /// Where its value comes from.
    pub value: TagValue,
}

/// Where the value of a tag comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagValue {
    /// This value.
    Text(Arc<str>),
    /// A header of the request.
    Header {
        /// Its name.
        name: HeaderName,
        /// The value where the request has none; there is no tag then when `None`.
        default: Option<Arc<str>>,
    },
    /// A text in which command operators, such as `%REQ(X)%`, stand for what they mean in access logs.
    Formatted(Arc<str>),
}

impl Tracing {
    pub(super) fn of(
        mesh: &MeshTelemetry,
        rules: &[&TelemetryRule],
        side: Side,
        viewpoint: &Viewpoint,
    ) -> Self {
        let said: Vec<&TracingRule> = rules.iter().flat_map(|rule| &rule.tracing).collect();
        // What is said of the other side alone makes nobody look at the mesh's older way to name who gets spans.
        let is_silent = said.is_empty() && mesh.tracing.is_empty();
        let here: Vec<_> = said.into_iter().rev().filter(|said| said.sides.has(side)).collect();
        let provider = match is_silent {
            true => mesh.tracer.clone(),
            false => {
                let named = here.iter().find_map(|said| said.providers.first()).or(mesh.tracing.first());
                named.and_then(|name| mesh.provider(name)).cloned()
            }
        };
        let is_hidden = here.iter().find_map(|said| said.hides_spans).unwrap_or(false);
        let tags = here.iter().find_map(|said| said.tags.as_ref()).filter(|tags| !tags.is_empty());
        let longest = provider.as_ref().and_then(|provider| longest_tag(&provider.kind));
        Self {
            provider: provider.filter(|provider| !is_hidden && takes_spans(&provider.kind)),
            is_hidden,
            sampling: here.iter().find_map(|said| said.sampling).unwrap_or(mesh.sampling),
            samples_by_request_id: here.iter().find_map(|said| said.samples_by_request_id).unwrap_or(true),
            has_istio_tags: here.iter().find_map(|said| said.has_istio_tags).unwrap_or(true),
            passes_context: !here.iter().find_map(|said| said.hides_context).unwrap_or(false),
            tags: tags_of(tags.unwrap_or(&mesh.tags), viewpoint),
            longest_tag: longest.unwrap_or(mesh.longest_tag),
        }
    }
}

impl Default for Tracing {
    /// Nobody gets spans, and traces go on.
    fn default() -> Self {
        Self {
            provider: None,
            is_hidden: false,
            sampling: MeshTelemetry::SAMPLING,
            samples_by_request_id: true,
            has_istio_tags: true,
            passes_context: true,
            tags: [].into(),
            longest_tag: MeshTelemetry::LONGEST_TAG,
        }
    }
}

fn takes_spans(kind: &TelemetryProviderKind) -> bool {
    matches!(kind, TelemetryProviderKind::OpenTelemetryTraces(_) | TelemetryProviderKind::Zipkin(_))
}

fn longest_tag(kind: &TelemetryProviderKind) -> Option<u32> {
    match kind {
        TelemetryProviderKind::OpenTelemetryTraces(collector) => collector.longest_tag,
        TelemetryProviderKind::Zipkin(collector) => collector.longest_tag,
        _ => None,
    }
}

fn tags_of(written: &BTreeMap<Arc<str>, CustomTag>, viewpoint: &Viewpoint) -> Box<[Tag]> {
    let tag = |(name, tag): (&Arc<str>, &CustomTag)| {
        Some(Tag { name: Arc::clone(name), value: value_of(tag, viewpoint)? })
    };
    written.iter().filter_map(tag).collect()
}

fn value_of(tag: &CustomTag, viewpoint: &Viewpoint) -> Option<TagValue> {
    Some(match tag {
        CustomTag::Literal(text) => TagValue::Text(Arc::clone(text)),
        CustomTag::Environment { name, default } => {
            let value = viewpoint.environment.get(&**name).map(|value| value.as_str().into());
            TagValue::Text(value.or_else(|| default.clone())?)
        }
        CustomTag::Header { name, default } => {
            TagValue::Header { name: name.clone(), default: default.clone() }
        }
        CustomTag::Formatted(text) => TagValue::Formatted(Arc::clone(text)),
    })
}
