//! What size costs: hosts, rules of one host, endpoints, policies and connections, from a handful to a hundred thousand.
//!
//! For each size: the time from text to a table that serves, the memory that documents, model and table keep, the time of
//! one change, alone in its file and in a file of many, and the time of one decision. Then the tail of requests while
//! tables are published ten times a second; what a process has in memory that has ten thousand connections, or knows of
//! a thousand services; and what Envoy takes for the same sizes where it has the concept.

mod caller;
mod engine;
mod meanwhile;
mod plot;
mod processes;
mod report;
mod sidecar;
mod size;

use clap::Parser;
use mesh_tower::BoxError;
use report::Report;
use size::Kind;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, path::PathBuf, process::ExitCode};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Measures what size costs.
///
/// Prints a table, and writes all figures to target/scale/scale.json and plots of cost against size beside it.
#[derive(Debug, Parser)]
#[command(name = "scale", args_conflicts_with_subcommands = true, after_help = HELP)]
struct CommandLine {
    /// Measure these alone, with commas between them.
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    only: Vec<Kind>,
    /// Leave out sizes above this one.
    #[arg(long, value_name = "SIZE", default_value_t = 100_000)]
    most: usize,
    /// Leave out the requests that are sent while tables are published.
    #[arg(long)]
    no_requests: bool,
    /// Leave out the processes that have many connections, or know of many services.
    #[arg(long)]
    no_processes: bool,
    /// Leave out Envoy.
    #[arg(long)]
    no_envoy: bool,
    /// Print the figures as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Where to write figures and plots. Default: the folder scale beside the program's own: target/scale.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<caller::Role>,
}

const HELP: &str = "\
A file of many holds 4 MiB of documents at most.
Times are the least of three loads, and medians of changes and of thousands of decisions. Memory is what stays allocated.
Envoy reads its routes from a file; a change is from the write to the first request on the new route. Its binary is
found or installed as by peers.

Examples:
  scale                              everything, some minutes: let the machine be quiet
  scale --most 10000                 without the largest
  scale --only rules,endpoints --no-envoy";

fn main() -> ExitCode {
    match run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: CommandLine) -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(role) = options.role {
        return runtime.block_on(caller::serve(role));
    }
    let mut report = Report::default();
    for kind in Kind::ALL {
        if !options.only.is_empty() && !options.only.contains(&kind) {
            continue;
        }
        for size in kind.sizes().iter().copied().filter(|size| *size <= options.most) {
            eprintln!("{kind}: {size}");
            report.rows.push(engine::measure(kind, size, &runtime)?);
        }
    }
    let envoy = if options.no_envoy { None } else { sidecar::find()? };
    if !options.no_requests {
        for size in [10, 1_000, 10_000].into_iter().filter(|size| *size <= options.most) {
            eprintln!("requests while {size} hosts are published");
            report.meanwhile.push(runtime.block_on(meanwhile::measure(size))?);
            if let Some(binary) = &envoy {
                report.meanwhile.push(runtime.block_on(sidecar::meanwhile(binary, size))?);
            }
        }
    }
    if !options.no_processes {
        runtime.block_on(processes::measure(&mut report, options.most, envoy.as_deref()))?;
    }
    if let Some(binary) = &envoy {
        runtime.block_on(sidecar::measure(&mut report, binary, options.most))?;
    }
    let folder = match options.out {
        Some(folder) => folder,
        None => benches::envoy::target()?.join("scale"),
    };
    report.write(&folder)?;
    if options.json { report.print_json() } else { report.print() }
}
