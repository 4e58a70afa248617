//! What is wrong with a document, where, and what to do about it.

use super::place::Place;
use serde::Serialize;
use std::fmt;

/// How much a [`Fault`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// The document is used, but probably not as its writer meant it.
    Warning,
    /// Something is wrong. A document that is wrong by itself is refused; its last good version, if any, goes on serving.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that is wrong, or odd, in a document.
///
/// `Display` gives the line that people read:
/// `shop.yaml:12: VirtualService/product: spec.http[0].timeout: what is wrong (what to do)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Fault {
    /// How much it matters.
    pub severity: Severity,
    /// Istio's analysis code, where there is one: `IST0101`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The file and line.
    #[serde(flatten)]
    pub place: Place,
    /// The object, as `Kind/name`; empty when the file could not be read as far as that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// The field path within the object; empty for the object as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Fault {
    /// An error at a place, with no object yet.
    #[must_use]
    pub fn error(place: Place, reason: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: None,
            place,
            object: String::new(),
            path: String::new(),
            reason: shorten(reason.into()),
            remedy: None,
        }
    }

    /// The same fault, with advice.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Whether something is wrong, and not merely odd.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether the document is refused for this. What is wrong between documents has Istio's code, and keeps none of them
    /// from serving.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.is_error() && self.code.is_none()
    }
}

/// Cuts what quotes a whole file: a fault is a line to read.
fn shorten(mut reason: String) -> String {
    const MOST: usize = 400;
    if reason.len() > MOST {
        reason.truncate(reason.floor_char_boundary(MOST));
        reason.push('…');
    }
    reason
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        for part in [&self.object, &self.path] {
            if !part.is_empty() {
                write!(f, "{}: ", OneLine(part))?;
            }
        }
        OneLine(&self.reason).fmt(f)?;
        match &self.remedy {
            Some(remedy) => write!(f, " ({})", OneLine(remedy)),
            None => Ok(()),
        }
    }
}

/// A text with its line ends and other control characters escaped: it may quote anything that is in a file, and must
/// neither break a line of a log nor command a terminal.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, control)) = rest.char_indices().find(|(_, char)| char.is_control()) {
            write!(f, "{}{}", &rest[..at], control.escape_default())?;
            rest = &rest[at + control.len_utf8()..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line_whatever_it_quotes() {
        let place = Place::new("shop.yaml", 2);
        let fault = Fault::error(place, "\"é\n\u{1b}[31m\" is no host").with_remedy("a\r\nb");
        let fault = Fault { object: "Service/\u{85}".into(), ..fault };
        let line = r#"shop.yaml:2: Service/\u{85}: "é\n\u{1b}[31m" is no host (a\r\nb)"#;
        assert_eq!(fault.to_string(), line);
    }
}
