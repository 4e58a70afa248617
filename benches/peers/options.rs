//! What a run is told to do.

use crate::{case::Case, contender::Contender};
use mesh_tower::BoxError;
use std::{path::PathBuf, time::Duration};

#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Compare these contenders alone: their names, with commas between them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<Contender>,
    /// Run the cases alone whose names begin with one of these, with commas between them.
    #[arg(long, value_name = "BEGINNINGS", value_delimiter = ',')]
    cases: Vec<String>,
    /// Run the cases that are judged, in three short rounds.
    #[arg(long)]
    quick: bool,
    /// How often every contender has its turn in a case. Default: 5, or 3 with --quick.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// How long a turn is, in milliseconds. Default: 1000, or 400 with --quick.
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u32).range(10..))]
    turn: Option<u32>,
    /// How many threads for requests each Envoy has. Istio gives a sidecar two where it may use two cores.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) envoy_workers: usize,
    /// Print the figures as JSON instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where to write figures and charts. Default: the folder peers beside the program's own: target/peers.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Print the names of contenders and cases, and measure nothing.
    #[arg(long)]
    pub(crate) list: bool,
}

impl Options {
    /// Who takes part.
    pub(crate) fn contenders(&self) -> Vec<Contender> {
        let is_wanted = |contender: &Contender| self.only.is_empty() || self.only.contains(contender);
        Contender::ALL.into_iter().filter(is_wanted).collect()
    }

    /// What they do.
    ///
    /// # Errors
    /// When no case is called so.
    pub(crate) fn cases(&self) -> Result<Vec<Case>, BoxError> {
        let is_named = |case: &Case| {
            let name = case.to_string();
            self.cases.iter().any(|beginning| name.starts_with(beginning))
        };
        let is_wanted = |case: &Case| match self.cases.is_empty() {
            true => !self.quick || case.is_judged(),
            false => is_named(case),
        };
        let cases: Vec<Case> = Case::all().into_iter().filter(is_wanted).collect();
        match cases.is_empty() {
            true => Err(format!("no case begins with {} (--list has them)", self.cases.join(" or ")).into()),
            false => Ok(cases),
        }
    }

    /// How often.
    pub(crate) fn rounds(&self) -> u16 {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 })
    }

    /// How long a turn is.
    pub(crate) fn turn(&self) -> Duration {
        let default = if self.quick { 400 } else { 1000 };
        Duration::from_millis(self.turn.unwrap_or(default).into())
    }
}
