//! Envoy's response flags.

use std::fmt;

/// What became of a request, in Envoy's short names; `Display` joins them by commas, and is `-` when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u32);

/// In the order in which Envoy writes them.
const NAMES: [&str; 25] = [
    "LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX",
    "SI", "IH", "DPE", "UMSDR", "NFCF", "DT", "UPE", "NC", "DF",
];

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);

    /// The flag of this name; none when Envoy knows no such flag, as with `-`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let found = NAMES.iter().position(|known| *known == name);
        found.map_or(Self::NONE, |number| Self(1 << number))
    }

    /// These and others.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `others` are among these.
    #[must_use]
    pub fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// These as one number.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-");
        }
        let set = NAMES.iter().enumerate().filter(|(number, _)| self.0 >> number & 1 == 1);
        for (place, (_, name)) in set.enumerate() {
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
        assert_eq!(both.to_string(), "UF,URX");
        assert!(both.contains(Flags::named("UF")) && !both.contains(Flags::named("UT")));
    }
}
