//! How calls are secured, in words.

use super::build::address_and_port;
use crate::{
    identity::{Authorities, ClientHandshake, ClientTls, MeshTls, OtherTls},
    model::CertificateSource,
    table::{request::RequestView, secured::Secured, snapshot::Backend},
};

/// How the connections for a request are secured; `None` when they are in plain text.
pub(super) fn secured_in_words(backend: &Backend, request: &RequestView<'_>) -> Option<String> {
    match &backend.secured {
        Secured::All(handshake) => Some(handshake_in_words(handshake)),
        Secured::WhereTaken(handshake) => {
            let (taking, others): (Vec<_>, Vec<_>) =
                backend.endpoints.iter().partition(|endpoint| endpoint.takes_mesh_tls);
            let words = handshake_in_words(handshake);
            if others.is_empty() {
                return Some(words);
            }
            let taking = taking.iter().map(|endpoint| address_and_port(&endpoint.address, endpoint.port));
            let taking: Vec<_> = taking.collect();
            Some(format!("{words}; at {} alone, the others are called in plain text", taking.join(", ")))
        }
        Secured::Plain => by_url_in_words(request),
    }
}

/// How they are if the request's own URL asks for that, and nobody else does.
pub(super) fn by_url_in_words(request: &RequestView<'_>) -> Option<String> {
    let asks = request.listener.is_none() && request.scheme == "https";
    asks.then(|| handshake_in_words(&ClientHandshake::of_url()))
}

fn handshake_in_words(handshake: &ClientHandshake) -> String {
    match handshake.tls() {
        ClientTls::Mesh(mesh) => mesh_in_words(mesh),
        ClientTls::Other(other) => other_in_words(other),
    }
}

fn mesh_in_words(mesh: &MeshTls) -> String {
    let peers = match &mesh.peers.ids {
        Some(ids) if ids.is_empty() => "of nobody: subjectAltNames has no SPIFFE id".to_owned(),
        Some(ids) => format!("of {}", ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")),
        None => {
            let domains: Vec<_> = mesh.peers.domains.iter().map(ToString::to_string).collect();
            format!("of any workload of {}", domains.join(" or "))
        }
    };
    let name = mesh.server_name.as_deref().unwrap_or("no name");
    format!("mutual TLS of the mesh, asks for {name}, {peers}")
}

fn other_in_words(other: &OtherTls) -> String {
    let shown = match &other.credential {
        None => String::new(),
        Some(CertificateSource::Secret(name)) => format!(", shows the secret {name}"),
        Some(CertificateSource::Files { certificate, .. }) => format!(", shows {}", certificate.display()),
    };
    let asked = other.server_name.as_deref().unwrap_or("the request's host");
    let names = match &*other.names {
        [] => String::new(),
        names => format!(", of {}", names.join(" or ")),
    };
    let believed = match &other.authorities {
        Authorities::System => "the authorities of the system".to_owned(),
        Authorities::File(path) => format!("the authorities in {}", path.display()),
        Authorities::Secret(name) => format!("the authorities of the secret {name}"),
        Authorities::Anybody => "anybody".to_owned(),
    };
    format!("TLS{shown}, asks for {asked}{names}, believes {believed}")
}
