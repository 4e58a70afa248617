//! Paths as Envoy reads them, before any rule does.

use crate::model::PathNormalization;
use http::{Uri, uri::PathAndQuery};
use std::{borrow::Cow, fmt};

/// A path that nobody can read: it has an escaped NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPath;

impl fmt::Display for InvalidPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path has an escaped NUL")
    }
}

impl std::error::Error for InvalidPath {}

/// The same address with the path in the form that rules compare and services see, as Istio's proxies have it; `None`
/// when it has that form already. Only then it allocates.
///
/// Dot segments are resolved, `\` becomes `/`, escapes of letters, digits and `-._~` become those, and characters that a
/// path must not have become escapes. Other escapes stay, as do slashes, as many as they are, and the query; or slashes
/// are merged, and escaped ones made slashes, where the mesh asks for that. What has that form keeps it.
///
/// # Errors
/// When the path cannot be read, as it is never where nothing is made of it.
pub fn normalized(uri: &Uri, how: PathNormalization) -> Result<Option<Uri>, InvalidPath> {
    let path = uri.path();
    if !is_suspect(path, how) {
        return Ok(None);
    }
    let decoded = match how {
        PathNormalization::DecodeAndMergeSlashes => decoded_slashes(path),
        _ => Cow::Borrowed(path),
    };
    let mut normal = resolve_dots(&unescape(&decoded)?);
    if matches!(how, PathNormalization::MergeSlashes | PathNormalization::DecodeAndMergeSlashes) {
        merge_slashes(&mut normal);
    }
    if normal == path {
        return Ok(None);
    }
    let path_and_query = match uri.query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).map_err(|_| InvalidPath)?);
    Uri::from_parts(parts).map(Some).map_err(|_| InvalidPath)
}

/// Whether a path can have another form at all: nearly none can.
fn is_suspect(path: &str, how: PathNormalization) -> bool {
    let bytes = path.as_bytes();
    let has_pair = |second: u8| bytes.windows(2).any(|pair| pair == [b'/', second]);
    let is_odd = |byte: &u8| *byte == b'%' || *byte == b'\\' || must_be_escaped(*byte);
    let merges = matches!(how, PathNormalization::MergeSlashes | PathNormalization::DecodeAndMergeSlashes);
    how != PathNormalization::None
        && bytes.starts_with(b"/")
        && (bytes.iter().any(is_odd) || has_pair(b'.') || merges && has_pair(b'/'))
}

/// Bytes that Envoy escapes.
fn must_be_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}') || !byte.is_ascii_graphic()
}

/// The path with `/` and `\` for their escapes.
fn decoded_slashes(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let path = ["%2f", "%2F"].iter().fold(path.to_owned(), |path, escape| path.replace(escape, "/"));
    Cow::Owned(["%5c", "%5C"].iter().fold(path, |path, escape| path.replace(escape, "\\")))
}

fn unescape(path: &str) -> Result<String, InvalidPath> {
    let mut text = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    // The last percent sign that began no escape.
    let mut bare = None;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, escaped(after)) {
            (b'%', Some(0)) => return Err(InvalidPath),
            (b'%', Some(letter)) if is_free(letter) => {
                text.push(char::from(letter));
                rest = &after[2..];
            }
            (b'%', Some(_)) => {
                // It stays as a whole.
                text.push_str(&path[path.len() - after.len() - 1..path.len() - after.len() + 2]);
                rest = &after[2..];
            }
            (b'%', None) => {
                bare = Some(text.len());
                text.push('%');
            }
            (b'\\', _) => text.push('/'),
            (byte, _) if must_be_escaped(*byte) => text.push_str(&format!("%{byte:02X}")),
            (byte, _) => text.push(char::from(*byte)),
        }
        // What follows it may have become two digits only now: then it means itself, and is escaped.
        if let Some(at) = bare.filter(|at| text.len() == at + 3)
            && escaped(&text.as_bytes()[at + 1..]).is_some()
        {
            text.insert_str(at + 1, "25");
            bare = None;
        }
    }
    Ok(text)
}

/// What two digits after a percent sign stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = digits else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Whether a letter needs no escape.
fn is_free(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Makes one slash of several.
fn merge_slashes(path: &mut String) {
    let mut is_after_slash = false;
    path.retain(|letter| {
        let is_second = letter == '/' && is_after_slash;
        is_after_slash = letter == '/';
        !is_second
    });
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
        normal_as(path, PathNormalization::Base)
    }

    fn normal_as(path: &str, how: PathNormalization) -> String {
        let uri: Uri = path.parse().unwrap();
        let text = normalized(&uri, how).unwrap().unwrap_or(uri).to_string();
        // Whoever reads it again reads the same.
        assert_eq!(normalized(&text.parse().unwrap(), how), Ok(None), "{path}");
        text
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
            ("/%%34%31", "/%2541"),
            ("/%%341", "/%2541"),
            ("/%%34", "/%4"),
            ("/%2%66x", "/%252fx"),
            ("/%%2f", "/%%2f"),
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
            assert_eq!(normalized(&path.parse().unwrap(), PathNormalization::Base), Ok(None), "{path}");
        }
    }

    #[test]
    fn the_rest_of_the_address_stays() {
        assert_eq!(normal("http://product:8080/a/../b?c=d"), "http://product:8080/b?c=d");
    }

    #[test]
    fn a_mesh_says_what_is_made_of_paths() {
        use PathNormalization::{Base, DecodeAndMergeSlashes, MergeSlashes, None};
        for (path, none, base, merge, decode) in [
            ("//a///b/", "//a///b/", "//a///b/", "/a/b/", "/a/b/"),
            ("/a/..//b", "/a/..//b", "//b", "/b", "/b"),
            ("/a%2f%2e%2e%5Cb", "/a%2f%2e%2e%5Cb", "/a%2f..%5Cb", "/a%2f..%5Cb", "/b"),
            ("/%41?a=//%2f", "/%41?a=//%2f", "/A?a=//%2f", "/A?a=//%2f", "/A?a=//%2f"),
            ("/a%252fb", "/a%252fb", "/a%252fb", "/a%252fb", "/a%252fb"),
        ] {
            for (how, expected) in
                [(None, none), (Base, base), (MergeSlashes, merge), (DecodeAndMergeSlashes, decode)]
            {
                assert_eq!(normal_as(path, how), expected, "{path} {how:?}");
            }
        }
    }

    #[test]
    fn an_escaped_nul_is_in_no_path() {
        let uri = "/a%00".parse().unwrap();
        assert_eq!(normalized(&uri, PathNormalization::Base), Err(InvalidPath));
        assert_eq!(normalized(&uri, PathNormalization::None), Ok(None));
    }
}
