//! `meshctl ca`: the mesh's own certificate authority, in a process of its own.

use crate::{log, output::Failure};
use mesh_core::identity::local::{Allow, Roots, serve_ca};
use std::{path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "\
Examples:
  meshctl ca /srv/shop/.mesh-ca
      answer the workloads of your own user that join with MESH_IDENTITY=local:/srv/shop/.mesh-ca
  meshctl ca /run/mesh-ca --allow 1001=shop/product --allow 1002=shop/*
      as a user of its own: user 1001 may be the workload product of shop, and user 1002 every workload of shop
  meshctl ca /run/mesh-ca --announce
      make the next root; every workload believes it within seconds, and the old one still signs
  meshctl ca /run/mesh-ca --promote
      let the next root sign; the old one is believed until you remove its file from roots/, a day later

Workloads of one user need no authority of its own: one of them answers the others by itself. It is told apart by the
kernel who asks, so workloads are kept apart from each other only if each runs as a user of its own, and the authority
as yet another one. The folder and its root are made if they are not there.

Exit codes:
  0  it was told to stop (SIGTERM or Ctrl-C), or the root was made
  1  others can read the root, another process answers already, or the disk refuses
  2  the command line is wrong";

/// Answers requests for certificates of workloads until it is told to stop, or changes the root.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The authority's folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Lets another user of the machine have certificates of a workload, or with * of all of a namespace.
    #[arg(long = "allow", value_name = "UID=NS/ACCOUNT", conflicts_with_all = ["announce", "promote"])]
    allowed: Vec<Allow>,
    /// Makes the next root, and ends.
    #[arg(long, conflicts_with = "promote")]
    announce: bool,
    /// Lets the next root sign, and ends.
    #[arg(long)]
    promote: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let roots = Roots::at(arguments.folder);
    let failed = |fault: mesh_core::identity::IssueFault| Failure::Work(fault.to_string());
    if arguments.announce {
        roots.announce().map_err(failed)?;
        println!(
            "the next root is believed from now on (once every workload has seen it: meshctl ca --promote)"
        );
    } else if arguments.promote {
        roots.promote().map_err(failed)?;
        println!("the next root signs from now on (a day later, remove the old one from roots/)");
    } else {
        let _ = log::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Failure::Work(format!("threads cannot be started: {error}")))?;
        runtime.block_on(serve(roots, arguments.allowed))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(roots: Roots, allowed: Vec<Allow>) -> Result<(), Failure> {
    let heed =
        |kind| signal(kind).map_err(|error| Failure::Work(format!("signals cannot be heeded: {error}")));
    let (mut terminate, mut interrupt) = (heed(SignalKind::terminate())?, heed(SignalKind::interrupt())?);
    tokio::select! {
        served = serve_ca(roots, allowed) => served.map_err(|fault| Failure::Work(fault.to_string())),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
