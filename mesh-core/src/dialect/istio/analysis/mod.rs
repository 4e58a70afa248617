//! What is wrong between documents that are each right by themselves, with the codes of `istioctl analyze`.

mod asked_services;
mod attachments;
mod authorization;
mod client_tls;
mod delegates;
mod deployments;
mod destination_rules;
mod destinations;
mod documents;
mod gateway_ports;
mod gateways;
mod hosts;
mod ingress;
mod overlaps;
mod owners;
mod registry;
mod secrets;
mod service_entries;
mod services;
mod shared_certificates;
mod sidecars;
mod subject;
mod telemetries;
mod tokens;
mod workloads;

use super::{Setting, Site};
use crate::{
    document::{Document, Fault},
    model::Model,
};
use documents::Documents;
use registry::Registry;
use services::Selecting;

/// Finds what is wrong between documents, and what Istio warns of in one that is right; every fault has a code.
///
/// `documents` are those that `model` was assembled from, in the same order of precedence, and among them those that
/// are refused, as they were written, and those of other people's kinds: what is refused is there all the same, and
/// what refers to it is not wrong.
///
/// | code | severity | what is told |
/// |---|---|---|
/// | IST0101 | error | a VirtualService names a host, a subset, a gateway or a delegate that nobody describes, or a Gateway a secret; a MeshConfig or a RateLimit names a service, or a policy or a Telemetry an extension provider, that is not there; a Telemetry selects no workload |
/// | IST0109 | error | several VirtualServices route one host in the mesh |
/// | IST0110 | error | several Sidecars select one workload |
/// | IST0111 | error | several Sidecars of one namespace have no selector |
/// | IST0112 | error | a destination names no port of a service that has several |
/// | IST0116 | warning | several services reach one port of a workload by different protocols |
/// | IST0118 | info | the name of a Service's port does not tell its protocol |
/// | IST0127 | warning | a Gateway, a Sidecar, a ServiceEntry or an AuthorizationPolicy selects no workload |
/// | IST0128 | warning | a DestinationRule starts TLS and names no authorities to check the server by |
/// | IST0129 | warning | the same, for one port |
/// | IST0130 | warning | a rule of a VirtualService is never reached |
/// | IST0131 | info | a match of a rule has no effect |
/// | IST0132 | warning | a Gateway serves none of the hosts of a VirtualService that names it |
/// | IST0134 | warning | a ServiceEntry has a TCP port and no addresses |
/// | IST0137 | warning | several services reach one port of a workload by different ports of theirs |
/// | IST0138 | warning | several Gateways of the same workloads serve one certificate |
/// | IST0140 | warning | a Gateway sends requests to a host whose subsets only rules of the mesh choose |
/// | IST0145 | error | several Gateways serve one host on one port of the same workloads |
/// | IST0149 | error | rules look at claims of tokens that nobody verifies at their gateway |
/// | IST0150 | warning | the name of an ExternalName service's port does not tell a protocol |
/// | IST0157 | warning | a Telemetry writes logs for nobody |
/// | IST0159 | error | several Telemetries select one workload |
/// | IST0160 | error | several Telemetries of one namespace have no selector |
/// | IST0161 | error | a Gateway's secret lacks the certificate, its key or the clients' authorities |
/// | IST0162 | warning | no Service of a Gateway's workloads leads to its port |
/// | IST0165 | warning | a VirtualService names a Gateway that Istio generates |
/// | IST0173 | error | a subset selects none of its service's endpoints |
/// | IST0174 | warning | a DestinationRule is for a host that nobody describes |
/// | IST0175 | warning | keys of tokens come from a host that nobody describes, and any host may be asked |
/// | IST0177 | warning | ServiceEntries give one port of a host different protocols |
/// | KIA0105 | error | an AuthorizationPolicy asks for identities where nobody proves one |
/// | KIA0108 | error | an AuthorizationPolicy names a trust domain that nobody is of |
/// | KIA0201 | warning | several DestinationRules say the same of one host |
/// | KIA1104 | warning | the only destination of a rule has a weight, which means nothing |
/// | KIA1105 | warning | a rule names one destination twice |
///
/// [`translate`](crate::dialect::translate) tells IST0130, IST0131 and IST0134, for which one document is enough.
///
/// None of these keeps a document from serving, errors included. As with `istioctl analyze`, any unknown host is told,
/// one outside the mesh too: a ServiceEntry makes it known. But documents may be a fragment, whose other half is
/// elsewhere, so a reference is told only where there are services, or objects of the kind that it names: a secret
/// where there are certificates in secrets, a workload where there are workloads in the namespace.
///
/// What runs is known from WorkloadEntries, and from Pods, Deployments, StatefulSets and DaemonSets, which serve for
/// nothing else. Of a Secret the names of its keys are known, and no value.
///
/// Some rules differ from Istio's. A wildcard beside a narrower one is worth knowing for IST0109 and no more, because
/// the narrower wins. The selectors of two Gateways conflict for IST0145 when one selects all workloads of the other,
/// whether or not there is any. IST0127 stands for every selector but a Telemetry's; Istio has IST0101 for some more.
#[must_use]
pub fn analyze<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    model: &'a Model,
    setting: &'a Setting,
) -> Vec<Fault> {
    let documents = Documents::of(documents, setting);
    let registry = Registry::new(model, &documents);
    let mut faults = Vec::new();
    for (subject, written) in &documents.virtual_services {
        destinations::check(subject, written, &registry, &mut faults);
        attachments::check(subject, written, &registry, &mut faults);
    }
    owners::check(&documents.virtual_services, &mut faults);
    delegates::check(&documents.virtual_services, registry.has_services(), &mut faults);
    ingress::check(&documents.virtual_services, &mut faults);
    for (subject, written) in &documents.destination_rules {
        destination_rules::check(subject, written, &registry, &documents.workloads, &mut faults);
        client_tls::check(subject, written, &mut faults);
    }
    destination_rules::check_repeated(&documents.destination_rules, &mut faults);
    gateways::check(&documents.gateways, &mut faults);
    shared_certificates::check(&documents.gateways, &mut faults);
    asked_services::check(&documents, &registry, &mut faults);
    secrets::check(&documents, &mut faults);
    sidecars::check(&documents, &mut faults);
    telemetries::check(&documents, model, &mut faults);
    service_entries::check(&documents, &mut faults);
    tokens::check_claims(&documents, &model.root_namespace, &mut faults);
    tokens::check_keys(&documents, model, &registry, &mut faults);
    authorization::check(&documents, model, &mut faults);
    services::check(&documents.services, &mut faults);
    let services = Selecting::new(&documents.services);
    gateway_ports::check(&documents, &services, &mut faults);
    deployments::check(&documents, &services, &mut faults);
    faults
}
