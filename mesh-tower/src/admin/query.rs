//! Parameters of a page.

use percent_encoding::percent_decode_str;

/// The parameters of a query, decoded: `+` is a space, as forms write it.
///
/// # Errors
/// When one is no text, or none of `known`.
pub(crate) fn parameters(
    query: Option<&str>,
    known: &[&'static str],
) -> Result<Vec<(&'static str, String)>, String> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            let known_name = known
                .iter()
                .find(|known| **known == name)
                .ok_or_else(|| format!("{name:?} is no parameter of this page (it has {})", listed(known)))?;
            Ok((*known_name, value))
        })
        .collect()
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn decoded(text: &str) -> Result<String, String> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded.map(Into::into).map_err(|_| format!("{text:?} is no text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let read = |query| parameters(Some(query), &["a", "b"]);
        let expected = vec![("a", "x y&=".to_owned()), ("b", String::new()), ("a", "ü".to_owned())];
        assert_eq!(read("a=x+y%26%3D&b&&a=%C3%BC"), Ok(expected));
        assert_eq!(parameters(None, &[]), Ok(vec![]));
        let unknown = read("a=1&c=2").unwrap_err();
        assert_eq!(unknown, "\"c\" is no parameter of this page (it has a, b)");
        assert!(read("a=%FF").is_err());
    }
}
