//! A document that is looked at, and what is said about it.

use super::{Setting, Site};
use crate::{
    dialect::check::Check,
    document::{Document, Fault, Path, Place, Severity},
    model::{Export, GatewayName, HostPattern},
};

/// Where every object says what it is about.
pub(super) const SPEC: Path<'static> = Path::Field(&Path::Root, "spec");

/// How many of those that are in conflict with one are named.
pub(super) const MOST_NAMED: usize = 4;

/// A document among the others.
pub(super) struct Subject<'a> {
    document: &'a Document,
    setting: &'a Setting,
    /// Takes the complaints about names, which were told when the document was read.
    check: Check<'a>,
}

/// What is wrong, and what to do about it.
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) reason: String,
    pub(super) remedy: String,
}

impl<'a> Subject<'a> {
    pub(super) fn new(document: &'a Document, setting: &'a Setting) -> Self {
        Self { document, setting, check: Check::new(document) }
    }

    pub(super) fn namespace(&self) -> &'a str {
        &self.document.metadata.namespace
    }

    /// `namespace/name (file:line)`.
    pub(super) fn introduction(&self) -> String {
        let metadata = &self.document.metadata;
        format!("{}/{} ({})", metadata.namespace, metadata.name, self.document.place)
    }

    /// The host that a name means in this document.
    pub(super) fn host(&self, name: &str) -> Option<HostPattern> {
        HostPattern::parse(&self.site().full_name(name)).ok()
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
        let Finding { code, severity, reason, remedy } = finding;
        let place = Place { file: self.document.place.file.clone(), line: self.document.lines.find(path) };
        let (object, path) = (self.document.key().to_string(), path.to_string());
        Fault { severity, code: Some(code), object, path, ..Fault::error(place, reason).with_remedy(remedy) }
    }

    fn site(&self) -> Site<'_> {
        Site { check: &self.check, metadata: &self.document.metadata, setting: self.setting, spec: &SPEC }
    }
}
