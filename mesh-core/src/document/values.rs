//! Small values that several kinds share.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use super::read::{At, Read};

/// `{value: 12.5}`: hundredths, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percent(pub f64);

/// `{number: 80}`; `name` belonged to the oldest dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortSelector {
    /// The port. Required.
    pub number: u32,
}

/// Bytes written in base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Read for Percent {
    fn read(at: At<'_>) -> Option<Self> {
        at.mapping_of("value")?;
        at.object(|f| Self(f.take("value")))
    }
}

impl Read for PortSelector {
    fn read(at: At<'_>) -> Option<Self> {
        at.mapping_of("number")?;
        at.object(|f| Self { number: f.take("number") })
    }
}

/// Base64 as Go reads it: with its padding, and whatever is in the bits after the last byte.
const GO: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

impl Read for Base64 {
    fn read(at: At<'_>) -> Option<Self> {
        let Some(bytes) = at.node.as_text().and_then(|text| GO.decode(text).ok()) else {
            at.expected("base64");
            return None;
        };
        Some(Self(bytes))
    }
}
