//! Comparisons of a request with what a rule asks for.

use super::secret::shown;
use http::HeaderName;
use smol_str::SmolStr;
use std::fmt;

/// A regular expression in RE2's syntax that must match a whole text.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: Box<str>,
    regex: regex::Regex,
}

/// Why a text is no [`Pattern`]; `Display` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPattern(String);

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPattern {}

/// Longest pattern accepted, in characters; Istio's own bound.
const LONGEST: usize = 1024;
/// Most memory one compiled pattern may take, in bytes: repetitions of repetitions multiply.
const LARGEST: usize = 1 << 20;

impl Pattern {
    /// Compiles a pattern of at most 1024 characters.
    ///
    /// # Errors
    /// When it is empty, too long, no regular expression, or one that needs too much memory.
    pub fn parse(source: &str) -> Result<Self, InvalidPattern> {
        if source.is_empty() {
            return Err(InvalidPattern("regex string match should not be empty".into()));
        }
        if source.len() > LONGEST {
            return Err(InvalidPattern(format!("regex is too large, max length allowed is {LONGEST}")));
        }
        // Alone first: "a)(b" would close and reopen the group that anchors it.
        build(source)?;
        Ok(Self { source: source.into(), regex: build(&format!("^(?:{source})$"))? })
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

/// Compiles what is to be found anywhere in a text, within the bounds of a [`Pattern`].
pub(super) fn search(source: &str) -> Result<regex::Regex, InvalidPattern> {
    if source.len() > LONGEST {
        return Err(InvalidPattern(format!("regex is too large, max length allowed is {LONGEST}")));
    }
    build(source)
}

fn build(source: &str) -> Result<regex::Regex, InvalidPattern> {
    let mut builder = regex::RegexBuilder::new(source);
    builder.size_limit(LARGEST).dfa_size_limit(LARGEST).build().map_err(|error| {
        let reason = match &error {
            regex::Error::CompiledTooBig(_) => "it compiles to more than 1 MiB".to_owned(),
            other => {
                other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
        };
        InvalidPattern(format!("invalid regex: {reason}; Istio uses RE2 style regex-based match"))
    })
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

/// A comparison with a text.
///
/// Texts up to 23 bytes, as most are, lie here and not a step away in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Anything at all, as long as it is there.
    Present,
    /// Equal.
    Exact(SmolStr),
    /// Starts with.
    Prefix(SmolStr),
    /// The whole text matches.
    Regex(Pattern),
}

impl TextMatch {
    /// Whether a text that is there matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Exact(exact) => text == exact.as_str(),
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Regex(pattern) => pattern.matches(text),
        }
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("present"),
            Self::Exact(text) => write!(f, "exact {text:?}"),
            Self::Prefix(text) => write!(f, "prefix {text:?}"),
            Self::Regex(pattern) => write!(f, "regex {:?}", pattern.as_str()),
        }
    }
}

/// A comparison with the path of a request, without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMatch {
    /// What to compare with; [`TextMatch::Present`] is every path.
    pub text: TextMatch,
    /// Whether letter case is ignored; for exact and prefix only.
    pub ignore_case: bool,
}

impl PathMatch {
    /// Whether a path matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match (&self.text, self.ignore_case) {
            (TextMatch::Exact(exact), true) => path.eq_ignore_ascii_case(exact),
            (TextMatch::Prefix(prefix), true) => path
                .as_bytes()
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes())),
            (text, _) => text.matches(path),
        }
    }

    /// Whether every path matches.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        match &self.text {
            TextMatch::Present => true,
            TextMatch::Prefix(prefix) => prefix == "/" || prefix.is_empty(),
            TextMatch::Regex(pattern) => pattern.as_str() == ".*",
            TextMatch::Exact(_) => false,
        }
    }
}

/// A comparison with one header. Of a header sent several times, each value is compared for itself, and one
/// that matches is enough.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// The header.
    pub name: HeaderName,
    /// What its value must be.
    pub value: TextMatch,
}

/// No secret, as [`shown`] knows them by their name.
impl fmt::Debug for HeaderMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.name, shown(self.name.as_str(), &self.value))
    }
}

/// A comparison with one claim of a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimMatch {
    /// The names that lead to the claim, from the outermost.
    pub path: Vec<Box<str>>,
    /// What its value, or one of its values, must be.
    pub value: TextMatch,
}

impl ClaimMatch {
    /// The names that a key of a VirtualService leads by: `@request.auth.claims.group.name`, or
    /// `@request.auth.claims[group][name]` for names with a dot; `None` when it is no such key.
    #[must_use]
    pub fn path_of(key: &str) -> Option<Vec<Box<str>>> {
        let rest = key.strip_prefix("@request.auth.claims")?;
        let path: Vec<&str> = match rest.strip_prefix('.') {
            Some(names) => names.split('.').collect(),
            None => rest.strip_prefix('[')?.strip_suffix(']')?.split("][").collect(),
        };
        let is_name = |name: &&str| !name.is_empty() && !name.contains(['[', ']']);
        path.iter().all(is_name).then(|| path.into_iter().map(Into::into).collect())
    }
}

/// A comparison with one query parameter; of a repeated one the first value counts.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryMatch {
    /// The parameter, in its own letter case.
    pub name: Box<str>,
    /// What its value must be.
    pub value: TextMatch,
}

/// No secret, as [`shown`] knows them by their name.
impl fmt::Debug for QueryMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.name, shown(&self.name, &self.value))
    }
}
