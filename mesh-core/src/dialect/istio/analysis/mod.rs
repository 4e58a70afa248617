//! What is wrong between documents that are each right by themselves, with the codes of `istioctl analyze`.

mod destination_rules;
mod destinations;
mod gateways;
mod registry;
mod subject;
mod virtual_services;

use super::{Setting, Site};
use crate::{
    document::{Body, Document, Fault},
    model::Model,
};
use registry::Registry;
use subject::Subject;

/// Finds what is wrong between documents; every fault has a code, which those of one document by itself do not have.
///
/// `documents` are those that `model` was assembled from, in the same order of precedence.
///
/// | code | severity | what is told |
/// |---|---|---|
/// | IST0101 | error | a VirtualService names a host, a subset or a gateway that nobody describes |
/// | IST0109 | error | several VirtualServices route one host in the mesh |
/// | IST0112 | error | a destination names no port of a service that has several |
/// | IST0132 | warning | a Gateway serves none of the hosts of a VirtualService that names it |
/// | IST0145 | error | several Gateways serve one host on one port of the same workloads |
/// | IST0173 | error | a subset selects none of its service's endpoints |
/// | IST0174 | warning | a DestinationRule is for a host that nobody describes |
/// | KIA1104 | warning | the only destination of a rule has a weight, which means nothing |
/// | KIA1105 | warning | a rule names one destination twice |
///
/// None of these keeps a document from serving, errors included. As with `istioctl analyze`, any unknown host is told,
/// one outside the mesh too: a ServiceEntry makes it known. But documents may be a fragment, whose other half is
/// elsewhere, so a reference is told only where there are services, or objects of the kind that it names.
///
/// Two rules differ from Istio's. A wildcard beside a narrower host is no conflict for IST0109, because the narrower
/// one wins. The selectors of two Gateways conflict for IST0145 when one selects all workloads of the other, whether
/// or not there is any.
#[must_use]
pub fn analyze<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    model: &Model,
    setting: &Setting,
) -> Vec<Fault> {
    let (mut rules, mut subsets, mut doors, mut entries) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for document in documents {
        let subject = || Subject::new(document, setting);
        match &document.body {
            Body::VirtualService(written) => rules.push((subject(), &**written)),
            Body::DestinationRule(written) => subsets.push((subject(), &**written)),
            Body::Gateway(written) => doors.push((subject(), &**written)),
            Body::ServiceEntry(written) => entries.push(&**written),
            _ => {}
        }
    }
    let registry = Registry::new(model, &entries);
    let mut faults = Vec::new();
    for (subject, written) in &rules {
        destinations::check(subject, written, &registry, &mut faults);
        virtual_services::check_gateways(subject, written, &registry, &mut faults);
    }
    virtual_services::check_owners(&rules, &mut faults);
    gateways::check(&doors, &mut faults);
    for (subject, written) in &subsets {
        destination_rules::check(subject, written, &registry, &mut faults);
    }
    faults
}
