//! Documents of the Gateway API, said in Istio's words: its Gateways and HTTPRoutes become Gateways and VirtualServices.
//!
//! It is done as Istio's control plane does it: each listener becomes a Gateway of its own, and each host of a listener
//! a VirtualService with the rules of all HTTPRoutes for it, in the Gateway API's order of precedence. What a
//! VirtualService cannot say is an error, and says why.

mod attach;
mod filters;
mod order;
mod rules;
#[cfg(test)]
mod tests;

use crate::documents::{full_name, is_kind, name, namespace};
use serde_json::Value;

/// The API group of the Gateway API.
pub(crate) const GROUP: &str = "gateway.networking.k8s.io";

/// The label of the workloads that act as a Gateway, with its name.
pub(crate) const GATEWAY_LABEL: &str = "gateway.networking.k8s.io/gateway-name";

/// Says documents in Istio's words; those of other kinds stay as they are.
///
/// # Errors
/// What a VirtualService cannot say.
pub(crate) fn convert(documents: &[Value]) -> Result<Vec<Value>, String> {
    let cluster = Cluster { documents };
    let others = documents.iter().filter(|document| {
        let version = document["apiVersion"].as_str().unwrap_or_default();
        !version.starts_with(GROUP)
    });
    let mut converted: Vec<Value> = others.cloned().collect();
    converted.extend(attach::gateways(cluster)?);
    converted.extend(attach::services(cluster)?);
    Ok(converted)
}

/// Everything that was written.
#[derive(Clone, Copy)]
struct Cluster<'a> {
    documents: &'a [Value],
}

impl<'a> Cluster<'a> {
    /// The documents of a kind of the Gateway API.
    fn of_kind(self, kind: &'static str) -> impl Iterator<Item = &'a Value> {
        self.documents.iter().filter(move |document| is_kind(document, GROUP, kind))
    }

    /// Whether there is a Service of this name.
    fn has_service(self, wanted: &str, of: &str) -> bool {
        let services = self.documents.iter().filter(|document| is_kind(document, "", "Service"));
        services.into_iter().any(|service| name(service) == wanted && namespace(service) == of)
    }

    /// Whether a ReferenceGrant lets HTTPRoutes of one namespace name a Service of another.
    fn grants(self, from: &str, service: &str, of: &str) -> bool {
        let mut grants = self.of_kind("ReferenceGrant").filter(|grant| namespace(grant) == of);
        grants.any(|grant| {
            let mut sources = grant["spec"]["from"].as_array().into_iter().flatten();
            let mut targets = grant["spec"]["to"].as_array().into_iter().flatten();
            sources.any(|source| {
                source["group"] == GROUP && source["kind"] == "HTTPRoute" && source["namespace"] == from
            }) && targets.any(|target| {
                let is_any = target["name"].is_null();
                target["group"] == "" && target["kind"] == "Service" && (is_any || target["name"] == service)
            })
        })
    }

    /// The full name of a backend that exists, and that HTTPRoutes of `from` may name.
    fn backend(self, reference: &Value, from: &str) -> Result<Option<String>, String> {
        let called = reference["name"].as_str().unwrap_or_default();
        match (reference["group"].as_str(), reference["kind"].as_str()) {
            (Some("networking.istio.io"), Some("Hostname")) => Ok(Some(called.to_owned())),
            (None | Some(""), None | Some("Service")) => {
                let of = reference["namespace"].as_str().unwrap_or(from);
                let may = of == from || self.grants(from, called, of);
                Ok((may && self.has_service(called, of)).then(|| full_name(called, of)))
            }
            (_, kind) => Err(format!("backends of kind {}", kind.unwrap_or("Service of another group"))),
        }
    }
}
