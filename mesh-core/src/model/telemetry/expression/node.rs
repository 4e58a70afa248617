//! The parts of an expression.

use super::{attribute::Get, value::Value};
use std::{cmp::Ordering, time::Duration};

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A value that is written.
    Constant(Constant),
    /// A fact about the request.
    Attribute(Get),
    /// An element of a map, by its key.
    Element(Box<[Node; 2]>),
    /// Whether something has a value.
    IsKnown(Box<Node>),
    /// `!`
    Not(Box<Node>),
    /// `-`
    Negative(Box<Node>),
    /// `&&`
    Both(Box<[Node; 2]>),
    /// `||`
    Either(Box<[Node; 2]>),
    /// `? :`
    Choice(Box<[Node; 3]>),
    /// `==`, `<` and so on.
    Compare(Comparison, Box<[Node; 2]>),
    /// `+`, `-` and so on.
    Arithmetic(Operator, Box<[Node; 2]>),
    /// `in` a list that is written.
    Among(Box<Node>, Box<[Node]>),
    /// `in` a map.
    IsKey(Box<[Node; 2]>),
    /// A text within another.
    Within(Place, Box<[Node; 2]>),
    /// A text that a regular expression finds something in.
    Matches(Box<Node>, regex::Regex),
    /// How long a text is, in characters, or how many elements a map has.
    Size(Box<Node>),
    /// Another type of a value.
    Convert(Type, Box<Node>),
    /// What is not known here: it has no value.
    Unknown,
}

/// A value that is written.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Box<str>),
    Duration(Duration),
}

/// A comparison of two values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// An operation with two values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Where in a text another is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Start,
    End,
    Anywhere,
}

/// The type that a value is turned into.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Text,
    Int,
    Uint,
    Double,
}

impl Constant {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::Double(value) => Value::Double(*value),
            Self::Text(value) => Value::Text((&**value).into()),
            Self::Duration(value) => Value::Duration(*value),
        }
    }
}

impl Comparison {
    /// Whether values of this order are what is asked for; those without an order are only unequal.
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}
