//! What a run found, for people and for programs.

mod chart;
mod figures;
mod judgement;
mod machine;
mod table;

pub(crate) use figures::{Sample, Series};
pub(crate) use table::print as print_tables;

use crate::{case::Case, options::Options};
use figures::Summary;
use machine::Machine;
use mesh_tower::BoxError;
use serde::Serialize;
use std::{fs, path::Path};

/// All that a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The day, as everybody's clock has it.
    date: String,
    machine: Machine,
    /// The version of Envoy, if there is one.
    pub(crate) envoy: Option<String>,
    envoy_workers: usize,
    rounds: u16,
    turn_ms: u128,
    /// What a reader has to know besides.
    pub(crate) notes: Vec<String>,
    cases: Vec<Measured>,
}

/// What was found in one case.
#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    case: Case,
    /// What everybody else had of the machine meanwhile, as a share of all of it.
    others: f64,
    contenders: Vec<Summary>,
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            date: machine::today(),
            machine: Machine::here(),
            envoy: None,
            envoy_workers: options.envoy_workers,
            rounds: options.rounds(),
            turn_ms: options.turn().as_millis(),
            notes: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// What was found in a case.
    pub(crate) fn add(&mut self, case: &Case, series: Vec<Series>) {
        let contenders = Summary::of(series);
        let others = Summary::others(&contenders);
        self.cases.push(Measured { name: case.to_string(), case: *case, others, contenders });
    }

    /// Writes figures and charts.
    ///
    /// # Errors
    /// When files cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), BoxError> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("peers.json"), serde_json::to_string_pretty(self)?)?;
        for measured in &self.cases {
            let name = measured.name.replace('/', "-");
            fs::write(folder.join(format!("{name}.svg")), chart::draw(self, measured))?;
        }
        eprintln!("figures and charts are in {}", folder.display());
        Ok(())
    }

    /// What was found in a case, if it was run.
    fn measured(&self, case: Case) -> Option<&Measured> {
        self.cases.iter().find(|measured| measured.case == case)
    }
}

/// Prints all figures as JSON.
///
/// # Errors
/// None that a report has.
pub(crate) fn print_json(report: &Report) -> Result<(), BoxError> {
    println!("{}", serde_json::to_string_pretty(report)?);
    Ok(())
}
