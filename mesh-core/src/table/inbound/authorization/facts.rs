//! What a request, or a connection, says of itself, taken apart once for all rules.

use crate::table::InboundView;
use smallvec::SmallVec;

/// The longest host, with its port, that is kept without allocating.
const LONGEST: usize = 256;

/// What policies compare.
pub(super) struct Facts<'a> {
    pub(super) view: &'a InboundView<'a>,
    /// The calling workload's namespace.
    pub(super) namespace: Option<&'a str>,
    /// The calling workload's service account, by namespace and name.
    pub(super) account: Option<(&'a str, &'a str)>,
    /// The host as received, in lower case.
    host: SmallVec<[u8; LONGEST]>,
}

impl<'a> Facts<'a> {
    /// `asks_host`: whether anything will ask for the host.
    pub(super) fn of(view: &'a InboundView<'a>, asks_host: bool) -> Self {
        let mut host = SmallVec::new();
        if let Some(request) = view.request.as_ref().filter(|_| asks_host) {
            host.extend_from_slice(request.authority.as_bytes());
            host.make_ascii_lowercase();
        }
        Self {
            view,
            namespace: view.peer.and_then(|peer| namespace_of(peer.path())),
            account: view.peer.and_then(|peer| peer.workload()),
            host,
        }
    }

    /// The host as received, in lower case.
    pub(super) fn host(&self) -> &[u8] {
        &self.host
    }

    /// The host without its port, and without the dot that a full name may end in.
    pub(super) fn bare_host(&self) -> &[u8] {
        let is_port = |port: &[u8]| !port.is_empty() && port.iter().all(u8::is_ascii_digit);
        let colon = self.host.iter().rposition(|byte| *byte == b':');
        let host = match colon {
            Some(colon) if is_port(&self.host[colon + 1..]) => &self.host[..colon],
            _ => &self.host[..],
        };
        host.strip_suffix(b".").unwrap_or(host)
    }
}

/// The namespace in the path of an identity: `/ns/<namespace>/…`.
fn namespace_of(path: &str) -> Option<&str> {
    path.strip_prefix("/ns/")?.split_once('/').map(|(namespace, _)| namespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::RequestView;
    use http::Request;

    #[test]
    fn a_host_means_the_same_without_its_port() {
        for (authority, host, bare) in [
            ("Shop.example.com:8080", "shop.example.com:8080", "shop.example.com"),
            ("shop.example.com.:80", "shop.example.com.:80", "shop.example.com"),
            ("shop", "shop", "shop"),
            ("[::1]", "[::1]", "[::1]"),
            ("[::1]:80", "[::1]:80", "[::1]"),
            ("shop:", "shop:", "shop:"),
        ] {
            let request = Request::new(());
            let request = RequestView { authority, ..RequestView::outbound(&request) };
            let view = InboundView {
                source: None,
                remote: None,
                destination: None,
                port: 80,
                server_name: None,
                peer: None,
                claims: None,
                request: Some(request),
            };
            let facts = Facts::of(&view, true);
            assert_eq!((facts.host(), facts.bare_host()), (host.as_bytes(), bare.as_bytes()));
        }
    }
}
