//! Expressions about requests, in Google's Common Expression Language, as Envoy evaluates them.
//!
//! The grammar is that of the crate `cel`; what it makes of a text is turned once into a tree of ours, in which every
//! attribute is an accessor and every regular expression is compiled. Evaluating visits each part of it at most once, has
//! no loops, and borrows what it can.

mod attribute;
mod evaluate;
mod grammar;
mod node;
mod value;

use super::Attributes;
use node::Node;
use std::{borrow::Cow, fmt};
use value::Value;

/// An expression about a request: `response.code >= 400 && request.url_path.startsWith('/api')`.
///
/// Known are Envoy's attributes in [`Attributes`], literals, `!`, `-`, `&&`, `||`, `? :`, comparisons, arithmetic, `in`,
/// `has`, `[]`, and the functions `contains`, `startsWith`, `endsWith`, `matches`, `size`, `string`, `int`, `uint`,
/// `double` and `duration`. What is not known has no value, as in Envoy: see [`Expression::unknown`].
#[derive(Clone, Debug)]
pub struct Expression {
    source: Box<str>,
    root: Node,
    unknown: Vec<Box<str>>,
}

/// Why a text is no [`Expression`]; `Display` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidExpression(String);

impl Expression {
    /// The longest one, in bytes.
    pub const LONGEST: usize = 1024;

    /// Reads an expression of at most [`Expression::LONGEST`] bytes.
    ///
    /// # Errors
    /// When it is empty, too long, nested too deeply, or no expression, or has a regular expression that is none.
    pub fn parse(source: &str) -> Result<Self, InvalidExpression> {
        if source.trim().is_empty() {
            return Err(InvalidExpression("must be a valid CEL expression, it is empty".into()));
        }
        if source.len() > Self::LONGEST {
            let reason = format!("is too long: at most {} bytes are allowed", Self::LONGEST);
            return Err(InvalidExpression(reason));
        }
        let (root, unknown) = grammar::read(source)?;
        Ok(Self { source: source.into(), root, unknown })
    }

    /// The expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// What of it is not known here, as it is written; whatever depends on it has no value.
    #[must_use]
    pub fn unknown(&self) -> &[Box<str>] {
        &self.unknown
    }

    /// Whether it is true of a request. An expression without a value is not, nor is one whose value is no boolean.
    #[must_use]
    pub fn is_true(&self, attributes: &Attributes<'_>) -> bool {
        matches!(self.root.evaluate(attributes), Some(Value::Bool(true)))
    }

    /// Its value as a text, for a tag; `None` when it has none, for which Istio writes `unknown`.
    ///
    /// Texts of a request, and of the expression itself, are borrowed.
    #[must_use]
    pub fn text<'a>(&'a self, attributes: &Attributes<'a>) -> Option<Cow<'a, str>> {
        self.root.evaluate(attributes)?.into_text()
    }
}

/// What follows from the text is equal when the text is.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expression {}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Display for InvalidExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidExpression {}
