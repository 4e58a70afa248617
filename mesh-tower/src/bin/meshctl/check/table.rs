//! Check tables, as written.

use super::expect::Expectation;
use crate::request::Asker;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mesh_core::{
    document::{At, Fault, Node, Path as Field, Place, Read, Report, Value},
    model::UnknownHosts,
    source::{Parsed, parse},
    table::{Question, RequestUrl},
};
use std::{
    collections::BTreeMap,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

/// A table of cases, and the documents that decide them.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) file: Arc<str>,
    /// The namespace of documents, gateways and callers that name none.
    pub(super) namespace: String,
    pub(super) unknown_hosts: UnknownHosts,
    pub(super) cases: Vec<Case>,
    /// The documents, relative to the current folder.
    pub(super) documents: Vec<PathBuf>,
    /// The line of each of the documents.
    lines: Vec<u32>,
}

/// One request, and what is expected of the decision.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) question: Question,
    pub(super) expect: Expectation,
}

/// Reads the tables of a file: one for each of its YAML documents.
///
/// # Errors
/// When it cannot be read, or anything in it is wrong; all faults at once.
pub(super) fn read(path: &Path, namespace: &str) -> Result<Vec<Table>, Vec<Fault>> {
    let file: Arc<str> = path.display().to_string().into();
    let whole = |reason: String| vec![Fault::error(Place::new(Arc::clone(&file), 0), reason)];
    let bytes = fs::read(path).map_err(|error| whole(format!("cannot be read: {}", error.kind())))?;
    let Parsed { documents, fault } = parse(&bytes, &file);
    let report = Report::new(Arc::clone(&file), String::new());
    let roots = documents.iter().filter(|root| !root.is_null());
    let read = |root| Written::read(At { node: root, path: &Field::Root, report: &report });
    let written: Vec<_> = roots.filter_map(read).collect();
    let mut faults = report.into_faults();
    faults.extend(fault);
    if !faults.is_empty() {
        return Err(faults);
    }
    if written.is_empty() {
        return Err(whole("holds no table".to_owned()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(written.into_iter().map(|written| written.into_table(&file, folder, namespace)).collect())
}

impl Table {
    /// The place of a fault of one of the documents: where the table names it.
    pub(super) fn blame(&self, fault: &Fault) -> Fault {
        let named = |document: &PathBuf| document.display().to_string() == **fault.place.file();
        let index = self.documents.iter().position(named).unwrap_or_default();
        let line = self.lines.get(index).copied().unwrap_or_default();
        let place = Place::new(Arc::clone(&self.file), line);
        Fault { path: format!("documents[{index}]"), ..Fault::error(place, fault.to_string()) }
    }
}

/// A table before its defaults are filled in.
#[derive(Default)]
struct Written {
    documents: Vec<Document>,
    namespace: Option<String>,
    unknown_hosts: Unknown,
    cases: Vec<WrittenCase>,
}

struct Document {
    path: String,
    line: u32,
}

#[derive(Default)]
struct Unknown(UnknownHosts);

struct WrittenCase {
    line: u32,
    name: Option<String>,
    request: Option<WrittenRequest>,
    expect: Expectation,
}

struct WrittenRequest {
    url: Option<RequestUrl>,
    method: Method,
    headers: Headers,
    asker: Asker,
}

#[derive(Default)]
struct Headers(HeaderMap);

impl Written {
    fn into_table(self, file: &Arc<str>, folder: &Path, namespace: &str) -> Table {
        let namespace = self.namespace.unwrap_or_else(|| namespace.to_owned());
        let cases = (1..).zip(self.cases);
        let cases = cases.filter_map(|(number, case)| case.into_case(number, &namespace)).collect();
        Table {
            file: Arc::clone(file),
            unknown_hosts: self.unknown_hosts.0,
            cases,
            documents: self.documents.iter().map(|document| folder.join(&document.path)).collect(),
            lines: self.documents.iter().map(|document| document.line).collect(),
            namespace,
        }
    }
}

impl WrittenCase {
    /// The case; `None` only where a fault was noted.
    fn into_case(self, number: usize, namespace: &str) -> Option<Case> {
        let WrittenRequest { url, method, headers, asker } = self.request?;
        Some(Case {
            line: self.line,
            name: self.name.unwrap_or_else(|| format!("case {number}")),
            question: Question::new(url?, method, headers.0, asker.viewpoint(namespace)),
            expect: self.expect,
        })
    }
}

impl Read for Written {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            let written = Self {
                documents: f.take("documents"),
                namespace: f.maybe("namespace"),
                unknown_hosts: f.take("unknownHosts"),
                cases: f.take("cases"),
            };
            if is_empty(f.here().node, "documents") {
                f.here().refuse_with("documents is missing", "name files or folders, relative to this table");
            }
            if is_empty(f.here().node, "cases") {
                f.here().refuse_with("cases is missing", "write at least one");
            }
            written
        })
    }
}

/// Whether a list is not written, or holds nothing.
fn is_empty(node: &Node, name: &str) -> bool {
    node.get(name).is_none_or(|list| match &list.value {
        Value::List(elements) => elements.is_empty(),
        Value::Null => true,
        _ => false,
    })
}

impl Read for Document {
    fn read(at: At<'_>) -> Option<Self> {
        String::read(at).map(|path| Self { path, line: at.node.line })
    }
}

impl Read for Unknown {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("pass", 0, UnknownHosts::Pass), ("refuse", 1, UnknownHosts::Refuse)]).map(Self)
    }
}

impl Read for WrittenCase {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            let expect = f.maybe("expect");
            if expect.is_none() && is_absent(f.here(), "expect") {
                f.here().refuse_with("expect is missing", "name a part of the decision, such as status");
            }
            let request = f.maybe("request");
            if request.is_none() && is_absent(f.here(), "request") {
                f.here().refuse_with("request is missing", "give it at least a url");
            }
            Self { line: at.node.line, name: f.maybe("name"), request, expect: expect.unwrap_or_default() }
        })
    }
}

impl Read for WrittenRequest {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            let url = f.maybe::<Meant<RequestUrl>>("url").map(|url| url.0);
            if url.is_none() && is_absent(f.here(), "url") {
                f.here().refuse_with("url is missing", "write one, such as http://product/path");
            }
            Self {
                url,
                method: f.maybe::<Meant<Method>>("method").map(|method| method.0).unwrap_or_default(),
                headers: f.take("headers"),
                asker: Asker {
                    from: f.maybe::<Meant<_>>("from").map(|from| from.0),
                    labels: f.take("labels"),
                    gateway: f.maybe::<Meant<_>>("gateway").map(|gateway| gateway.0),
                },
            }
        })
    }
}

fn is_absent(at: At<'_>, name: &str) -> bool {
    at.node.get(name).is_none_or(Node::is_null)
}

impl Read for Headers {
    fn read(at: At<'_>) -> Option<Self> {
        let mut headers = HeaderMap::new();
        let written = BTreeMap::<String, String>::read(at)?;
        for (name, value) in written {
            match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                (Ok(name), Ok(value)) => drop(headers.append(name, value)),
                _ => at.refuse(format!("{name:?}: {value:?} is no header")),
            }
        }
        Some(Self(headers))
    }
}

/// Text with a meaning of its own.
struct Meant<T>(T);

impl<T: FromStr<Err: Display>> Read for Meant<T> {
    fn read(at: At<'_>) -> Option<Self> {
        let value = String::read(at)?.parse();
        value.map_err(|reason| at.refuse(format!("{reason}"))).ok().map(Self)
    }
}
