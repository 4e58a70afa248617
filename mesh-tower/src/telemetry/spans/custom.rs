//! Tags that documents ask for.

use super::tags::Tags;
use crate::{
    event::Exchange,
    telemetry::access_log::{Format, evaluate},
};
use http::HeaderName;
use mesh_core::table::{Tag, TagValue};
use std::{borrow::Cow, sync::Arc};

/// A tag that documents ask for, made ready.
pub(super) struct Custom {
    name: Arc<str>,
    value: Value,
}

enum Value {
    Text(Arc<str>),
    Header { name: HeaderName, default: Option<Arc<str>> },
    Formatted(Format),
}

impl Custom {
    /// `None` when its text cannot be understood, which is told to whoever reads the log.
    pub(super) fn of(tag: &Tag) -> Option<Self> {
        let value = match &tag.value {
            TagValue::Text(text) => Value::Text(Arc::clone(text)),
            TagValue::Header { name, default } => {
                Value::Header { name: name.clone(), default: default.clone() }
            }
            TagValue::Formatted(text) => match Format::parse_text(text) {
                Ok(format) => Value::Formatted(format),
                Err(invalid) => {
                    tracing::warn!(tag = %tag.name, "spans have no such tag, its format cannot be used: {invalid}");
                    return None;
                }
            },
        };
        Some(Self { name: Arc::clone(&tag.name), value })
    }

    /// Adds it, in place of one of the same name. What gives no value is not there.
    pub(super) fn put(&self, tags: &mut Tags, exchange: &mut Exchange) {
        let value = match &self.value {
            Value::Text(text) => Some(text.to_string()),
            Value::Header { name, default } => {
                let heads = exchange.kept.heads.as_deref();
                let header = heads.and_then(|heads| heads.headers.get(name)?.to_str().ok());
                header.or(default.as_deref()).map(str::to_owned)
            }
            Value::Formatted(format) => evaluate(exchange, format).filter(|text| !text.is_empty()),
        };
        let Some(value) = value else { return };
        tags.retain(|(name, _)| **name != *self.name);
        tags.push((Cow::Owned(self.name.to_string()), value));
    }
}
