//! How the plain types are read: text, numbers, durations, lists and maps.

use super::{
    node::{Entry, Value},
    read::{At, Read},
};
use std::{collections::BTreeMap, time::Duration};

impl Read for String {
    fn read(at: At<'_>) -> Option<Self> {
        match &at.node.value {
            Value::Text(text) => Some(text.to_string()),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                at.refuse_with(format!("expected text, found {}", at.node.describe()), "put it in quotes");
                None
            }
            _ => {
                at.expected("text");
                None
            }
        }
    }
}

impl Read for bool {
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Bool(value) => Some(value),
            _ => {
                let reason = format!("expected true or false, found {}", at.node.describe());
                at.refuse_with(reason, "write true or false, without quotes");
                None
            }
        }
    }
}

/// Reads a whole number within the bounds of its type; text that spells one is accepted, as in protobuf's JSON.
fn whole<T: TryFrom<i64>>(at: At<'_>) -> Option<T> {
    let number = match &at.node.value {
        Value::Int(number) => Some(*number),
        #[expect(clippy::cast_possible_truncation, reason = "the guard leaves only whole numbers within i64")]
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        Value::Float(number) => {
            let reason = if number.fract() == 0.0 { "is out of range" } else { "is not a whole number" };
            at.refuse(format!("{number} {reason}"));
            return None;
        }
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    let Some(number) = number else {
        at.expected("a whole number");
        return None;
    };
    let value = T::try_from(number).ok();
    if value.is_none() {
        at.refuse(format!("{number} is out of range"));
    }
    value
}

impl Read for u16 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for u32 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for i32 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for u64 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for f64 {
    fn read(at: At<'_>) -> Option<Self> {
        let number = match &at.node.value {
            #[expect(clippy::cast_precision_loss, reason = "shares and factors need no 53 bits")]
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            at.expected("a number");
        }
        number
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(at: At<'_>) -> Option<Self> {
        let Value::List(elements) = &at.node.value else {
            at.refuse_with(
                format!("expected a list, found {}", at.node.describe()),
                "begin each element with '- '",
            );
            return None;
        };
        let element = |(index, node)| T::read(At { node, path: &at.path.index(index), report: at.report });
        // Documents are kept: no room for more elements than there are.
        let mut read = Self::with_capacity(elements.len());
        read.extend(elements.iter().enumerate().filter_map(element));
        Some(read)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(at: At<'_>) -> Option<Self> {
        let Value::Map(entries) = &at.node.value else {
            at.expected("a mapping");
            return None;
        };
        let value = |entry: &Entry| {
            let path = at.path.key(&entry.key);
            Some((entry.key.to_string(), T::read(At { node: &entry.value, path: &path, report: at.report })?))
        };
        Some(entries.iter().filter_map(value).collect())
    }
}

impl<T: Read> Read for Box<T> {
    fn read(at: At<'_>) -> Option<Self> {
        T::read(at).map(Box::new)
    }
}

impl Read for Duration {
    fn read(at: At<'_>) -> Option<Self> {
        let Some(text) = at.node.as_text() else {
            at.refuse_with(
                format!("expected a duration, found {}", at.node.describe()),
                "write a number and a unit: 100ms, 2s, 1m30s",
            );
            return None;
        };
        let duration = parse_duration(text);
        if duration.is_none() {
            at.refuse_with(
                format!("invalid duration {text:?}"),
                "write a number and a unit: 100ms, 2s, 1m30s",
            );
        }
        duration
    }
}

/// Parses a duration as Go's `time.ParseDuration` does, but for negative ones: `1h`, `1m30s`, `0.5s`, `100ms`, `0`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let scale = match &rest[..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number * scale;
        rest = &rest[unit..];
    }
    // What Go can count in nanoseconds: 292 years.
    if seconds > 9.2e9 {
        return None;
    }
    // Through whole nanoseconds, so that "0.1s" is 100 ms and not a float's neighbour of it.
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    let micros = (seconds * 1e6).round();
    let near = Duration::try_from_secs_f64(micros / 1e6).ok()?;
    Some(if duration.abs_diff(near).as_nanos() <= 1 { near } else { duration })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        assert_eq!(parse_duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("0.1s"), Some(Duration::from_millis(100)));
        assert_eq!(parse_duration("100ms"), Some(Duration::from_millis(100)));
        for wrong in ["", "3", "3 s", "s", "-1s", "1d", "1.2.3s", "3000000h", "9999999999999999999999h"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
