//! Texts with a wildcard at one end.

use std::fmt;

/// A comparison with a text: equal, or alike at one end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Glob {
    /// `*`: anything but nothing.
    Present,
    /// `abc`: this.
    Exact(Box<str>),
    /// `abc*`: what begins with this. Never empty.
    Prefix(Box<str>),
    /// `*abc`: what ends in this. Never empty.
    Suffix(Box<str>),
}

/// Why a text is no [`Glob`]; `Display` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidGlob {
    /// Nothing is written.
    Empty,
    /// There are several wildcards.
    Several,
    /// The wildcard is neither the first letter nor the last.
    Middle,
}

impl fmt::Display for InvalidGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty value not allowed",
            Self::Several => "at most one wildcard is allowed",
            Self::Middle => "wildcard is only allowed at the start or end",
        })
    }
}

impl std::error::Error for InvalidGlob {}

impl Glob {
    /// Reads one.
    ///
    /// # Errors
    /// When it is empty, or has a wildcard where none may be.
    pub fn parse(text: &str) -> Result<Self, InvalidGlob> {
        if text.is_empty() {
            return Err(InvalidGlob::Empty);
        }
        if text == "*" {
            return Ok(Self::Present);
        }
        let glob = match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(suffix), None) => Self::Suffix(suffix.into()),
            (None, Some(prefix)) => Self::Prefix(prefix.into()),
            (None, None) => Self::Exact(text.into()),
            (Some(_), Some(_)) => return Err(InvalidGlob::Several),
        };
        match text.matches('*').count() {
            0 => Ok(glob),
            1 if !matches!(glob, Self::Exact(_)) => Ok(glob),
            1 => Err(InvalidGlob::Middle),
            _ => Err(InvalidGlob::Several),
        }
    }

    /// Whether a text is one of those meant.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Present => !text.is_empty(),
            Self::Exact(exact) => text == exact.as_bytes(),
            Self::Prefix(prefix) => text.starts_with(prefix.as_bytes()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_bytes()),
        }
    }

    /// The same with its letters in lower case, for texts of which the case does not matter.
    #[must_use]
    pub fn to_lower_case(&self) -> Self {
        let lower = |text: &str| text.to_ascii_lowercase().into();
        match self {
            Self::Present => Self::Present,
            Self::Exact(text) => Self::Exact(lower(text)),
            Self::Prefix(text) => Self::Prefix(lower(text)),
            Self::Suffix(text) => Self::Suffix(lower(text)),
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("*"),
            Self::Exact(text) => f.write_str(text),
            Self::Prefix(text) => write!(f, "{text}*"),
            Self::Suffix(text) => write!(f, "*{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_at_one_end() {
        for (text, is, is_not) in [
            ("a", &["a"][..], &["", "A", "ab"][..]),
            ("a*", &["a", "ab"], &["", "ba"]),
            ("*a", &["a", "ba"], &["", "ab"]),
            ("*", &["a"], &[""]),
        ] {
            let glob = Glob::parse(text).unwrap();
            assert_eq!(glob.to_string(), text);
            assert!(is.iter().all(|other| glob.matches(other.as_bytes())), "{text}");
            assert!(!is_not.iter().any(|other| glob.matches(other.as_bytes())), "{text}");
        }
        for (text, reason) in [
            ("", InvalidGlob::Empty),
            ("**", InvalidGlob::Several),
            ("*a*", InvalidGlob::Several),
            ("a*b*", InvalidGlob::Several),
            ("a*b", InvalidGlob::Middle),
        ] {
            assert_eq!(Glob::parse(text), Err(reason), "{text}");
        }
    }
}
