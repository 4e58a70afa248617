//! The shop: a landscape of five services, two versions of each, behind one gateway, on one machine.
//!
//! `cargo run --release --example shop` starts it; README.md beside this file is the tour.

mod instance;
mod platform;
mod services;
mod store;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs the shop: product-composite, product, recommendation, review and auth-server, versions v1 and v2, behind
/// an HTTPS gateway for minikube.me. Istio documents in a folder decide where requests go; edit them and watch.
#[derive(Debug, Parser)]
#[command(name = "shop", args_conflicts_with_subcommands = true, after_help = HELP)]
struct CommandLine {
    #[command(flatten)]
    options: platform::Options,
    #[command(subcommand)]
    role: Option<Role>,
}

const HELP: &str = "\
The shop says on start where its documents are and what to try. RUST_LOG=debug shows all that its processes log.

Examples:
  shop                                  the documents that come with it, on https://minikube.me:8443
  shop --reset                          the same, after an experiment: documents as they were
  shop --documents my/istio --port 9443 documents of your own, another port
  shop --instances 3                    three instances of each version
  shop --chaos --seconds 20             visits while instances are killed, hung and restarted; fails if visits do";

/// What the processes that the platform starts are.
#[derive(Debug, Subcommand)]
enum Role {
    /// One instance of one service.
    #[command(hide = true)]
    Instance(instance::Arguments),
    /// The ingress gateway.
    #[command(hide = true)]
    Gateway {
        /// The port that it opens.
        #[arg(long)]
        port: u16,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { options, role } = CommandLine::parse();
    let ended = match role {
        None => platform::run(options).await,
        Some(Role::Instance(arguments)) => instance::serve(arguments).await,
        Some(Role::Gateway { port }) => instance::gateway(port).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop: {error}");
            ExitCode::FAILURE
        }
    }
}
