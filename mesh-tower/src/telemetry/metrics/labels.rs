//! Istio's labels.

use super::{
    Own,
    key::{Route, UNKNOWN, host, is_secured, principal, route},
};
use crate::event::{Exchange, Side, Workload};
use mesh_core::identity::SpiffeId;
use metrics::Label;

/// The service that a request was for.
struct Service<'a> {
    host: &'a str,
    name: &'a str,
    namespace: &'a str,
}

/// The labels of a request's metrics, in Istio's order; `is_folded` when nothing is told but how it ended.
pub(super) fn of(exchange: &Exchange, own: &Own, is_folded: bool) -> Vec<Label> {
    let stranger = Workload::default();
    let told = exchange.peer.as_deref().filter(|_| !is_folded);
    let by_endpoint = (told.is_none() && !is_folded).then(|| workload_of_endpoint(exchange)).flatten();
    let peer = told.or(by_endpoint.as_ref()).unwrap_or(&stranger);
    let theirs = principal(exchange).filter(|_| !is_folded).map_or(UNKNOWN, |id| id.as_str());
    // Who proves to the other end who it is has seen who that is, and the other way round.
    let mine = own.principal().filter(|_| theirs != UNKNOWN);
    let mine = mine.as_deref().unwrap_or(UNKNOWN);
    // What a certificate proves comes before what a peer says, as in Istio.
    let proven = principal(exchange).filter(|_| !is_folded).and_then(SpiffeId::workload);
    let namespace = proven.map_or(peer.namespace(), |(namespace, _)| namespace);
    let (source_namespace, destination_namespace) = match exchange.side {
        Side::Client => (own.workload.namespace(), namespace),
        Side::Server => (namespace, own.workload.namespace()),
    };
    let (source, destination) = match exchange.side {
        Side::Client => ((&*own.workload, mine), (peer, theirs)),
        Side::Server => ((peer, theirs), (&*own.workload, mine)),
    };
    let service = match exchange.side {
        _ if is_folded => Service { host: UNKNOWN, name: UNKNOWN, namespace: UNKNOWN },
        Side::Client => called(exchange),
        Side::Server => Service::named(&own.service),
    };
    let security = match exchange.side {
        Side::Client => UNKNOWN,
        Side::Server if is_secured(exchange) => "mutual_tls",
        Side::Server => "none",
    };
    let label = |name: &'static str, value: &str| Label::new(name, value.to_owned());
    let mut labels = vec![
        Label::from_static_parts("reporter", Own::reporter(exchange.side)),
        label("source_workload", source.0.name()),
        label("source_canonical_service", source.0.canonical_service()),
        label("source_canonical_revision", source.0.canonical_revision()),
        label("source_workload_namespace", source_namespace),
        label("source_principal", source.1),
        label("source_app", source.0.app()),
        label("source_version", source.0.version()),
        label("source_cluster", source.0.cluster()),
        label("destination_workload", destination.0.name()),
        label("destination_workload_namespace", destination_namespace),
        label("destination_principal", destination.1),
        label("destination_app", destination.0.app()),
        label("destination_version", destination.0.version()),
        label("destination_service", service.host),
        label("destination_canonical_service", destination.0.canonical_service()),
        label("destination_canonical_revision", destination.0.canonical_revision()),
        label("destination_service_name", service.name),
        label("destination_service_namespace", service.namespace),
        label("destination_cluster", destination.0.cluster()),
    ];
    labels.extend(how_it_ended(exchange, security));
    let operation = own.operations.of(exchange).map(|name| if is_folded { UNKNOWN } else { name });
    labels.extend(operation.map(|name| label("operation", name)));
    labels
}

/// The labels that say how it ended: connections have no codes.
fn how_it_ended(exchange: &Exchange, security: &'static str) -> Vec<Label> {
    let protocol = match exchange {
        Exchange { is_connection: true, .. } => "tcp",
        Exchange { is_grpc: true, .. } => "grpc",
        _ => "http",
    };
    let code = exchange.status.map_or(0, |status| status.as_u16());
    let grpc_status = exchange.grpc_status.filter(|_| exchange.is_grpc);
    let grpc_status = grpc_status.map(|code| code.to_string()).unwrap_or_default();
    let codes =
        [Label::new("response_code", code.to_string()), Label::new("grpc_response_status", grpc_status)];
    let mut labels = vec![Label::from_static_parts("request_protocol", protocol)];
    labels.extend(codes.into_iter().filter(|_| !exchange.is_connection));
    labels.push(Label::new("response_flags", exchange.flags.to_string()));
    labels.push(Label::from_static_parts("connection_security_policy", security));
    labels
}

/// What the documents say of an endpoint that has not told who it is.
fn workload_of_endpoint(exchange: &Exchange) -> Option<Workload> {
    let endpoint = exchange.endpoint()?;
    let service = Service::named(exchange.backend.as_ref()?.name.host.as_str());
    let namespace = if service.namespace == UNKNOWN { "" } else { service.namespace };
    Some(Workload {
        namespace: namespace.into(),
        labels: endpoint.labels.as_ref().clone(),
        ..Workload::default()
    })
}

/// The service that a call was for.
fn called(exchange: &Exchange) -> Service<'_> {
    if let Some(backend) = &exchange.backend {
        return Service::named(backend.name.host.as_str());
    }
    let host = host(exchange);
    match route(exchange) {
        Route::Passes => Service { host, name: "PassthroughCluster", namespace: UNKNOWN },
        Route::Refused => Service { host, name: "BlackHoleCluster", namespace: UNKNOWN },
        Route::Nowhere => Service { host, name: UNKNOWN, namespace: UNKNOWN },
    }
}

impl<'a> Service<'a> {
    /// The service that has this host. Those of Kubernetes have their name and namespace in it; of others the host is the
    /// name.
    fn named(host: &'a str) -> Self {
        let mut parts = host.split('.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(namespace), Some("svc")) => Self { host, name, namespace },
            _ if host.is_empty() => Self { host: UNKNOWN, name: UNKNOWN, namespace: UNKNOWN },
            _ => Self { host, name: host, namespace: UNKNOWN },
        }
    }
}

impl Own {
    /// Who this workload's certificate says it is.
    pub(in crate::telemetry) fn principal(&self) -> Option<String> {
        self.identity.current().map(|credentials| credentials.id.as_str().to_owned())
    }
}
