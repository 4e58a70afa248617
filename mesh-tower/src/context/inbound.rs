//! What came to this process, as policies look at it.

use super::{Arrival, PeerAddress, Token};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use mesh_core::table::{InboundView, RequestView};
use std::net::IpAddr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where requests come in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// At a workload.
    Workload,
    /// At a listener of a gateway.
    Gateway { port: u16, is_tls: bool },
}

impl Place {
    /// The view of a request that came in here; so many proxies are believed about who their client is.
    pub(crate) fn view<B>(self, request: &Request<B>, trusted_proxies: u32) -> InboundView<'_> {
        match self {
            Self::Workload => inbound_view(request, trusted_proxies),
            Self::Gateway { port, is_tls } => gateway_view(request, port, is_tls, trusted_proxies),
        }
    }
}

/// The view of a request that came to this workload; so many proxies are believed about who their client is.
fn inbound_view<B>(request: &Request<B>, trusted_proxies: u32) -> InboundView<'_> {
    let view = connection_view(request.extensions().get::<Arrival>());
    let is_tls = request.extensions().get::<Arrival>().is_some_and(Arrival::is_tls);
    let source = view.source.or_else(|| Some(request.extensions().get::<PeerAddress>()?.0.ip()));
    let client = trusted_proxies.checked_sub(1).and_then(|last| client(request.headers(), last));
    InboundView {
        source,
        remote: client.or(source),
        claims: request.extensions().get::<Token>().map(|token| &**token),
        request: Some(RequestView::inbound(request, view.port, is_tls)),
        ..view
    }
}

/// The view of a request that came to a gateway's `port`, which has added its own client to those that others tell of.
fn gateway_view<B>(request: &Request<B>, port: u16, is_tls: bool, trusted_proxies: u32) -> InboundView<'_> {
    let view = inbound_view(request, trusted_proxies.saturating_add(1));
    // Nobody is believed about whom where nobody stands between.
    let remote = if trusted_proxies == 0 { view.source } else { view.remote };
    let request = RequestView::at_gateway(request, port, is_tls);
    InboundView { port, remote, request: Some(request), ..view }
}

/// The view of a connection of which nothing else is known.
pub(crate) fn connection_view(arrival: Option<&Arrival>) -> InboundView<'_> {
    let source = arrival.map(|arrival| arrival.peer().ip());
    InboundView {
        source,
        remote: source,
        destination: arrival.map(|arrival| arrival.local().ip()),
        port: arrival.map_or(0, |arrival| arrival.local().port()),
        server_name: arrival.and_then(Arrival::server_name),
        peer: arrival.and_then(Arrival::identity).map(|identity| &identity.id),
        claims: None,
        request: None,
    }
}

/// The address that is told of before so many others; `None` when there are not so many, or it is no address.
fn client(headers: &HeaderMap, others: u32) -> Option<IpAddr> {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let texts = lines.flat_map(|line| HeaderValue::to_str(line).unwrap_or_default().rsplit(','));
    texts.map(str::trim).nth(usize::try_from(others).ok()?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn request(lines: &[&str]) -> Request<()> {
        let peer = SocketAddr::from(([10, 0, 0, 9], 4711));
        let mut request =
            Request::get("/").extension(Arrival::new(peer, ([10, 0, 0, 1], 80).into())).body(()).unwrap();
        for line in lines {
            request.headers_mut().append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        request
    }

    #[test]
    fn who_is_believed_tells_of_the_client_before_it() {
        for (lines, trusted, expected) in [
            (&["1.1.1.1, 2.2.2.2", "3.3.3.3"][..], 0, "10.0.0.9"),
            (&["1.1.1.1, 2.2.2.2", "3.3.3.3"], 1, "3.3.3.3"),
            (&["1.1.1.1, 2.2.2.2", "3.3.3.3"], 2, "2.2.2.2"),
            (&["1.1.1.1, 2.2.2.2", "3.3.3.3"], 3, "1.1.1.1"),
            (&["1.1.1.1, 2.2.2.2", "3.3.3.3"], 4, "10.0.0.9"),
            (&["1.1.1.1, nobody"], 1, "10.0.0.9"),
            (&["2001:db8::1"], 1, "2001:db8::1"),
            (&[], 1, "10.0.0.9"),
        ] {
            let request = request(lines);
            let view = inbound_view(&request, trusted);
            assert_eq!(view.remote, expected.parse().ok(), "{lines:?} {trusted}");
            assert_eq!((view.source, view.port), (Some([10, 0, 0, 9].into()), 80));
        }
    }

    #[test]
    fn a_gateway_has_told_of_its_own_client() {
        for (lines, trusted, expected) in [
            (&["1.1.1.1, 10.0.0.9"], 0, "10.0.0.9"),
            (&["1.1.1.1, 10.0.0.9"], 1, "1.1.1.1"),
            (&["1.1.1.1, 10.0.0.9"], 2, "10.0.0.9"),
        ] {
            let request = request(lines);
            let view = gateway_view(&request, 443, true, trusted);
            assert_eq!((view.remote, view.port), (expected.parse().ok(), 443), "{trusted}");
        }
    }
}
