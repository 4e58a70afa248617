//! What an authorization service is told of a request.

use super::body::Begun;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Version};
use mesh_core::table::InboundView;
use std::net::IpAddr;

/// Says whether what is told of a body is only its beginning.
pub(super) const PARTIAL_BODY: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");

/// A request that is asked about: copies, since the request itself waits meanwhile.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) method: Method,
    pub(super) version: Version,
    /// With its query.
    pub(super) path: String,
    pub(super) authority: String,
    pub(super) scheme: String,
    pub(super) headers: HeaderMap,
    /// How long its body is, if that is known.
    pub(super) size: Option<u64>,
    /// What of its body is told, if anything.
    pub(super) body: Option<Told>,
    pub(super) source: Side,
    pub(super) destination: Side,
}

/// What of a body is told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) bytes: Bytes,
    pub(super) is_partial: bool,
}

/// One end of the connection that a request came over.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
    /// Who it is, as mutual TLS has verified.
    pub(super) principal: String,
}

impl Subject {
    /// A request, as policies see it.
    pub(super) fn new<B>(
        head: &Request<B>,
        view: &InboundView<'_>,
        size: Option<u64>,
        source_port: u16,
    ) -> Self {
        let request = view.request;
        let path = head.uri().path_and_query().map_or("/", |path| path.as_str());
        let principal = view.peer.map(ToString::to_string).unwrap_or_default();
        Self {
            method: head.method().clone(),
            version: head.version(),
            path: path.to_owned(),
            authority: request.map(|request| request.authority.to_owned()).unwrap_or_default(),
            scheme: request.map(|request| request.scheme.to_owned()).unwrap_or_default(),
            headers: head.headers().clone(),
            size,
            body: None,
            source: Side { address: view.source, port: source_port, principal },
            destination: Side { address: view.destination, port: view.port, principal: String::new() },
        }
    }

    /// The same, with the beginning of its body.
    pub(super) fn with_body(self, begun: &Begun) -> Self {
        let told = Told { bytes: begun.bytes.clone(), is_partial: begun.is_partial };
        Self { body: Some(told), ..self }
    }
}
