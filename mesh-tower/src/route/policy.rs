//! Where a request is looked at, and by which table it is decided.

use crate::{Arrival, Kind, Routed, Token};
use http::Request;
use mesh_core::table::{Decision, RequestView, Snapshot};
use std::sync::Arc;

/// Where requests are decided.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In the service that sends them.
    Mesh,
    /// At a listener of a gateway.
    Gateway { port: u16, is_tls: bool },
}

/// The table's decision about a request. `roll` is any random number.
///
/// A destination that does not exist is found missing further down: faults are injected before anybody looks for it.
pub(super) fn judge<B>(
    snapshot: Arc<Snapshot>,
    request: &Request<B>,
    place: Place,
    roll: u32,
) -> Result<Routed, Kind> {
    let view = match place {
        Place::Mesh => RequestView::outbound(request),
        Place::Gateway { port, is_tls } => RequestView::at_gateway(request, port, is_tls),
    };
    let view = view.with_claims(request.extensions().get::<Token>().map(|token| &**token));
    if let Place::Gateway { port, is_tls: true } = place
        && is_misdirected(&snapshot, request, port, view.host())
    {
        return Err(Kind::Misdirected);
    }
    let decision = snapshot.choose(&view, roll);
    if let Decision::Refuse(refusal) = decision {
        return Err(refusal.into());
    }
    let routed = Routed::new(snapshot, decision, view.port);
    Ok(match place {
        Place::Mesh => routed,
        Place::Gateway { is_tls, .. } => routed.at_gateway(is_tls),
    })
}

/// Whether the connection that a request came over was made for other hosts; nobody knows of one without an [`Arrival`].
fn is_misdirected<B>(snapshot: &Snapshot, request: &Request<B>, port: u16, host: &str) -> bool {
    let Some(arrival) = request.extensions().get::<Arrival>() else { return false };
    let listener = snapshot.listeners().iter().find(|listener| listener.port == port);
    listener.is_some_and(|listener| listener.misdirects(arrival.server_name(), host))
}
