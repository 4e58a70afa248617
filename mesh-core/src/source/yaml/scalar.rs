//! What a scalar means: YAML 1.2's core schema.

use super::Mistake;
use crate::document::Value;
use saphyr_parser::{ScalarStyle, Tag};

/// The value of a scalar; its tag, if it has one, over its style.
pub(super) fn resolve(
    line: usize,
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Value, Mistake> {
    let Some(tag) = tag else {
        let other = if style == ScalarStyle::Plain { of_plain(text) } else { None };
        return Ok(other.unwrap_or_else(|| Value::Text(text.into())));
    };
    if is_non_specific(tag) {
        return Ok(Value::Text(text.into()));
    }
    let value = match core_type(tag) {
        Some("str") => return Ok(Value::Text(text.into())),
        Some("null") => of_plain(text).filter(|value| *value == Value::Null),
        Some("bool") => of_plain(text).filter(|value| matches!(value, Value::Bool(_))),
        Some("int") => of_plain(text).filter(|value| matches!(value, Value::Int(_))),
        Some("float") => float(text).map(Value::Float),
        _ => return Err(unknown_tag(line, tag)),
    };
    value.ok_or_else(|| Mistake::new(line, format!("what is written here is no !!{}", tag.suffix)))
}

/// Whether a tag suits a collection of the core type `name`.
pub(super) fn check_collection(line: usize, tag: Option<&Tag>, name: &str) -> Result<(), Mistake> {
    match tag {
        Some(tag) if !is_non_specific(tag) && core_type(tag) != Some(name) => Err(unknown_tag(line, tag)),
        _ => Ok(()),
    }
}

/// `!` alone: "as the style says", which for a scalar is text.
fn is_non_specific(tag: &Tag) -> bool {
    tag.suffix.is_empty() || (tag.handle.is_empty() && tag.suffix == "!")
}

fn core_type(tag: &Tag) -> Option<&str> {
    if tag.is_yaml_core_schema() {
        return Some(&tag.suffix);
    }
    tag.suffix.strip_prefix("tag:yaml.org,2002:")
}

fn unknown_tag(line: usize, tag: &Tag) -> Mistake {
    let name = core_type(tag).map_or_else(|| tag.to_string(), |name| format!("!!{name}"));
    Mistake::new(line, format!("the tag {} means nothing here", name.escape_debug())).with_remedy("remove it")
}

/// The value of a scalar without quotes; `None` when it is text, as `yes`, `no`, `on` and `off` are.
fn of_plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    // Most scalars are words: one look at the first byte spares them the rest.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    integer(text).or_else(|| float(text).map(Value::Float))
}

/// A whole number in decimal, or in octal or hexadecimal after `0o` and `0x`; as a float where 64 bits do not hold it.
fn integer(text: &str) -> Option<Value> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits: Vec<_> = digits.chars().map(|digit| digit.to_digit(radix)).collect::<Option<_>>()?;
            let large = digits.iter().fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(*digit));
            let exact = digits
                .iter()
                .try_fold(0_i64, |sum, digit| sum.checked_mul(radix.into())?.checked_add(i64::from(*digit)));
            return (!digits.is_empty()).then(|| exact.map_or(Value::Float(large), Value::Int));
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok().map(Value::Int)).flatten()
}

/// A number with a fraction or an exponent, an infinity, or no number at all.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => return Some(f64::NAN),
        _ => {}
    }
    // The standard library takes `inf` and `nan` for numbers, and YAML does not.
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, value) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("-12", Value::Int(-12)),
            ("+7", Value::Int(7)),
            ("0x1F", Value::Int(31)),
            ("0o17", Value::Int(15)),
            ("010", Value::Int(10)),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("-1.5e3", Value::Float(-1500.0)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            ("100000000000000000000", Value::Float(1e20)),
            ("0x10000000000000000", Value::Float(18_446_744_073_709_551_616.0)),
        ] {
            assert_eq!(of_plain(text), Some(value), "{text}");
        }
        assert!(matches!(of_plain(".nan"), Some(Value::Float(number)) if number.is_nan()));
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        let words = [
            "yes", "no", "on", "off", "nan", "inf", "1.2.3", "1e", "0x", "0xg", "0o8", "+-5", "-", ".",
            "1_000",
        ];
        for text in words.into_iter().chain(["10.0.0.1", "3s", "1:30", "+.", "e5", "-inf", "tRUE", "- 1"]) {
            assert_eq!(of_plain(text), None, "{text}");
        }
    }
}
