//! Envoy's response flags.

use std::fmt;

/// What became of a request, in Envoy's short names, in the order in which it became so; `Display` joins them by commas,
/// and is `-` when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    bits: u32,
    /// The first four, a byte each from the lowest on: one more than the place among the names.
    order: u32,
}

/// In the order of Envoy's bits.
const NAMES: [&str; 29] = [
    "LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX",
    "SI", "IH", "DPE", "UMSDR", "RFCF", "NFCF", "DT", "UPE", "NC", "OM", "DF", "DO", "DR",
];

impl Flags {
    /// None.
    pub const NONE: Self = Self { bits: 0, order: 0 };

    /// The flag of this name; none when Envoy knows no such flag, as with `-`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let found = (0..).zip(NAMES).find(|(_, known)| *known == name);
        found.map_or(Self::NONE, |(number, _)| Self { bits: 1 << number, order: number + 1 })
    }

    /// These, and then others.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        let mut all = self;
        for place in others.order.to_le_bytes().into_iter().filter(|place| *place > 0) {
            let bit = 1 << (place - 1);
            // Zeros are above those that are there.
            let free = all.order.to_le_bytes().iter().position(|taken| *taken == 0);
            if let Some(free) = free.filter(|_| all.bits & bit == 0) {
                all.order |= u32::from(place) << (8 * free);
            }
            all.bits |= bit;
        }
        all
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Whether all of `others` are among these.
    #[must_use]
    pub fn contains(self, others: Self) -> bool {
        self.bits & others.bits == others.bits
    }

    /// These as one number: Envoy's bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.bits
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let places = self.order.to_le_bytes().into_iter();
        places.filter_map(|place| NAMES.get(usize::from(place).checked_sub(1)?).copied())
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-");
        }
        for (place, name) in self.names().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_envoy_writes_them() {
        assert_eq!(Flags::NONE.to_string(), "-");
        assert_eq!(Flags::named("-"), Flags::NONE);
        let both = Flags::named("URX").with(Flags::named("UF"));
        assert_eq!(both.to_string(), "URX,UF");
        assert_eq!(both.with(Flags::named("URX")).with(Flags::named("DC")).to_string(), "URX,UF,DC");
        assert!(both.contains(Flags::named("UF")) && !both.contains(Flags::named("UT")));
    }
}
