//! Small values that several kinds share.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    fault::Severity,
    node::Value,
    read::{At, Read},
};

/// `{value: 12.5}`: hundredths, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percent(pub f64);

/// `{number: 80}`; `name` belonged to the oldest dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortSelector {
    /// The port. Required.
    pub number: u32,
}

/// Something that is accepted, but not acted upon yet; says so in a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Later;

/// Bytes written in base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Read for Percent {
    fn read(at: At<'_>) -> Option<Self> {
        at.mapping_of("value")?;
        at.object(|f| Self(f.maybe::<Number>("value").map_or(0.0, |number| number.0)))
    }
}

/// A number that may have a fraction.
struct Number(f64);

impl Read for Number {
    fn read(at: At<'_>) -> Option<Self> {
        let number = match &at.node.value {
            #[expect(clippy::cast_precision_loss, reason = "a share in hundredths needs no 53 bits")]
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite()).map(Self);
        if number.is_none() {
            at.expected("a number");
        }
        number
    }
}

impl Read for PortSelector {
    fn read(at: At<'_>) -> Option<Self> {
        at.mapping_of("number")?;
        at.object(|f| Self { number: f.take("number") })
    }
}

impl Read for Later {
    fn read(at: At<'_>) -> Option<Self> {
        let reason = "is accepted, but has no effect yet".to_owned();
        at.report.add(Severity::Warning, at.node.line, at.path, reason, None);
        Some(Self)
    }
}

impl Read for Base64 {
    fn read(at: At<'_>) -> Option<Self> {
        let Some(bytes) = at.node.as_text().and_then(|text| STANDARD.decode(text).ok()) else {
            at.expected("base64");
            return None;
        };
        Some(Self(bytes))
    }
}
