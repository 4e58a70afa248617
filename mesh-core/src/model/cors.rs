//! What pages of other origins may ask.

use super::matching::TextMatch;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    },
};

/// What a browser may let pages of other origins do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsPolicy {
    /// The origins that may ask; one that matches the text `*` lets everybody in.
    pub origins: Vec<TextMatch>,
    /// The methods they may use: the value of `access-control-allow-methods`. `*` is whatever they ask for.
    pub methods: Option<HeaderValue>,
    /// The headers they may send: the value of `access-control-allow-headers`. `*` is whatever they ask for.
    pub headers: Option<HeaderValue>,
    /// The headers they may read: the value of `access-control-expose-headers`.
    pub exposed: Option<HeaderValue>,
    /// How many seconds a browser may remember a preflight's answer: the value of `access-control-max-age`.
    pub max_age: Option<HeaderValue>,
    /// Whether they may send cookies and the like. Default: no.
    pub allows_credentials: bool,
    /// What becomes of a preflight from an origin that may not ask.
    pub unmatched_preflights: UnmatchedPreflights,
}

/// What becomes of a preflight from an origin that may not ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnmatchedPreflights {
    /// It is forwarded, as if nobody had said anything about other origins.
    #[default]
    Forward,
    /// It is answered with 200 and without permission.
    Ignore,
}

impl CorsPolicy {
    /// Whether pages of this origin may ask.
    #[must_use]
    pub fn lets_in(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed.matches("*") || allowed.matches(origin))
    }
}

/// What a policy makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrossOrigin {
    /// Nothing: the request is of no other origin, or of one that may not ask.
    Silent,
    /// The answer is marked for pages of this origin.
    Granted(HeaderValue),
    /// The request asks what a page of this origin may do, and is answered without asking the service.
    Preflight(HeaderValue),
    /// It asks what a page may do that may do nothing, and is answered so.
    Ignored,
}

impl CorsPolicy {
    /// What becomes of a request, as Envoy's filter decides.
    #[must_use]
    pub fn judge(&self, method: &Method, headers: &HeaderMap) -> CrossOrigin {
        let Some(origin) = origin(headers) else { return CrossOrigin::Silent };
        let asked = headers.get(ACCESS_CONTROL_REQUEST_METHOD);
        let is_preflight = method == Method::OPTIONS && asked.is_some_and(|method| !method.is_empty());
        let is_allowed = origin.to_str().is_ok_and(|origin| self.lets_in(origin));
        match (is_allowed, is_preflight) {
            (true, true) => CrossOrigin::Preflight(origin),
            (true, false) => CrossOrigin::Granted(origin),
            (false, true) if self.unmatched_preflights == UnmatchedPreflights::Ignore => CrossOrigin::Ignored,
            (false, _) => CrossOrigin::Silent,
        }
    }

    /// Marks an answer for pages of an origin: in the place of what the service says about other origins.
    pub fn grant(&self, origin: HeaderValue, answer: &mut HeaderMap) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.allows_credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(exposed) = &self.exposed {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// Writes what pages of an origin may do into the answer to the preflight `request`.
    pub fn permit(&self, origin: HeaderValue, request: &HeaderMap, answer: &mut HeaderMap) {
        self.grant(origin, answer);
        let asked = |written: &Option<HeaderValue>, asked: HeaderName| match written {
            // A star would be no permission for requests with credentials, so what is asked for is allowed by name.
            Some(all) if all == "*" => {
                Some(request.get(asked).cloned().unwrap_or_else(|| HeaderValue::from_static("")))
            }
            written => written.clone(),
        };
        let permissions = [
            (ACCESS_CONTROL_ALLOW_METHODS, asked(&self.methods, ACCESS_CONTROL_REQUEST_METHOD)),
            (ACCESS_CONTROL_ALLOW_HEADERS, asked(&self.headers, ACCESS_CONTROL_REQUEST_HEADERS)),
            (ACCESS_CONTROL_MAX_AGE, self.max_age.clone()),
        ];
        for (name, value) in permissions {
            if let Some(value) = value {
                answer.insert(name, value);
            }
        }
    }
}

/// The origin of the page that asks, if a page of some origin does; several are one, with commas between them.
fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut all = headers.get_all(ORIGIN).iter();
    let first = all.next()?;
    let joined = all.fold(None, |joined: Option<Vec<u8>>, more| {
        let joined = joined.unwrap_or_else(|| first.as_bytes().to_vec());
        Some([&*joined, b",", more.as_bytes()].concat())
    });
    let origin =
        joined.and_then(|joined| HeaderValue::from_bytes(&joined).ok()).unwrap_or_else(|| first.clone());
    Some(origin).filter(|origin| !origin.is_empty())
}
