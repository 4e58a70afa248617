//! `meshctl`: asks documents what they mean, without a running mesh, runs gateways and the mesh's own authority, and shows a
//! running mesh.

mod analyze;
mod authorized;
mod ca;
mod check;
mod console;
mod documents;
mod gateway;
mod log;
mod output;
mod request;
mod route;

use clap::{Parser, Subcommand};
use output::Failure;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  meshctl analyze mesh/                                  what is wrong with these documents
  meshctl analyze --output sarif mesh/ > mesh.sarif      the same for code review tools
  meshctl route -f mesh/ --to http://product/            what becomes of a request, and why
  meshctl check checks.yaml                              whether requests are decided as a table expects
  meshctl check --output junit checks.yaml > checks.xml  the same for build servers
  meshctl gateway -f mesh/ --name shop/door              run a gateway
  meshctl ca /srv/shop/.mesh-ca                          answer workloads that want certificates
  meshctl console --admin 15000,15001                    show a running mesh on a web page
  meshctl COMMAND --help                                 examples and exit codes of one command";

/// Asks Istio documents what they mean, runs gateways and the mesh's own certificate authority, and shows a running mesh.
#[derive(Debug, Parser)]
#[command(name = "meshctl", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Analyze(analyze::Arguments),
    Route(route::Arguments),
    Check(check::Arguments),
    Gateway(gateway::Arguments),
    Ca(ca::Arguments),
    Console(console::Arguments),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Analyze(arguments) => analyze::run(&arguments),
        Command::Route(arguments) => route::run(arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Gateway(arguments) => gateway::run(arguments),
        Command::Ca(arguments) => ca::run(arguments),
        Command::Console(arguments) => console::run(arguments),
    };
    result.unwrap_or_else(Failure::report)
}
