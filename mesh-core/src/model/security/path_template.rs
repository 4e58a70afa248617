//! Paths of which some segments may be anything.

use super::glob::{Glob, InvalidGlob};
use std::fmt;

/// Any one segment.
const ONE: &str = "{*}";
/// Any number of segments.
const ANY: &str = "{**}";

/// A comparison with a path: with a wildcard at one end, or with segments that may be anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathGlob {
    /// A text, perhaps with a wildcard.
    Glob(Glob),
    /// A template.
    Template(PathTemplate),
}

/// A path in which `{*}` is any one segment, and `{**}`, the last of these, anything at all, nothing included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathTemplate {
    source: Box<str>,
    /// What is before `{**}`, or all of it: texts with one segment between each two.
    head: Vec<Box<str>>,
    /// What is after `{**}`, if that is there.
    tail: Option<Box<str>>,
}

/// Why a text is no [`PathGlob`]; `Display` says it as Istio does, after the path and the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidPathTemplate {
    /// Something that may be anything follows `{**}`.
    NotLast,
    /// A brace is not part of `{*}` or `{**}`.
    Brace,
    /// A segment has characters that no path has.
    Literal(Box<str>),
    /// A wildcard is where none may be.
    Glob(InvalidGlob),
}

impl fmt::Display for InvalidPathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLast => f.write_str("{**} is not the last operator"),
            Self::Brace => f.write_str("Contains '{' or '}' beyond a supported path template"),
            Self::Literal(segment) => write!(f, "Contains segment {segment} with invalid string literal"),
            Self::Glob(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for InvalidPathTemplate {}

impl PathGlob {
    /// Reads one.
    ///
    /// # Errors
    /// When it has braces or wildcards where none may be, or is empty.
    pub fn parse(text: &str) -> Result<Self, InvalidPathTemplate> {
        let is_template = text.contains(ONE) || text.contains(ANY);
        let mut is_last = false;
        for segment in text.trim_matches('/').split('/') {
            match segment {
                ONE | ANY if is_last => return Err(InvalidPathTemplate::NotLast),
                ONE => {}
                ANY => is_last = true,
                other if other.contains(['{', '}']) => return Err(InvalidPathTemplate::Brace),
                other if is_template && !is_literal(other) => {
                    return Err(InvalidPathTemplate::Literal(other.into()));
                }
                _ => {}
            }
        }
        if is_template {
            return Ok(Self::Template(PathTemplate::of(text)));
        }
        Glob::parse(text).map(Self::Glob).map_err(InvalidPathTemplate::Glob)
    }

    /// Whether a path is one of those meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.matches(path.as_bytes()),
            Self::Template(template) => template.matches(path),
        }
    }
}

impl fmt::Display for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(glob) => glob.fmt(f),
            Self::Template(template) => f.write_str(&template.source),
        }
    }
}

impl PathTemplate {
    /// `text` has been looked at.
    fn of(text: &str) -> Self {
        let (head, tail) = match text.split_once(ANY) {
            Some((head, tail)) => (head, Some(tail.into())),
            None => (text, None),
        };
        Self { source: text.into(), head: head.split(ONE).map(Into::into).collect(), tail }
    }

    /// Whether a path is one of those meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut rest = path;
        for (index, text) in self.head.iter().enumerate() {
            if index > 0 {
                // A segment that may be anything is no empty one.
                let end = rest.find('/').unwrap_or(rest.len());
                if end == 0 {
                    return false;
                }
                rest = &rest[end..];
            }
            let Some(after) = rest.strip_prefix(&**text) else { return false };
            rest = after;
        }
        match &self.tail {
            None => rest.is_empty(),
            Some(tail) => rest.ends_with(&**tail),
        }
    }

    /// The last segment that every path that is meant has at one place: its place, counted from 0 with what is before the
    /// first slash, and the segment.
    #[must_use]
    pub fn segment(&self) -> Option<(usize, &str)> {
        let fixed = self.source.split('/').enumerate().take_while(|(_, segment)| *segment != ANY);
        fixed.filter(|(_, segment)| *segment != ONE && !segment.is_empty()).last()
    }

    /// What every path that is meant ends in.
    #[must_use]
    pub fn ending(&self) -> &str {
        self.tail.as_ref().or(self.head.last()).map(|text| &**text).unwrap_or_default()
    }

    /// What every path that is meant begins with.
    #[must_use]
    pub fn beginning(&self) -> &str {
        self.head.first().map(|text| &**text).unwrap_or_default()
    }
}

/// Whether this is a segment of a path, and not an empty one.
fn is_literal(segment: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()+,;:@=".contains(&byte);
    !segment.is_empty() && segment.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_may_be_anything() {
        for (template, is, is_not) in [
            ("/foo/{*}", &["/foo/a"][..], &["/foo", "/foo/", "/foo/a/b", "/foo/a/", "/bar/a"][..]),
            ("/foo/{*}/bar/{**}", &["/foo/a/bar/", "/foo/a/bar/b/c"], &["/foo/a/bar", "/foo//bar/b"]),
            ("/store/{**}/cart", &["/store/a/cart", "/store//cart"], &["/store/cart", "/store/a/cart/b"]),
            ("/{*}/{*}", &["/a/b"], &["/a", "/a/", "/a/b/c"]),
            ("/{**}", &["/", "/a", "/a/b/"], &["a"]),
        ] {
            let parsed = PathGlob::parse(template).unwrap();
            assert_eq!(parsed.to_string(), template);
            assert!(is.iter().all(|path| parsed.matches(path)), "{template}");
            assert!(!is_not.iter().any(|path| parsed.matches(path)), "{template}");
            let PathGlob::Template(parsed) = parsed else { panic!("{template}") };
            let has = |path: &str, (place, segment)| path.split('/').nth(place) == Some(segment);
            assert!(
                is.iter().all(|path| parsed.segment().is_none_or(|fixed| has(path, fixed))),
                "{template}"
            );
        }
    }

    #[test]
    fn the_last_that_may_be_anything_is_the_longest() {
        for (text, expected) in [
            ("/{**}/{*}", InvalidPathTemplate::NotLast),
            ("/{**}/a/{**}", InvalidPathTemplate::NotLast),
            ("/{*}/{name}", InvalidPathTemplate::Brace),
            ("/a/{*}b", InvalidPathTemplate::Brace),
            ("/{a=*}", InvalidPathTemplate::Brace),
            ("/{*}/a*", InvalidPathTemplate::Literal("a*".into())),
            ("/{*}//a", InvalidPathTemplate::Literal("".into())),
            ("/a/*/b", InvalidPathTemplate::Glob(InvalidGlob::Middle)),
        ] {
            assert_eq!(PathGlob::parse(text), Err(expected), "{text}");
        }
    }
}
