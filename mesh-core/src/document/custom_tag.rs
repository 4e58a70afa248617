//! Tags of spans, in Telemetry documents and in the MeshConfig.

use super::{
    node::Value,
    read::{At, Read},
};

/// Where the value of a tag comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CustomTag {
    /// Nowhere: nothing is written.
    #[default]
    Unset,
    /// `{literal: {value: …}}`
    Literal(String),
    /// `{environment: {name: …, defaultValue: …}}`
    Environment(TagSource),
    /// `{header: {name: …, defaultValue: …}}`
    Header(TagSource),
    /// `{formatter: {value: "%REQ(X)%"}}`
    Formatter(String),
}

/// Something of a name that has the value of a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagSource {
    /// Its name. Required.
    pub name: String,
    /// The value where it has none. Default: there is no tag then.
    pub default_value: String,
}

/// `{value: …}`
#[derive(Default)]
struct TagText {
    value: String,
}

impl Read for CustomTag {
    fn read(at: At<'_>) -> Option<Self> {
        // The name alone is something that Istio has a message for.
        if at.node.value == Value::Null {
            return Some(Self::Unset);
        }
        at.object(|f| {
            f.exclusive(&["literal", "environment", "header", "formatter"]);
            let read = [
                f.maybe("literal").map(|text: TagText| Self::Literal(text.value)),
                f.maybe("environment").map(Self::Environment),
                f.maybe("header").map(Self::Header),
                f.maybe("formatter").map(|text: TagText| Self::Formatter(text.value)),
            ];
            read.into_iter().flatten().next().unwrap_or_default()
        })
    }
}

impl Read for TagSource {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), default_value: f.take("defaultValue") })
    }
}

impl Read for TagText {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { value: f.take("value") })
    }
}
