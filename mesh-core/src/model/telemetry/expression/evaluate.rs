//! What expressions say of a request. `None` is CEL's error: something is not known, or of another type than it must be.

use super::{
    node::{Comparison, Node, Operator, Place, Type},
    value::Value,
};
use crate::model::Attributes;
use std::time::Duration;

impl Node {
    pub(super) fn evaluate<'a>(&'a self, of: &Attributes<'a>) -> Option<Value<'a>> {
        match self {
            Self::Constant(constant) => Some(constant.value()),
            Self::Attribute(get) => get(of),
            Self::Element(parts) => {
                let [map, key] = both(parts, of)?;
                map.element(as_text(&key)?)
            }
            Self::IsKnown(node) => Some(Value::Bool(node.evaluate(of).is_some())),
            Self::Not(node) => node.truth(of).map(|is_true| Value::Bool(!is_true)),
            Self::Negative(node) => negative(&node.evaluate(of)?),
            Self::Both(parts) => either_way(parts, of, false),
            Self::Either(parts) => either_way(parts, of, true),
            Self::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                if condition.truth(of)? { yes } else { no }.evaluate(of)
            }
            Self::Compare(comparison, parts) => compare(*comparison, &both(parts, of)?),
            Self::Arithmetic(operator, parts) => arithmetic(*operator, both(parts, of)?),
            Self::Among(node, list) => among(&node.evaluate(of)?, list, of),
            Self::IsKey(parts) => {
                let [key, map] = both(parts, of)?;
                map.has(as_text(&key)?).map(Value::Bool)
            }
            Self::Within(place, parts) => {
                let [text, part] = both(parts, of)?;
                let (text, part) = (as_text(&text)?, as_text(&part)?);
                Some(Value::Bool(match place {
                    Place::Start => text.starts_with(part),
                    Place::End => text.ends_with(part),
                    Place::Anywhere => text.contains(part),
                }))
            }
            Self::Matches(node, pattern) => {
                let text = node.evaluate(of)?;
                Some(Value::Bool(pattern.is_match(as_text(&text)?)))
            }
            Self::Size(node) => node.evaluate(of)?.size(),
            Self::Convert(to, node) => convert(*to, node.evaluate(of)?),
            Self::Unknown => None,
        }
    }

    /// The value, if it is a boolean.
    fn truth(&self, of: &Attributes<'_>) -> Option<bool> {
        match self.evaluate(of)? {
            Value::Bool(is_true) => Some(is_true),
            _ => None,
        }
    }
}

fn both<'a>(parts: &'a [Node; 2], of: &Attributes<'a>) -> Option<[Value<'a>; 2]> {
    Some([parts[0].evaluate(of)?, parts[1].evaluate(of)?])
}

fn as_text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// `||` when `decides` is true, `&&` when it is false: one part that decides is enough, whether or not the other is known.
fn either_way<'a>(parts: &'a [Node; 2], of: &Attributes<'a>, decides: bool) -> Option<Value<'a>> {
    let first = parts[0].truth(of);
    if first == Some(decides) {
        return Some(Value::Bool(decides));
    }
    match parts[1].truth(of) {
        Some(second) if second == decides => Some(Value::Bool(decides)),
        second => first.and(second).map(Value::Bool),
    }
}

/// Values of different types are not equal, and no other comparison of them has a value.
fn compare<'a>(comparison: Comparison, [one, other]: &[Value<'_>; 2]) -> Option<Value<'a>> {
    let holds = match one.order(other) {
        Some(order) => comparison.holds(order),
        None => match comparison {
            Comparison::Equal => false,
            Comparison::Unequal => true,
            _ => return None,
        },
    };
    Some(Value::Bool(holds))
}

fn among<'a>(value: &Value<'_>, list: &'a [Node], of: &Attributes<'a>) -> Option<Value<'a>> {
    let mut is_known = true;
    for node in list {
        match node.evaluate(of) {
            Some(other) if value.order(&other).is_some_and(std::cmp::Ordering::is_eq) => {
                return Some(Value::Bool(true));
            }
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(Value::Bool(false))
}

fn negative<'a>(value: &Value<'_>) -> Option<Value<'a>> {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int),
        Value::Double(value) => Some(Value::Double(-value)),
        _ => None,
    }
}

/// Both of one type, as CEL has it: numbers of different types are not mixed, and what overflows has no value.
fn arithmetic<'a>(operator: Operator, values: [Value<'a>; 2]) -> Option<Value<'a>> {
    match values {
        [Value::Int(one), Value::Int(other)] => match operator {
            Operator::Add => one.checked_add(other),
            Operator::Subtract => one.checked_sub(other),
            Operator::Multiply => one.checked_mul(other),
            Operator::Divide => one.checked_div(other),
            Operator::Remainder => one.checked_rem(other),
        }
        .map(Value::Int),
        [Value::Uint(one), Value::Uint(other)] => match operator {
            Operator::Add => one.checked_add(other),
            Operator::Subtract => one.checked_sub(other),
            Operator::Multiply => one.checked_mul(other),
            Operator::Divide => one.checked_div(other),
            Operator::Remainder => one.checked_rem(other),
        }
        .map(Value::Uint),
        [Value::Double(one), Value::Double(other)] => Some(Value::Double(match operator {
            Operator::Add => one + other,
            Operator::Subtract => one - other,
            Operator::Multiply => one * other,
            Operator::Divide => one / other,
            Operator::Remainder => return None,
        })),
        [Value::Duration(one), Value::Duration(other)] => match operator {
            Operator::Add => one.checked_add(other),
            Operator::Subtract => one.checked_sub(other),
            _ => None,
        }
        .map(Value::Duration),
        [Value::Text(one), Value::Text(other)] => match operator {
            Operator::Add => Value::joined(one, &other),
            _ => None,
        },
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "CEL cuts off what is behind the point; the bounds are looked at before"
)]
fn convert(to: Type, value: Value<'_>) -> Option<Value<'_>> {
    match (to, value) {
        (Type::Text, value) => value.into_text().map(Value::Text),
        (Type::Int, Value::Text(text)) => text.parse().ok().map(Value::Int),
        (Type::Uint, Value::Text(text)) => text.parse().ok().map(Value::Uint),
        (Type::Double, Value::Text(text)) => text.parse().ok().map(Value::Double),
        (Type::Int, Value::Double(value)) => (value.abs() < 9.2e18).then_some(value as i64).map(Value::Int),
        (Type::Uint, Value::Double(value)) => {
            (0.0..1.8e19).contains(&value).then_some(value as u64).map(Value::Uint)
        }
        (Type::Int, value) => i64::try_from(value.integer()?).ok().map(Value::Int),
        (Type::Uint, value) => u64::try_from(value.integer()?).ok().map(Value::Uint),
        (Type::Double, value) => value.number().map(Value::Double),
    }
}

/// Reads a duration as CEL writes it: `1h30m`, `1.5s`, `100ms`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}
