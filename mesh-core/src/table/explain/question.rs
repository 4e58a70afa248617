//! The request that somebody asks about, and who decides it.

use super::explanation::Explanation;
use crate::table::{GatewayRole, RequestView, Snapshot, Viewpoint, normalized};
use http::{HeaderMap, Method, Request, Uri, header::HOST};
use std::str::FromStr;

/// A request, and the workload that decides it.
#[derive(Debug)]
pub struct Question {
    request: Request<()>,
    /// From whose point of view.
    pub viewpoint: Viewpoint,
}

/// An absolute URL of HTTP.
#[derive(Clone, Debug)]
pub struct RequestUrl(Uri);

impl Question {
    /// A request to `url`, as `viewpoint` decides it.
    #[must_use]
    pub fn new(url: RequestUrl, method: Method, headers: HeaderMap, viewpoint: Viewpoint) -> Self {
        let mut request = Request::new(());
        *request.uri_mut() = url.0;
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        Self { request, viewpoint }
    }

    /// The same request, with its path as whoever has this table reads it.
    #[must_use]
    pub fn read_by(&self, snapshot: &Snapshot) -> Self {
        let mut request = self.request.clone();
        if let Ok(Some(uri)) = normalized(request.uri(), snapshot.path_normalization()) {
            *request.uri_mut() = uri;
        }
        Self { request, viewpoint: self.viewpoint.clone() }
    }

    /// The request as rules look at it.
    #[must_use]
    pub fn view(&self) -> RequestView<'_> {
        let sent = RequestView::outbound(&self.request);
        let view = match self.viewpoint.gateway {
            GatewayRole::None => sent,
            _ => RequestView::at_gateway(&self.request, sent.port, sent.scheme == "https"),
        };
        // As with curl, a Host header of one's own takes the place of the URL's host, which only says where to.
        let host = self.request.headers().get(HOST).and_then(|host| host.to_str().ok());
        RequestView { authority: host.unwrap_or(view.authority), ..view }
    }

    /// The decision about it, and why.
    #[must_use]
    pub fn explain(&self, snapshot: &Snapshot) -> Explanation {
        if let Err(invalid) = normalized(self.request.uri(), snapshot.path_normalization()) {
            return Explanation {
                outcome: "refuse",
                status: Some(400),
                summary: format!("Refused with 400: {invalid}."),
                ..Explanation::default()
            };
        }
        let Some(location) = self.sent_to_https(snapshot) else { return snapshot.explain(&self.view()) };
        Explanation {
            outcome: "redirect",
            status: Some(301),
            summary: format!("Redirected with 301 to {location}: the gateway's server asks for https."),
            location: Some(location),
            ..Explanation::default()
        }
    }

    /// Where a gateway sends a request in plain text, before any rule is asked, if its server is for https alone.
    #[must_use]
    pub fn sent_to_https(&self, snapshot: &Snapshot) -> Option<String> {
        let view = self.view();
        let port = view.listener.filter(|_| view.scheme == "http")?;
        let host = view.host().to_ascii_lowercase();
        let listener = snapshot.listeners().iter().find(|listener| listener.port == port)?;
        listener.server_for(Some(&host)).filter(|server| server.redirects_to_https)?;
        let path = self.request.uri().path_and_query().map_or("/", |path| path.as_str());
        Some(format!("https://{}{path}", view.authority))
    }
}

impl FromStr for RequestUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            |why: &str| format!("{text:?} is no URL of a request: {why} (such as http://product/path)");
        if !text.contains("://") {
            return Err(refuse("it must start with http:// or https://"));
        }
        let uri: Uri = text.parse().map_err(|error| refuse(&format!("{error}")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(refuse("its scheme must be http or https"));
        }
        let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
            return Err(refuse("it names no host"));
        };
        let after_host = authority.as_str().rsplit_once(authority.host()).map_or("", |(_, port)| port);
        match authority.port_u16() {
            None if after_host.len() > 1 => Err(refuse("its port must be within 1 and 65535")),
            Some(0) => Err(refuse("its port must be within 1 and 65535")),
            _ => Ok(Self(uri)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_host_and_port() {
        for (url, authority, port) in [
            ("http://product/1?a=b", "product", 80),
            ("https://product", "product", 443),
            ("http://product:8080/", "product:8080", 8080),
            ("http://[::1]:81/", "[::1]:81", 81),
        ] {
            let question = ask(url);
            let view = question.view();
            assert_eq!((view.authority, view.port, view.listener), (authority, port, None), "{url}");
        }
        for wrong in ["product", "/product", "ftp://product/", "http://", "http://a:99999/", "http://a b/"] {
            assert!(wrong.parse::<RequestUrl>().is_err(), "{wrong}");
        }
    }

    fn ask(url: &str) -> Question {
        Question::new(url.parse().unwrap(), Method::GET, HeaderMap::new(), Viewpoint::default())
    }
}
