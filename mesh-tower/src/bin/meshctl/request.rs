//! The request that somebody asks about, and who sends it.

use http::{HeaderMap, Method, Request, Uri, header::HOST};
use mesh_core::{
    model::{GatewayName, Labels},
    table::{Explanation, GatewayRole, RequestView, Snapshot, Viewpoint, normalized},
};
use std::str::FromStr;

/// A request, and the workload that decides it.
#[derive(Debug)]
pub(crate) struct Question {
    request: Request<()>,
    /// From whose point of view.
    pub(crate) viewpoint: Viewpoint,
}

/// An absolute URL of HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Url(Uri);

/// The workload that sends a request: `namespace/workload`, or the namespace alone.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    namespace: String,
}

/// A gateway: `namespace/name`, or the name alone.
#[derive(Clone, Debug)]
pub(crate) struct GatewayReference {
    namespace: Option<String>,
    name: String,
}

/// Who decides a request, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    pub(crate) from: Option<Workload>,
    pub(crate) labels: Labels,
    pub(crate) gateway: Option<GatewayReference>,
}

impl Question {
    /// A request to `url`, as `viewpoint` decides it.
    pub(crate) fn new(url: Url, method: Method, headers: HeaderMap, viewpoint: Viewpoint) -> Self {
        let mut request = Request::new(());
        *request.uri_mut() = url.0;
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        Self { request, viewpoint }
    }

    /// The same request, with its path as whoever has this table reads it.
    pub(crate) fn read_by(&self, snapshot: &Snapshot) -> Self {
        let mut request = self.request.clone();
        if let Ok(Some(uri)) = normalized(request.uri(), snapshot.path_normalization()) {
            *request.uri_mut() = uri;
        }
        Self { request, viewpoint: self.viewpoint.clone() }
    }

    /// The request as rules look at it.
    pub(crate) fn view(&self) -> RequestView<'_> {
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
    pub(crate) fn explain(&self, snapshot: &Snapshot) -> Explanation {
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
    pub(crate) fn sent_to_https(&self, snapshot: &Snapshot) -> Option<String> {
        let view = self.view();
        let port = view.listener.filter(|_| view.scheme == "http")?;
        let host = view.host().to_ascii_lowercase();
        let listener = snapshot.listeners().iter().find(|listener| listener.port == port)?;
        listener.server_for(Some(&host)).filter(|server| server.redirects_to_https)?;
        let path = self.request.uri().path_and_query().map_or("/", |path| path.as_str());
        Some(format!("https://{}{path}", view.authority))
    }
}

impl Asker {
    /// Whose point of view this is; `namespace` stands for those that are not written.
    pub(crate) fn viewpoint(self, namespace: &str) -> Viewpoint {
        let gateway = self.gateway.map(|gateway| gateway.resolve(namespace));
        let own = gateway.as_ref().map(|gateway| gateway.namespace.to_string());
        Viewpoint {
            namespace: self.from.map(|from| from.namespace).or(own).unwrap_or_else(|| namespace.to_owned()),
            labels: self.labels,
            gateway: gateway.map_or(GatewayRole::None, GatewayRole::Named),
            ..Viewpoint::default()
        }
    }
}

impl Workload {
    /// Some workload of a namespace.
    pub(crate) fn of_namespace(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }
}

impl GatewayReference {
    /// The gateway; in `namespace` when none is written.
    pub(crate) fn resolve(self, namespace: &str) -> GatewayName {
        let namespace = self.namespace.as_deref().unwrap_or(namespace).into();
        GatewayName { namespace, name: self.name.into() }
    }
}

impl FromStr for Url {
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

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let namespace = text.split_once('/').map_or(text, |(namespace, _)| namespace);
        if namespace.is_empty() {
            return Err(format!(
                "{text:?} names no namespace (write namespace/workload, or the namespace alone)"
            ));
        }
        Ok(Self { namespace: namespace.to_owned() })
    }
}

impl FromStr for GatewayReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') || namespace == Some("") {
            return Err(format!("{text:?} is no name of a gateway (write namespace/name)"));
        }
        Ok(Self { namespace: namespace.map(str::to_owned), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(url: &str, asker: Asker) -> Question {
        let viewpoint = asker.viewpoint("default");
        Question::new(url.parse().unwrap(), Method::GET, HeaderMap::new(), viewpoint)
    }

    #[test]
    fn a_url_says_host_and_port() {
        for (url, authority, port) in [
            ("http://product/1?a=b", "product", 80),
            ("https://product", "product", 443),
            ("http://product:8080/", "product:8080", 8080),
            ("http://[::1]:81/", "[::1]:81", 81),
        ] {
            let question = ask(url, Asker::default());
            let view = question.view();
            assert_eq!((view.authority, view.port, view.listener), (authority, port, None), "{url}");
        }
        for wrong in ["product", "/product", "ftp://product/", "http://", "http://a:99999/", "http://a b/"] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_gateway_decides_what_comes_to_its_port_in_its_own_namespace() {
        let gateway = Some("shop/door".parse().unwrap());
        let question = ask("https://shop.example.com/", Asker { gateway, ..Asker::default() });
        assert_eq!(question.view().listener, Some(443));
        assert_eq!(question.viewpoint.namespace, "shop");
    }

    #[test]
    fn a_workload_is_written_with_its_namespace_first() {
        assert_eq!("shop/cart".parse::<Workload>().unwrap().namespace, "shop");
        assert_eq!("shop".parse::<Workload>().unwrap().namespace, "shop");
        assert!("/cart".parse::<Workload>().is_err());
        assert!("a/b/c".parse::<GatewayReference>().is_err());
    }
}
