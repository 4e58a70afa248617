//! `meshctl analyze`: everything that is wrong with documents.

mod sarif;

use crate::{
    documents::{self, Documents},
    output::{ERROR, Failure, NOTE, WARNING, count, write_json},
};
use clap::ValueEnum;
use mesh_core::{
    dialect::{CODES, Code, Setting},
    document::{Fault, Kind, Place, Severity},
};
use serde::Serialize;
use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

const EXAMPLES: &str = "\
Examples:
  meshctl analyze mesh/                        every YAML and JSON file below a folder
  meshctl analyze gateway.yaml routes.yaml     these files
  meshctl analyze --verbose k8s/               also the documents of kinds that are not used
  meshctl analyze --output json mesh/ | jq '.faults[] | select(.severity == \"error\")'
  meshctl analyze --output sarif mesh/ > mesh.sarif     for code review tools

Each line reads: file:line: Kind/name: field: what is wrong (what to do) [severity code]
SARIF names files relative to the current folder: run it at the root of the repository.

Exit codes:
  0  no errors; there may be warnings
  1  at least one error: that document would be refused, or with a code, would not do what it says
  2  the command line is wrong, or a path cannot be read";

/// Tells everything that is wrong or odd in documents, and between them.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub(crate) struct Arguments {
    /// Files and folders with documents.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The namespace of documents that name none.
    #[arg(long, short, value_name = "NS", default_value = "default")]
    namespace: String,
    /// Also list the documents of kinds that are not used.
    #[arg(long, short)]
    verbose: bool,
    /// How to write what is found.
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// For whom findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// JSON for tools; its fields keep their names and meaning.
    Json,
    /// SARIF 2.1.0 for code review tools.
    Sarif,
}

/// The examples, and all that is looked for.
fn long_help() -> String {
    let line = |code: &Code| format!("  {}  {:<7}  {}", code.id, code.severity.to_string(), code.title);
    let codes: Vec<_> = CODES.iter().map(line).collect();
    format!(
        "{EXAMPLES}\n\n\
         Besides what a document is refused for, this is looked for, by Istio's codes and Kiali's:\n{}\n\n\
         Services, workloads (Pods, Deployments, StatefulSets, DaemonSets and WorkloadEntries) and the names of the\n\
         keys of Secrets are looked up where there are such documents; without them, what they would tell is not asked.",
        codes.join("\n")
    )
}

/// What is found, for tools.
#[derive(Serialize)]
struct Findings {
    faults: Vec<Fault>,
    documents: usize,
    skipped: Vec<Skipped>,
}

/// A document of a kind that is not used.
#[derive(Serialize)]
struct Skipped {
    kind: String,
    #[serde(flatten)]
    place: Place,
    #[serde(skip)]
    reason: &'static str,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let documents = documents::load(&arguments.paths, &arguments.namespace, Setting::default());
    let findings = Findings::of(documents.map_err(|fault| Failure::Usage(fault.to_string()))?);
    match arguments.output {
        Format::Text => findings.write(arguments.verbose)?,
        Format::Json => write_json(&findings)?,
        Format::Sarif => write_json(&sarif::log(&findings.faults, &current_folder()?))?,
    }
    writeln!(anstream::stderr(), "{}", findings.summary())?;
    Ok(ExitCode::from(u8::from(findings.number(Severity::Error) > 0)))
}

fn current_folder() -> Result<PathBuf, Failure> {
    env::current_dir().map_err(|error| Failure::Work(format!("the current folder cannot be found: {error}")))
}

impl Findings {
    fn of(Documents { status, count, .. }: Documents) -> Self {
        let mut faults = status.faults;
        faults.sort_by(|a, b| a.place.cmp(&b.place));
        let mut skipped: Vec<_> =
            status.skipped.into_iter().map(|(kind, place)| Skipped::new(&kind, place)).collect();
        skipped.sort_by(|a, b| a.place.cmp(&b.place));
        Self { faults, documents: count, skipped }
    }

    fn number(&self, severity: Severity) -> usize {
        self.faults.iter().filter(|fault| fault.severity == severity).count()
    }

    fn write(&self, is_verbose: bool) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        for fault in &self.faults {
            let style = match fault.severity {
                Severity::Error => ERROR,
                Severity::Warning => WARNING,
                Severity::Info => NOTE,
            };
            let code = fault.code.map(|code| format!(" {code}")).unwrap_or_default();
            writeln!(out, "{fault} {style}[{}{code}]{style:#}", fault.severity)?;
        }
        for skipped in self.skipped.iter().filter(|_| is_verbose) {
            let Skipped { kind, place, reason } = skipped;
            writeln!(out, "{place}: {kind}: {reason} {NOTE}[skipped]{NOTE:#}")?;
        }
        Ok(())
    }

    /// `3 errors, 1 warning in 12 documents; 2 skipped: Deployment, ConfigMap`.
    fn summary(&self) -> String {
        let errors = count(self.number(Severity::Error), "error");
        let warnings = count(self.number(Severity::Warning), "warning");
        let notes = match self.number(Severity::Info) {
            0 => String::new(),
            notes => format!(", {}", count(notes, "note")),
        };
        let documents = count(self.documents, "document");
        let mut kinds: Vec<&str> = Vec::new();
        for skipped in &self.skipped {
            if !kinds.contains(&&*skipped.kind) {
                kinds.push(&skipped.kind);
            }
        }
        let skipped = match self.skipped.len() {
            0 => String::new(),
            number => format!("; {number} skipped: {}", kinds.join(", ")),
        };
        format!("{errors}, {warnings}{notes} in {documents}{skipped}")
    }
}

impl Skipped {
    fn new(kind: &Kind, place: Place) -> Self {
        let reason = match kind {
            Kind::Recognised(_) => "this kind is recognised, but not used yet",
            Kind::Known(_) => "this kind serves nothing: only the analysis looks at it",
            Kind::Foreign(_) => "the mesh has no use for this kind",
        };
        Self { kind: kind.to_string(), place, reason }
    }
}
