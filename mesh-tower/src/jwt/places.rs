//! Where requests carry tokens, and how they are taken out.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::COOKIE,
    uri::{Parts, PathAndQuery},
};
use mesh_core::model::TokenPlace;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// What carries a token in a request, whatever stands before it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carrier<'r> {
    Header(&'r HeaderName),
    Parameter(&'r str),
    Cookie(&'r str),
}

impl<'r> Carrier<'r> {
    pub(super) fn of(place: &'r TokenPlace) -> Self {
        match place {
            TokenPlace::Header { name, .. } => Self::Header(name),
            TokenPlace::Parameter(name) => Self::Parameter(name),
            TokenPlace::Cookie(name) => Self::Cookie(name),
        }
    }
}

/// The texts that a request has in a place. Several headers of one name are one text, as in HTTP; every parameter and
/// every cookie of the name is one of its own.
pub(super) fn texts<'a, B>(place: &TokenPlace, request: &'a Request<B>) -> Vec<Cow<'a, str>> {
    match place {
        TokenPlace::Header { name, prefix } => {
            let text = header(request.headers(), name);
            text.and_then(|text| after(text, prefix.as_deref())).into_iter().collect()
        }
        TokenPlace::Parameter(name) => {
            let pairs = request.uri().query().into_iter().flat_map(|query| query.split('&'));
            let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let named = pairs.filter(|(own, _)| decoded(own) == **name);
            named.map(|(_, value)| decoded(value)).collect()
        }
        TokenPlace::Cookie(name) => {
            let lines = request.headers().get_all(COOKIE).iter();
            let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
            let pairs = pairs.map(|pair| String::from_utf8_lossy(pair.trim_ascii()));
            pairs.filter_map(|pair| cookie(pair, name)).collect()
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    let first = lines.next()?;
    Some(lines.fold(first, |text, line| format!("{text},{line}").into()))
}

/// What stands after the prefix, wherever that is in the text. `None` when it is not there.
fn after<'a>(text: Cow<'a, str>, prefix: Option<&str>) -> Option<Cow<'a, str>> {
    let Some(prefix) = prefix else { return Some(text) };
    let start = text.find(prefix)? + prefix.len();
    Some(match text {
        Cow::Borrowed(text) => text[start..].trim().into(),
        Cow::Owned(text) => text[start..].trim().to_owned().into(),
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn cookie<'a>(pair: Cow<'a, str>, name: &str) -> Option<Cow<'a, str>> {
    let (own, value) = pair.split_once('=')?;
    if own.trim() != name {
        return None;
    }
    let value = value.trim();
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let start = bare.as_ptr() as usize - pair.as_ptr() as usize;
    let range = start..start + bare.len();
    Some(match pair {
        Cow::Borrowed(text) => text[range].into(),
        Cow::Owned(text) => text[range].to_owned().into(),
    })
}

/// Takes a token off a request, with all that carries it. A cookie stays, as in Envoy.
pub(super) fn remove<B>(carrier: &Carrier<'_>, request: &mut Request<B>) {
    match carrier {
        Carrier::Header(name) => drop(request.headers_mut().remove(*name)),
        Carrier::Parameter(name) => {
            if let Some(uri) = without_parameter(request.uri(), name) {
                *request.uri_mut() = uri;
            }
        }
        Carrier::Cookie(_) => {}
    }
}

fn without_parameter(uri: &Uri, name: &str) -> Option<Uri> {
    let query = uri.query()?;
    let kept = query.split('&').filter(|pair| decoded(pair.split('=').next().unwrap_or(pair)) != name);
    let kept = kept.collect::<Vec<_>>().join("&");
    let question = if kept.is_empty() { "" } else { "?" };
    let path: PathAndQuery = format!("{}{question}{kept}", uri.path()).parse().ok()?;
    let mut parts = Parts::from(uri.clone());
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

/// The most bytes of a path in a challenge: Envoy's bound.
const LONGEST_PATH: usize = 256;

/// The challenge to a client without a good token: `Bearer realm="<URI>", error="invalid_token"`. The URI is the client's
/// own, with what it wrote there itself, as in Envoy.
pub(super) fn challenge<B>(request: &Request<B>, scheme: &str, is_invalid: bool) -> HeaderValue {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or(scheme);
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(|authority| authority.as_str()).or(host).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = &path[..path.floor_char_boundary(LONGEST_PATH)];
    // A quote would end the realm, and begin whatever its sender likes.
    let realm = format!("{scheme}://{host}{path}").replace(['"', '\\'], "");
    let error = if is_invalid { ", error=\"invalid_token\"" } else { "" };
    let value = HeaderValue::try_from(format!("Bearer realm=\"{realm}\"{error}"));
    value.unwrap_or(HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::AUTHORIZATION;

    fn place(prefix: Option<&str>) -> TokenPlace {
        TokenPlace::Header { name: AUTHORIZATION, prefix: prefix.map(Into::into) }
    }

    fn found(place: &TokenPlace, uri: &str, lines: &[(&str, &str)]) -> Vec<String> {
        let mut request = Request::get(uri);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        texts(place, &request).into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn a_header_carries_what_stands_after_the_prefix() {
        let bearer = place(Some("Bearer "));
        for (line, expected) in [
            ("Bearer a.b.c", Some("a.b.c")),
            ("Bearer   a.b.c", Some("a.b.c")),
            ("Basic x, Bearer a.b.c", Some("a.b.c")),
            ("Basic x", None),
            ("bearer a.b.c", None),
        ] {
            let expected: Vec<_> = expected.into_iter().collect();
            assert_eq!(found(&bearer, "/", &[("authorization", line)]), expected, "{line}");
        }
        assert_eq!(found(&place(None), "/", &[("authorization", "a.b.c")]), ["a.b.c"]);
    }

    #[test]
    fn a_header_sent_twice_is_one_text_and_no_token() {
        let twice = [("authorization", "Bearer a.b.c"), ("authorization", "Bearer d.e.f")];
        assert_eq!(found(&place(Some("Bearer ")), "/", &twice), ["a.b.c,Bearer d.e.f"]);
    }

    #[test]
    fn every_parameter_and_every_cookie_of_the_name_counts() {
        let parameter = TokenPlace::Parameter("token".into());
        assert_eq!(found(&parameter, "/?a=1&token=x&%74oken=%79&tokens=z", &[]), ["x", "y"]);
        let cookie = TokenPlace::Cookie("session".into());
        let lines = [("cookie", "a=b; session=x"), ("cookie", "session=\"y\";sessions=z")];
        assert_eq!(found(&cookie, "/", &lines), ["x", "y"]);
    }

    #[test]
    fn a_parameter_is_taken_off_and_the_rest_stays_as_it_was() {
        for (uri, expected) in [
            ("/a?x=1&token=t&y=%20", "/a?x=1&y=%20"),
            ("/a?token=t&token=u", "/a"),
            ("http://a/b?token=t", "http://a/b"),
        ] {
            let mut request = Request::get(uri).body(()).unwrap();
            remove(&Carrier::Parameter("token"), &mut request);
            assert_eq!(request.uri().to_string(), expected);
        }
    }

    #[test]
    fn a_challenge_names_what_was_asked_for_and_cannot_be_broken_out_of() {
        let challenge = |uri: &str, host: &str| {
            let request = Request::get(uri).header("host", host).body(()).unwrap();
            challenge(&request, "http", true).to_str().unwrap().to_owned()
        };
        let expected = "Bearer realm=\"http://a.b/c?d=e\", error=\"invalid_token\"";
        assert_eq!(challenge("/c?d=e", "a.b"), expected);
        assert_eq!(challenge("/", "a\", b=\"c"), "Bearer realm=\"http://a, b=c/\", error=\"invalid_token\"");
        assert!(challenge(&format!("/{}", "x".repeat(400)), "a").len() < 320);
    }
}
