//! Whether a request passes.

use crate::{Error, Kind, context::Place};
use http::Request;
use mesh_core::table::{Inbound, InboundView};

/// Lets a request pass, or says in Envoy's words which policy does not.
pub(super) fn judge<B>(inbound: &Inbound, request: &Request<B>, place: Place) -> Result<(), Error> {
    let view = place.view(request, inbound.trusted_proxies());
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
