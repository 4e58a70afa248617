//! The names of traces and spans.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
};

/// The name of a trace: 128 bits that are not all zero. `Display` writes them as 32 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(NonZeroU128);

/// The name of a span: 64 bits that are not all zero. `Display` writes them as 16 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(NonZeroU64);

impl TraceId {
    /// The trace of this number; `None` of 0, which names none.
    #[must_use]
    pub fn new(number: u128) -> Option<Self> {
        NonZeroU128::new(number).map(Self)
    }

    /// A new one. `roll` gives random numbers.
    #[must_use]
    pub fn random(mut roll: impl FnMut() -> u32) -> Self {
        let number = (0..4).fold(0, |number: u128, _| number << 32 | u128::from(roll()));
        Self(NonZeroU128::new(number).unwrap_or(NonZeroU128::MIN))
    }

    /// A new one whose upper 64 bits are 0, for systems that know no others. `roll` gives random numbers.
    #[must_use]
    pub fn random_short(roll: impl FnMut() -> u32) -> Self {
        Self(NonZeroU128::from(SpanId::random(roll).0))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u128 {
        self.0.get()
    }
}

impl SpanId {
    /// The span of this number; `None` of 0, which names none.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// A new one. `roll` gives random numbers.
    #[must_use]
    pub fn random(mut roll: impl FnMut() -> u32) -> Self {
        let number = u64::from(roll()) << 32 | u64::from(roll());
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
