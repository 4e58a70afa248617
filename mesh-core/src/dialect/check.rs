//! Complaints about the values of one document.

use super::codes::Finding;
use crate::{
    document::{Document, Fault, Path, Report, Severity},
    model::Line,
};
use std::sync::Arc;

/// Notes what is wrong with the values of one document, each with its line.
pub(super) struct Check<'a> {
    document: &'a Document,
    report: Report,
}

impl<'a> Check<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let report = Report::of(document.place.origin().clone(), document.key().to_string());
        Self { document, report }
    }

    /// The line of a field.
    pub(super) fn line(&self, path: &Path<'_>) -> Line {
        let place = self.document.place_of(path);
        match place.origin().moving() {
            Some(before) => Line::moving(Arc::clone(before), place.within()),
            None => Line::from(place.within()),
        }
    }

    /// The document is wrong here.
    pub(super) fn refuse(&self, path: &Path<'_>, reason: impl Into<String>) {
        self.add(Severity::Error, path, reason.into(), None);
    }

    /// The document is wrong here, and this is what to do.
    pub(super) fn refuse_with(&self, path: &Path<'_>, reason: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Error, path, reason.into(), Some(remedy.into()));
    }

    /// The document is probably not meant as it is written here.
    pub(super) fn warn(&self, path: &Path<'_>, reason: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Warning, path, reason.into(), Some(remedy.into()));
    }

    /// The document is right here, and the mesh does not act on it yet.
    pub(super) fn later(&self, path: &Path<'_>) {
        self.add(Severity::Warning, path, "is accepted, but has no effect yet".to_owned(), None);
    }

    /// The document is probably not meant as it is written here, and the reason says all there is to say.
    pub(super) fn note(&self, path: &Path<'_>, reason: impl Into<String>) {
        self.add(Severity::Warning, path, reason.into(), None);
    }

    /// The document is right here, and yet this is a known mistake.
    pub(super) fn tell(&self, path: &Path<'_>, finding: Finding) {
        self.report.note(finding.at(self.document, path));
    }

    /// The value, or a complaint and nothing.
    pub(super) fn accept<T, E: ToString>(&self, path: &Path<'_>, value: Result<T, E>) -> Option<T> {
        value.map_err(|reason| self.refuse(path, reason.to_string())).ok()
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.report.into_faults()
    }

    fn add(&self, severity: Severity, path: &Path<'_>, reason: String, remedy: Option<String>) {
        self.report.add(severity, self.document.place_of(path).within(), path, reason, remedy);
    }
}
