//! Whether a request passes.

use crate::{
    Error, Kind,
    context::{gateway_view, inbound_view},
};
use http::Request;
use mesh_core::table::{Inbound, InboundView};

/// Where requests come in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// At a workload.
    Workload,
    /// At a listener of a gateway.
    Gateway { port: u16, is_tls: bool },
}

/// Lets a request pass, or says in Envoy's words which policy does not.
pub(super) fn judge<B>(inbound: &Inbound, request: &Request<B>, place: Place) -> Result<(), Error> {
    let trusted = inbound.trusted_proxies();
    let view = match place {
        Place::Workload => inbound_view(request, trusted),
        Place::Gateway { port, is_tls } => gateway_view(request, port, is_tls, trusted),
    };
    note(inbound, &view);
    let verdict = inbound.authorize(&view);
    match verdict.is_allowed() {
        true => Ok(()),
        false => Err(Error::because(Kind::AccessDenied, verdict.to_string())),
    }
}

/// Logs what changes nothing.
fn note(inbound: &Inbound, view: &InboundView<'_>) {
    if let Some(rule) = inbound.audit(view) {
        let caller = view.peer.map(|peer| peer.as_str()).unwrap_or_default();
        let (method, path) = view.request.map(|request| (request.method, request.path)).unzip();
        tracing::info!(%rule, caller, method, path, "audited");
    }
    if let Some(verdict) = inbound.dry_run(view) {
        tracing::debug!(details = %verdict, "dry run");
    }
}
