//! `meshctl`: asks documents what they mean, without a running mesh, and runs gateways.

mod analyze;
mod documents;
mod output;

use clap::{Parser, Subcommand};
use output::Failure;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  meshctl analyze mesh/                                  what is wrong with these documents
  meshctl COMMAND --help                                 examples and exit codes of one command";

/// Asks Istio documents what they mean, and runs gateways.
#[derive(Debug, Parser)]
#[command(name = "meshctl", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Analyze(analyze::Arguments),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Analyze(arguments) => analyze::run(&arguments),
    };
    result.unwrap_or_else(Failure::report)
}
