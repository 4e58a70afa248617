//! Prometheus' text format, as much of it as the mesh writes.

use std::borrow::Cow;

/// One line of a metric.
#[derive(Debug, PartialEq)]
pub(in crate::console) struct Line<'a> {
    pub(in crate::console) name: &'a str,
    pub(in crate::console) labels: Vec<(&'a str, Cow<'a, str>)>,
    pub(in crate::console) value: f64,
}

/// The lines of a text. What cannot be read is passed over: the rest is still worth knowing.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(read)
}

fn read(line: &str) -> Option<Line<'_>> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.push((label.trim_start_matches(','), value));
            rest = after;
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Line { name, labels, value })
}

/// A text up to its closing quote, and what comes after that.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    let (inner, rest) = (&text[..end], &text[end + 1..]);
    if !inner.contains('\\') {
        return Some((inner.into(), rest));
    }
    let mut chars = inner.chars();
    let mut plain = String::with_capacity(inner.len());
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next()? {
                'n' => plain.push('\n'),
                other => plain.push(other),
            },
            (char, false) => plain.push(char),
        }
    }
    Some((plain.into(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_prometheus_writes_them() {
        let text = "# TYPE a counter\na 1\na{x=\"1\",y=\"p\\\\q\\\"r,}\\n\"} 2.5\nb{le=\"+Inf\"} 3 1700000000\n\nwrong{\nwrong{x=\"\nno value\n";
        let read: Vec<_> = lines(text).map(|line| (line.name, line.labels, line.value)).collect();
        let label = |name, value: &'static str| (name, Cow::Borrowed(value));
        assert_eq!(
            read,
            [
                ("a", vec![], 1.0),
                ("a", vec![label("x", "1"), label("y", "p\\q\"r,}\n")], 2.5),
                ("b", vec![label("le", "+Inf")], 3.0),
            ]
        );
    }
}
