//! What an authorization service changes of a request that may pass, and of its answer.

use crate::{BoxError, Error, Kind, hop::is_kept_back};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header, uri::PathAndQuery};

/// All changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) request: Vec<Change>,
    pub(super) removed: Vec<HeaderName>,
    /// Query parameters; one without a value is removed.
    pub(super) query: Vec<(String, Option<String>)>,
    pub(super) response: Vec<Change>,
}

/// A change of one header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    pub(super) how: How,
}

/// How a header is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Overwritten, or added.
    Set,
    /// Added beside what is there.
    Add,
    /// Joined to what is there; nothing when nothing is.
    Join,
    /// Added if it is not there.
    AddIfAbsent,
    /// Overwritten if it is there.
    SetIfPresent,
}

impl Change {
    /// A change by names and values as they come; a service that makes no sense is not believed.
    pub(super) fn parse(name: &str, value: &[u8], how: How) -> Result<Self, Error> {
        let invalid = |error: http::Error| Error::because(Kind::CheckInvalid, error);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid(error.into()))?;
        let value = HeaderValue::from_bytes(value).map_err(|error| invalid(error.into()))?;
        Ok(Self { name, value, how })
    }

    /// Makes the change.
    pub(super) fn apply(self, headers: &mut HeaderMap) {
        let Self { name, value, how } = self;
        if is_kept_back(&name) {
            return;
        }
        let is_present = headers.contains_key(&name);
        match how {
            How::Set => drop(headers.insert(name, value)),
            How::SetIfPresent if is_present => drop(headers.insert(name, value)),
            How::Add => drop(headers.append(name, value)),
            How::AddIfAbsent if !is_present => drop(headers.insert(name, value)),
            How::Join if is_present => join(headers, &name, &value),
            How::SetIfPresent | How::AddIfAbsent | How::Join => {}
        }
    }
}

/// Appends a value to the first one of a header, after a comma, as Envoy does.
fn join(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    // Values that are fine stay fine with commas between them.
    if let Some(first) = headers.get_mut(name)
        && let Ok(joined) = HeaderValue::from_bytes(&[first.as_bytes(), value.as_bytes()].join(&b","[..]))
    {
        *first = joined;
    }
}

impl Changes {
    /// Makes those of the request, and gives those of its answer.
    pub(super) fn apply<B>(self, request: &mut Request<B>) -> Result<Vec<Change>, Error> {
        let headers = request.headers_mut();
        self.request.into_iter().for_each(|change| change.apply(headers));
        for name in self.removed.iter().filter(|name| **name != header::HOST) {
            headers.remove(name);
        }
        if !self.query.is_empty() {
            let uri = with_query(request.uri(), &self.query);
            *request.uri_mut() = uri.map_err(|error| Error::because(Kind::CheckInvalid, error))?;
        }
        Ok(self.response)
    }
}

fn with_query(uri: &Uri, changes: &[(String, Option<String>)]) -> Result<Uri, BoxError> {
    let name = |parameter: &str| parameter.split('=').next().unwrap_or_default().to_owned();
    let is_changed = |parameter: &&str| changes.iter().any(|(changed, _)| *changed == name(parameter));
    let query = uri.query().unwrap_or_default().split('&').filter(|parameter| !parameter.is_empty());
    let mut query: Vec<_> = query.filter(|parameter| !is_changed(parameter)).map(str::to_owned).collect();
    let set = changes.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    query.extend(set);
    let path = match query.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), query.join("&")),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path)?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, value: &str, how: How) -> Change {
        Change::parse(name, value.as_bytes(), how).unwrap()
    }

    #[test]
    fn headers_are_changed_in_five_ways() {
        let mut headers = HeaderMap::new();
        headers.insert("x-a", HeaderValue::from_static("1"));
        let mut after = |name: &str, how| {
            change(name, "2", how).apply(&mut headers);
            headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(after("x-a", How::Join), ["1,2"]);
        assert_eq!(after("x-a", How::AddIfAbsent), ["1,2"]);
        assert_eq!(after("x-a", How::Add), ["1,2", "2"]);
        assert_eq!(after("x-a", How::SetIfPresent), ["2"]);
        assert_eq!(after("x-a", How::Set), ["2"]);
        assert!(after("x-b", How::Join).is_empty() && after("x-b", How::SetIfPresent).is_empty());
        assert_eq!(after("x-b", How::AddIfAbsent), ["2"]);
        assert_eq!(after("x-c", How::Add), ["2"]);
        assert!(
            after("transfer-encoding", How::Set).is_empty() && after("content-length", How::Add).is_empty()
        );
    }

    #[test]
    fn what_makes_no_sense_is_not_believed() {
        for (name, value) in [("", "a"), (":path", "/"), ("a b", "a"), ("x-a", "a\nb")] {
            let error = Change::parse(name, value.as_bytes(), How::Set).unwrap_err();
            assert_eq!(error.kind(), Kind::CheckInvalid, "{name:?}");
        }
        let changes = Changes { query: vec![("a b".into(), Some("c".into()))], ..Changes::default() };
        let error = changes.apply(&mut Request::new(())).unwrap_err();
        assert_eq!(error.kind(), Kind::CheckInvalid);
    }

    #[test]
    fn a_request_keeps_its_host_and_has_other_parameters() {
        let mut request = Request::get("http://here/a?b=1&c=2&b=3").header("host", "here").body(()).unwrap();
        let changes = Changes {
            removed: vec![header::HOST],
            query: vec![("b".into(), None), ("d".into(), Some("4".into()))],
            response: vec![change("x-a", "1", How::Add)],
            ..Changes::default()
        };
        assert_eq!(changes.apply(&mut request).unwrap().len(), 1);
        assert_eq!(
            (request.uri().to_string().as_str(), request.headers().len()),
            ("http://here/a?c=2&d=4", 1)
        );
        let changes = Changes { query: vec![("c".into(), None), ("d".into(), None)], ..Changes::default() };
        changes.apply(&mut request).unwrap();
        assert_eq!(request.uri(), "http://here/a");
    }
}
