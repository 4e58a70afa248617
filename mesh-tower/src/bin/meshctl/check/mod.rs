//! `meshctl check`: tables of requests and the decisions that are expected of documents.

mod compare;
mod decided;
mod expect;
mod junit;
mod table;

use crate::{
    documents,
    output::{ERROR, Failure, count, write_json},
};
use clap::ValueEnum;
use compare::{Difference, differences};
use decided::Decided;
use mesh_core::{
    dialect::Setting,
    document::Fault,
    table::{Snapshot, Viewpoint},
};
use serde::Serialize;
use std::{
    io::{self, Write},
    num::NonZero,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    thread,
};
use table::{Case, Table};

/// How many cases are worth a thread of their own.
const MANY: usize = 64;

const EXAMPLES: &str = "\
A table:
  documents: [../mesh, service.yaml]      # files and folders, relative to the table
  cases:
  - name: a tester sees the new version
    request: {url: \"http://product/product/1\", headers: {X-group: test}, from: shop/cart}
    expect: {backend: {host: product.shop.svc.cluster.local, subset: new, port: 80}}
  - name: everybody else is split by weight
    request: {url: \"http://product/product/1\", from: shop/cart}
    expect: {split: [{subset: old, weight: 90}, {subset: new, weight: 10}]}
  - name: the gateway knows no such path
    request: {url: \"https://shop.example.com/nowhere\", gateway: shop/door}
    expect: {status: 404}

A request has a url, and may have: method, headers, from, labels, gateway.
What is expected may be: outcome (forward, redirect, respond, passthrough, refuse), route (the name of the rule), status,
backend {host, subset, port}, split (a list of those with weight), redirect (its location), rewrite {path, authority},
requestHeaders and responseHeaders {set, add, remove}, timeout, fault {delay, abort}, retries {attempts, retryOn, perTryTimeout},
mirror (a list of backends with percentage), cors (silent, granted, preflight, ignored). What is not named is not compared.
Beside documents and cases a table may have: namespace (of documents and callers that name none), and unknownHosts, pass
or refuse: what becomes of requests to hosts that nobody described. Whether there are endpoints is no part of a decision.

Examples:
  meshctl check mesh/checks.yaml
  meshctl check --output json checks/*.yaml | jq '.failures[].name'
  meshctl check --output junit checks/*.yaml > checks.xml     for build servers

Exit codes:
  0  every case is decided as expected
  1  at least one is not
  2  the command line or a table is wrong, or documents cannot be read";

/// Checks that documents decide requests as tables expect.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files with tables.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// The namespace of documents, gateways and callers that name none, where the table names none either.
    #[arg(long, short, value_name = "NS", default_value = "default")]
    namespace: String,
    /// How to write what fails.
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// For whom results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// JSON for tools; its fields keep their names and meaning.
    Json,
    /// JUnit XML for build servers, with the cases that are decided as expected too.
    Junit,
}

/// What came of all tables.
#[derive(Default)]
struct Results {
    /// The tables that were run.
    suites: Vec<Suite>,
    /// What is wrong with tables; their cases are not decided.
    faults: Vec<Fault>,
}

/// What came of one table.
struct Suite {
    file: Arc<str>,
    cases: Vec<Judged>,
}

/// A case that is decided.
#[derive(Serialize)]
struct Judged {
    file: Arc<str>,
    line: u32,
    name: String,
    /// What is decided otherwise than expected; empty for a case that is met.
    differences: Vec<Difference>,
}

/// What came of all tables, for tools.
#[derive(Serialize)]
struct Report<'a> {
    /// How many cases were decided.
    cases: usize,
    /// Those that are decided differently.
    failures: Vec<&'a Judged>,
    faults: &'a [Fault],
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut results = Results::default();
    for path in &arguments.tables {
        match table::read(path, &arguments.namespace) {
            Ok(tables) => tables.iter().try_for_each(|table| results.decide(table))?,
            Err(faults) => results.faults.extend(faults),
        }
    }
    results.faults.sort_by(|a, b| a.place.cmp(&b.place));
    match arguments.output {
        Format::Text => results.write()?,
        Format::Json => write_json(&results.report())?,
        Format::Junit => write!(io::stdout(), "{}", junit::Document(&results))?,
    }
    results.tell()?;
    Ok(ExitCode::from(match (results.faults.is_empty(), results.failures().next().is_none()) {
        (false, _) => 2,
        (true, false) => 1,
        (true, true) => 0,
    }))
}

impl Results {
    /// Decides the cases of one table.
    fn decide(&mut self, table: &Table) -> io::Result<()> {
        let setting = Setting { unknown_hosts: table.unknown_hosts, ..Setting::default() };
        let documents = match documents::load(&table.documents, &table.namespace, setting) {
            Ok(documents) => documents,
            Err(fault) => {
                self.faults.push(table.blame(&fault));
                return Ok(());
            }
        };
        documents.warn()?;
        let mut snapshots: Vec<(&Viewpoint, Snapshot)> = Vec::new();
        for Case { question, .. } in &table.cases {
            if !snapshots.iter().any(|(viewpoint, _)| **viewpoint == question.viewpoint) {
                let snapshot = Snapshot::compile(&documents.model, &question.viewpoint, None);
                snapshots.push((&question.viewpoint, snapshot));
            }
        }
        let cases = in_parallel(&table.cases, |case| {
            let mut snapshots = snapshots.iter();
            let (_, snapshot) = snapshots.find(|(viewpoint, _)| **viewpoint == case.question.viewpoint)?;
            Some(judge(table, case, snapshot))
        });
        self.suites.push(Suite { file: Arc::clone(&table.file), cases });
        Ok(())
    }

    /// How many cases were decided.
    fn cases(&self) -> usize {
        self.suites.iter().map(|suite| suite.cases.len()).sum()
    }

    /// The cases that are decided differently.
    fn failures(&self) -> impl Iterator<Item = &Judged> {
        self.suites.iter().flat_map(Suite::failures)
    }

    fn report(&self) -> Report<'_> {
        Report { cases: self.cases(), failures: self.failures().collect(), faults: &self.faults }
    }

    /// Writes a line for each failure, and the parts below it where there are several.
    fn write(&self) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        for Judged { file, line, name, differences } in self.failures() {
            let Some(Difference { part, expected, decided }) = differences.first() else { continue };
            let more = match differences.len() {
                1 => String::new(),
                parts => format!("; {parts} parts differ:"),
            };
            writeln!(
                out,
                "{file}:{line}: {ERROR}{name}{ERROR:#}: expected {part} {expected}, decided {decided}{more}"
            )?;
            for Difference { part, expected, decided } in differences.iter().filter(|_| !more.is_empty()) {
                writeln!(out, "    {part}: expected {expected}, decided {decided}")?;
            }
        }
        Ok(())
    }

    /// Tells of broken tables, and sums up, on the standard error.
    fn tell(&self) -> io::Result<()> {
        let mut err = anstream::stderr().lock();
        for fault in &self.faults {
            writeln!(err, "{ERROR}error:{ERROR:#} {fault}")?;
        }
        let (cases, failed) = (self.cases(), self.failures().count());
        let broken = match self.faults.len() {
            0 => String::new(),
            faults => format!("; {} in tables that were not run", count(faults, "fault")),
        };
        let decided = count(cases, "case");
        writeln!(err, "{decided}: {} as expected, {failed} not{broken}", cases - failed)
    }
}

impl Suite {
    fn failures(&self) -> impl Iterator<Item = &Judged> {
        self.cases.iter().filter(|case| !case.differences.is_empty())
    }
}

/// What comes of one case.
fn judge(table: &Table, case: &Case, snapshot: &Snapshot) -> Judged {
    let question = case.question.read_by(snapshot);
    let decided = Decided::of(snapshot, &question);
    let differences = differences(&case.expect, &decided);
    let (file, line, name) = (Arc::clone(&table.file), case.line, case.name.clone());
    Judged { file, line, name, differences }
}

/// Judges cases, in several threads where there are many, and gives what comes of them in their order.
fn in_parallel(cases: &[Case], judge: impl Fn(&Case) -> Option<Judged> + Sync) -> Vec<Judged> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(cases.len().div_ceil(MANY));
    let share = cases.len().div_ceil(threads.max(1)).max(1);
    let judge = &judge;
    thread::scope(|scope| {
        let shares = cases.chunks(share);
        let running: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().filter_map(judge).collect::<Vec<_>>()))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended.flat_map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
