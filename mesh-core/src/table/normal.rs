//! Paths as Envoy reads them, before any rule does.

use http::{Uri, uri::PathAndQuery};

/// The same address with the path in the form that rules compare and services see, as Istio's proxies have it; `None`
/// when it has that form already. Only then it allocates.
///
/// Dot segments are resolved, `\` becomes `/`, escapes of letters, digits and `-._~` become those, and characters that a
/// path must not have become escapes. Slashes stay as many as they are, escaped ones stay escaped, and the query stays.
#[must_use]
pub fn normalized(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !is_suspect(path) {
        return None;
    }
    let normal = resolve_dots(&unescape(path));
    if normal == path {
        return None;
    }
    let path_and_query = match uri.query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

/// Whether a path can have another form at all: nearly none can.
fn is_suspect(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.starts_with(b"/")
        && (bytes.iter().any(|byte| *byte == b'%' || *byte == b'\\' || must_be_escaped(*byte))
            || bytes.windows(2).any(|pair| pair == b"/."))
}

/// Bytes that Envoy escapes.
fn must_be_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}') || !byte.is_ascii_graphic()
}

fn unescape(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, escaped(after)) {
            (b'%', Some(letter)) => {
                text.push(char::from(letter));
                rest = &after[2..];
            }
            (b'\\', _) => text.push('/'),
            (byte, _) if must_be_escaped(*byte) => text.push_str(&format!("%{byte:02X}")),
            (byte, _) => text.push(char::from(*byte)),
        }
    }
    text
}

/// What two digits after a percent sign stand for, if it needs no escape.
fn escaped(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = digits else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    let is_free = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    is_free.then_some(byte)
}

fn resolve_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => {
                kept.push(segment);
                continue;
            }
        }
        // A dot segment at the end leaves its slash behind.
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        let uri: Uri = path.parse().unwrap();
        normalized(&uri).unwrap_or(uri).to_string()
    }

    #[test]
    fn a_path_is_read_as_envoy_reads_it() {
        for (path, expected) in [
            ("/shop/../cart", "/cart"),
            ("/../shop", "/shop"),
            ("/shop/..", "/"),
            ("/a/./b", "/a/b"),
            ("/a/.", "/a/"),
            ("/a//../b", "/a/b"),
            ("/a/../..//b", "//b"),
            ("/a/b/..;/c", "/a/b/..;/c"),
            ("/a/%2e%2E/b", "/b"),
            ("/%2e%2e%2fb", "/..%2fb"),
            ("/a\\..\\b", "/b"),
            ("/%73hop/%7Euser", "/shop/~user"),
            ("/a|b^c", "/a%7Cb%5Ec"),
            ("/a?b=/../c\\%41", "/a?b=/../c\\%41"),
            ("/a/..?b=%41", "/?b=%41"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_that_is_normal_stays_as_it_is() {
        for path in [
            "/",
            "/shop/cart",
            "//shop//cart/",
            "/a%20b",
            "/a%2Fb",
            "/a%2fb",
            "/%C3%A4",
            "/%2541",
            "/%",
            "/%4",
            "/%zz",
            "/a/...",
            "/.a",
            "/a..",
            "/shop;v=1/x~y_z-1",
            "*",
        ] {
            assert_eq!(normalized(&path.parse().unwrap()), None, "{path}");
        }
    }

    #[test]
    fn the_rest_of_the_address_stays() {
        assert_eq!(normal("http://product:8080/a/../b?c=d"), "http://product:8080/b?c=d");
    }
}
