//! Judges the mesh by tables that others wrote: `cargo run -p tests --bin suites -- DIR… [--output json]`.
//!
//! Each `DIR` is a suite, which is a folder with an `about.json`, or a folder of suites. A row that the mesh has an
//! entry point for agrees or differs; every other row cannot be said, and why is said instead. The run fails when a
//! suite agrees less than `tests/suites.toml` records.

mod analyzers;
mod authz;
mod config;
mod conformance;
mod documents;
mod gateway_api;
mod judgement;
mod levels;
mod rbac;
mod report;
mod routing;
mod signatures;
mod simulation;
mod spiffe;
mod suite;
mod tokens;
mod traces;
mod vectors;
mod world;

use judgement::Judgement;
use levels::Levels;
use std::{path::PathBuf, process::ExitCode};
use suite::Suite;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(2)
        }
    }
}

/// Judges the suites that the command line names; whether all of them reach their level.
fn run() -> Result<bool, String> {
    let (folders, is_json) = arguments()?;
    let levels = Levels::load()?;
    let mut suites = Vec::new();
    for folder in &folders {
        suites.extend(Suite::find(folder)?);
    }
    let mut judgements: Vec<Judgement> = Vec::new();
    for suite in &suites {
        judgements.extend(suite.judge()?);
    }
    let shortfalls = levels.shortfalls(&judgements);
    if is_json {
        println!("{}", report::json(&judgements, &levels, &shortfalls));
    } else {
        print!("{}", report::text(&judgements, &levels, &shortfalls));
    }
    Ok(shortfalls.is_empty())
}

fn arguments() -> Result<(Vec<PathBuf>, bool), String> {
    let mut folders = Vec::new();
    let mut is_json = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--output" => match arguments.next().as_deref() {
                Some("json") => is_json = true,
                Some("text") => is_json = false,
                other => return Err(format!("--output: json or text, not {}", other.unwrap_or("nothing"))),
            },
            "--output=json" => is_json = true,
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    if folders.is_empty() {
        return Err("usage: suites DIR… [--output json]".to_owned());
    }
    Ok((folders, is_json))
}
