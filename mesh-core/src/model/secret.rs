//! What is not for everybody who may look at a table, or at a log.

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, fmt::Display};

/// Parts of names whose values let somebody in who knows them.
const SECRET: [&str; 10] =
    ["auth", "cookie", "credential", "key", "passw", "secret", "session", "signature", "token", "jwt"];

/// Stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// How every token begins: an object of JSON, `{"`, in base64url.
const TOKEN: &str = "eyJ";

/// Whether a header, or a parameter, of this name has a value that lets somebody in who knows it.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let has =
        |part: &str| name.as_bytes().windows(part.len()).any(|own| own.eq_ignore_ascii_case(part.as_bytes()));
    SECRET.iter().any(|part| has(part))
}

/// Marks a header's value as sensitive where its name tells that it is a secret: then it is in no `Debug`, and HTTP/2 keeps
/// it in no table.
pub fn mark(name: &HeaderName, value: &mut HeaderValue) {
    value.set_sensitive(is_secret(name.as_str()));
}

/// A value as it is shown beside its name: not at all where the name of the header, or of the parameter, tells that it
/// is a secret.
#[must_use]
pub fn shown(name: &str, value: impl Display) -> String {
    if is_secret(name) { HIDDEN.to_owned() } else { value.to_string() }
}

/// A path with its query as it is shown: parameters whose name tells that they are secrets have no value, nor have those
/// that are tokens. Copies nothing where there are none.
#[must_use]
pub fn shown_target(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else { return target.into() };
    if !query.split('&').any(is_secret_parameter) {
        return target.into();
    }
    let mut shown = String::with_capacity(target.len());
    shown.push_str(path);
    for (index, pair) in query.split('&').enumerate() {
        shown.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if is_secret_parameter(pair) => shown.extend([name, "=", HIDDEN]),
            _ => shown.push_str(pair),
        }
    }
    shown.into()
}

/// An authority as it is shown: without the user's part before the host, which may have a password.
#[must_use]
pub fn shown_authority(authority: &str) -> &str {
    authority.rsplit('@').next().unwrap_or_default()
}

fn is_secret_parameter(pair: &str) -> bool {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
    let Some((name, value)) = pair.split_once('=') else { return false };
    is_secret(&decoded(name)) || decoded(value).contains(TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_hidden_by_its_name() {
        for name in
            ["Authorization", "cookie", "set-cookie", "x-api-key", "access_token", "x-amz-security-token"]
        {
            assert_eq!(shown(name, 1), HIDDEN, "{name}");
        }
        for name in ["x-group", "host", "accept", ""] {
            assert_eq!(shown(name, 1), "1", "{name}");
        }
    }

    #[test]
    fn an_authority_has_no_password() {
        for authority in ["a:80", "user@a:80", "user:pass@word@a:80"] {
            assert_eq!(shown_authority(authority), "a:80");
        }
        assert_eq!(shown_authority(""), "");
    }

    #[test]
    fn a_query_has_no_secrets() {
        for (target, expected) in [
            ("/a", "/a"),
            ("/a?b=1&c", "/a?b=1&c"),
            ("/a?b=1&access_token=x&c=2", "/a?b=1&access_token=(hidden)&c=2"),
            ("/a?access%5Ftoken=x", "/a?access%5Ftoken=(hidden)"),
            ("/a?Api-Key=x?y=z", "/a?Api-Key=(hidden)"),
            ("/a?t=eyJhbGciOiJub25lIn0.e30.&u=", "/a?t=(hidden)&u="),
            ("/a?t=%65yJhbGciOiJub25lIn0.e30.", "/a?t=(hidden)"),
        ] {
            assert_eq!(shown_target(target), expected);
        }
        assert!(matches!(shown_target("/a?b=1"), Cow::Borrowed(_)));
    }
}
