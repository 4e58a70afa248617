//! Names that Prometheus knows.

use metrics::{Key, Label};
use std::borrow::Cow;

/// What stands before the name of a label that is not for anybody to give.
const EXPORTED: &str = "exported_";

/// The name of a metric as it is rendered: letters, digits, `_` and `:`, and no digit first.
pub(super) fn metric(name: &str) -> Cow<'_, str> {
    mended(name, |char| char.is_ascii_alphanumeric() || char == '_' || char == ':')
}

/// The name of a label as it is rendered: letters, digits and `_`, no digit first, and none that Prometheus keeps for
/// itself.
pub(super) fn label(name: &str) -> Cow<'_, str> {
    let mended = mended(name, |char| char.is_ascii_alphanumeric() || char == '_');
    match mended.starts_with("__") || mended == "le" {
        true => format!("{EXPORTED}{mended}").into(),
        false => mended,
    }
}

fn mended(name: &str, is_right: impl Fn(char) -> bool) -> Cow<'_, str> {
    let first = name.chars().next().unwrap_or('0');
    if !first.is_ascii_digit() && name.chars().all(&is_right) {
        return name.into();
    }
    let rest = name.chars().map(|char| if is_right(char) { char } else { '_' });
    first.is_ascii_digit().then_some('_').into_iter().chain(rest).collect()
}

/// The series that a key means: its name and labels mended, in order of the labels' names, each once. Of several with the
/// same name the last counts.
pub(super) fn series(key: &Key) -> Key {
    let name = metric(key.name());
    let is_right = |label: &Label| matches!(self::label(label.key()), Cow::Borrowed(_));
    if key.labels().is_sorted_by(|a, b| a.key() < b.key()) && key.labels().all(is_right) && name == key.name()
    {
        return key.to_retained();
    }
    let mut labels: Vec<Label> = Vec::with_capacity(key.labels().len());
    for label in key.labels() {
        let (name, value) = (self::label(label.key()).into_owned(), label.clone().into_parts().1);
        let label = Label::new(name, value);
        match labels.binary_search_by(|known| known.key().cmp(label.key())) {
            Ok(at) => labels[at] = label,
            Err(at) => labels.insert(at, label),
        }
    }
    Key::from_parts(name.into_owned(), labels).to_retained()
}

/// The series that stands for many: as a key's, with the value `other` for every label.
pub(super) fn other(key: &Key) -> Key {
    let labels: Vec<_> = key.labels().map(|label| Label::new(label.key().to_owned(), "other")).collect();
    Key::from_parts(key.name().to_owned(), labels).to_retained()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mended() {
        for (name, expected) in
            [("http_requests:rate5m", "http_requests:rate5m"), ("http.requests", "http_requests")]
        {
            assert_eq!(metric(name), expected);
        }
        for (name, expected) in [("5xx", "_5xx"), ("", "_"), ("größe", "gr__e"), ("a\nb", "a_b")] {
            assert_eq!(metric(name), expected);
            assert_eq!(label(name), expected);
        }
        for (name, expected) in [
            ("path", "path"),
            ("a:b", "a_b"),
            ("le", "exported_le"),
            ("__name__", "exported___name__"),
            ("..x", "exported___x"),
        ] {
            assert_eq!(label(name), expected);
        }
    }

    #[test]
    fn labels_are_in_order_and_each_is_there_once() {
        let pairs = [("b", "1"), ("a", "2"), ("b", "3"), ("a.", "4"), ("a_", "5")];
        let found = series(&Key::from_parts("x", &pairs));
        assert_eq!(found, Key::from_parts("x", &[("a", "2"), ("a_", "5"), ("b", "3")]));
        assert_eq!(other(&found), Key::from_parts("x", &[("a", "other"), ("a_", "other"), ("b", "other")]));
    }
}
