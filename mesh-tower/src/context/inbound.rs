//! An inbound request as policies look at it.

use super::{Arrival, PeerAddress};
use http::Request;
use mesh_core::table::{InboundView, RequestView};

/// The view of a request that came to this workload.
pub(crate) fn inbound_view<B>(request: &Request<B>) -> InboundView<'_> {
    let arrival = request.extensions().get::<Arrival>();
    let peer = || request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
    let port = arrival.map_or(0, |arrival| arrival.local().port());
    let is_tls = arrival.is_some_and(Arrival::is_tls);
    InboundView {
        source: arrival.map(|arrival| arrival.peer().ip()).or_else(peer),
        remote: None,
        destination: arrival.map(|arrival| arrival.local().ip()),
        port,
        server_name: arrival.and_then(Arrival::server_name),
        peer: arrival.and_then(Arrival::identity).map(|identity| &identity.id),
        claims: None,
        request: Some(RequestView::at_workload(request, port, is_tls)),
    }
}
