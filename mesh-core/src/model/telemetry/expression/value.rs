//! The values of expressions.

use crate::model::Labels;
use http::HeaderMap;
use std::{borrow::Cow, cmp::Ordering, time::Duration};

/// The most bytes that a text has which an expression puts together: it may name a long header many times.
const LONGEST: usize = 8 << 10;

/// A value, borrowed where it can be.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'a, str>),
    Duration(Duration),
    Headers(&'a HeaderMap),
    Labels(&'a Labels),
}

impl<'a> Value<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A number of bytes, say: CEL's integers have a sign.
    pub(super) fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The value as a text; a map has none.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Null => "null".into(),
            Self::Bool(value) => if value { "true" } else { "false" }.into(),
            Self::Int(value) => value.to_string().into(),
            Self::Uint(value) => value.to_string().into(),
            Self::Double(value) => value.to_string().into(),
            Self::Text(text) => text,
            Self::Duration(duration) => format!("{}s", duration.as_secs_f64()).into(),
            Self::Headers(_) | Self::Labels(_) => return None,
        })
    }

    /// How it compares with another; `None` for values of different types, or that have no order.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Duration(one), Self::Duration(other)) => Some(one.cmp(other)),
            _ => match (self.integer(), other.integer()) {
                (Some(one), Some(other)) => Some(one.cmp(&other)),
                _ => self.number()?.partial_cmp(&other.number()?),
            },
        }
    }

    /// The element of a map that has a key; several lines of a header are one, as in Envoy.
    pub(super) fn element(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Headers(headers) => {
                let mut lines = headers.get_all(key).iter().map(|line| line.to_str().ok());
                let (first, second) = (lines.next()??, lines.next());
                let Some(second) = second else { return Some(Self::text(first)) };
                let mut joined = first.to_owned();
                for line in std::iter::once(second).chain(lines) {
                    joined.push(',');
                    joined.push_str(line?);
                }
                Some(Self::Text(joined.into()))
            }
            Self::Labels(labels) => labels.get(key).map(|label| Self::text(label)),
            _ => None,
        }
    }

    /// Whether a map has a key; `None` when it is no map.
    pub(super) fn has(&self, key: &str) -> Option<bool> {
        match self {
            Self::Headers(headers) => Some(headers.contains_key(key)),
            Self::Labels(labels) => Some(labels.contains_key(key)),
            _ => None,
        }
    }

    /// How many characters or elements it has.
    pub(super) fn size(&self) -> Option<Value<'a>> {
        let size = match self {
            Self::Text(text) => text.chars().count(),
            Self::Headers(headers) => headers.keys_len(),
            Self::Labels(labels) => labels.len(),
            _ => return None,
        };
        i64::try_from(size).ok().map(Self::Int)
    }

    /// A text and another; `None` when they are too long together.
    pub(super) fn joined(one: Cow<'a, str>, other: &str) -> Option<Self> {
        if one.len().saturating_add(other.len()) > LONGEST {
            return None;
        }
        let mut joined = one.into_owned();
        joined.push_str(other);
        Some(Self::Text(joined.into()))
    }

    pub(super) fn integer(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some((*value).into()),
            Self::Uint(value) => Some((*value).into()),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "so does CEL, where a number is not whole")]
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Uint(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }
}
