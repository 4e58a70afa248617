//! A document that is looked at, and what is said about it.

use super::{Setting, Site};
use crate::{
    dialect::{check::Check, codes::Finding},
    document::{Delegate, Document, Fault, Metadata, Path, Place},
    model::{Export, GatewayName, HostPattern},
};
use std::{cell::OnceCell, sync::Arc};

/// Where every object says what it is about.
pub(super) const SPEC: Path<'static> = Path::Field(&Path::Root, "spec");

/// How many of those that are in conflict with one are named.
pub(super) const MOST_NAMED: usize = 4;

/// A document among the others.
pub(super) struct Subject<'a> {
    document: &'a Document,
    setting: &'a Setting,
    /// Takes the complaints about names, which were told when the document was read. Most documents need none.
    check: OnceCell<Check<'a>>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(document: &'a Document, setting: &'a Setting) -> Self {
        Self { document, setting, check: OnceCell::new() }
    }

    pub(super) fn namespace(&self) -> &'a str {
        &self.document.metadata.namespace
    }

    /// Its name, labels and annotations.
    pub(super) fn metadata(&self) -> &'a Metadata {
        &self.document.metadata
    }

    /// Where the document starts.
    pub(super) fn place(&self) -> &'a Place {
        &self.document.place
    }

    /// `namespace/name`.
    fn name(&self) -> String {
        format!("{}/{}", self.document.metadata.namespace, self.document.metadata.name)
    }

    /// `namespace/name (file:line)`.
    pub(super) fn introduction(&self) -> String {
        format!("{} ({})", self.name(), self.document.place)
    }

    /// The full name of the service that this document is, if it is one of Kubernetes'.
    pub(super) fn service_name(&self) -> String {
        let Metadata { name, namespace, .. } = self.metadata();
        self.site().service_name(name, namespace)
    }

    /// The VirtualService that a delegate means in this document, by its namespace and name.
    pub(super) fn delegate(&self, written: &Delegate) -> (Arc<str>, Arc<str>) {
        self.site().delegate(written)
    }

    /// The host that a name means in this document.
    pub(super) fn host(&self, name: &str) -> Option<HostPattern> {
        HostPattern::parse(&self.site().full_name(name)).ok()
    }

    /// The full form of a host's name in this document.
    pub(super) fn full_name(&self, name: &str) -> String {
        self.site().full_name(name)
    }

    /// The gateway that a name means in this document.
    pub(super) fn gateway(&self, name: &str) -> Option<GatewayName> {
        self.site().gateway(&SPEC, name)
    }

    /// The namespaces that this document is for.
    pub(super) fn export(&self, written: &[String]) -> Export {
        self.site().export(&SPEC, written, false)
    }

    /// A finding about one of this document's fields.
    pub(super) fn fault(&self, path: &Path<'_>, finding: Finding) -> Fault {
        finding.at(self.document, path)
    }

    fn site(&self) -> Site<'_> {
        let check = self.check.get_or_init(|| Check::new(self.document));
        Site { check, metadata: &self.document.metadata, setting: self.setting, spec: &SPEC }
    }
}

/// Whether some namespace sees both.
pub(super) fn meet(one: &Export, other: &Export) -> bool {
    match (one, other) {
        (Export::To(some), other) | (other, Export::To(some)) => {
            some.iter().any(|namespace| other.reaches(namespace))
        }
        (Export::Everywhere | Export::Unsaid, Export::Everywhere | Export::Unsaid) => true,
    }
}
