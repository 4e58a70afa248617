//! `meshctl console`: the mesh on a web page.

use crate::{log, output::Failure};
use http::Uri;
use mesh_tower::console::{Console, Process, Settings};
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
};
use tokio::sync::watch;

const EXAMPLES: &str = "\
Examples:
  meshctl console --admin door=15000 --admin product-v1=10.0.0.7:15000
      a page that shows these two processes, by their admin endpoints (MESH_ADMIN)
  meshctl console --admin 15000,15001,15002 -f mesh/
      the same for three on this machine, with the text of their documents
  meshctl console --admin 15000 --prometheus http://localhost:9090
      traffic as a Prometheus has gathered it, of all that it scrapes

The page is at http://127.0.0.1:15080 unless --listen says otherwise. Processes are asked while a page is open, and only
then. RUST_LOG says how much is logged. Default: info.

Exit codes:
  0  it was told to stop (SIGTERM or Ctrl-C)
  1  the address cannot be opened
  2  the command line is wrong";

/// Shows a running mesh on a web page until it is told to stop (SIGTERM or Ctrl-C).
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The admin endpoint of a process: an address, or a port of 127.0.0.1 alone; with a name for it, if you like.
    #[arg(
        long = "admin",
        required = true,
        value_name = "[NAME=]ADDRESS",
        value_delimiter = ',',
        env = "MESH_CONSOLE"
    )]
    processes: Vec<Named>,
    /// Files and folders whose documents the page may show. Default: none; it shows what is wrong in them without the
    /// lines around.
    #[arg(long = "file", short, value_name = "PATH", num_args = 1..)]
    files: Vec<PathBuf>,
    /// Where the page is served: an address, or a port of 127.0.0.1 alone.
    #[arg(long, value_name = "ADDRESS", default_value = "15080")]
    listen: Address,
    /// A Prometheus to take traffic from. Default: none; the processes say themselves.
    #[arg(long, value_name = "URL", value_parser = prometheus)]
    prometheus: Option<Uri>,
}

/// `10.0.0.7:15000`, or `15000`.
#[derive(Clone, Copy, Debug)]
struct Address(SocketAddr);

/// `product-v1=10.0.0.7:15000`, or an address, which is the name then.
#[derive(Clone, Debug)]
struct Named(Process);

/// Runs the command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    log::start();
    let processes: Vec<Process> = arguments.processes.into_iter().map(|Named(process)| process).collect();
    let names: BTreeSet<&str> = processes.iter().map(|process| &*process.name).collect();
    if names.len() < processes.len() {
        let why = "two processes have the same name (give each one of its own: --admin NAME=ADDRESS)";
        return Err(Failure::Usage(why.into()));
    }
    let (_known, processes) = watch::channel(processes);
    let settings = Settings {
        listen: arguments.listen.0,
        processes,
        documents: arguments.files,
        prometheus: arguments.prometheus,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Work(format!("threads cannot be started: {error}")))?;
    runtime.block_on(serve(settings)).map_err(Failure::Work)?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: Settings) -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    // Heeded before the address is told: whoever reads that may stop it.
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let console = Console::open(settings).await.map_err(|fault| fault.to_string())?;
    println!("The console is open: http://{}", console.address());
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let port = text.parse::<u16>().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        port.ok().or_else(|| text.parse().ok()).map(Self).ok_or_else(|| {
            format!("{text:?} is no address (write 127.0.0.1:15000, or a port of this machine: 15000)")
        })
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = match text.split_once('=') {
            Some((name, address)) => (Some(name.trim()), address),
            None => (None, text),
        };
        let Address(admin) = address.parse()?;
        match name {
            Some("") => {
                Err(format!("{text:?} has an empty name (write product-v1={admin}, or the address alone)"))
            }
            Some(name) => Ok(Self(Process { name: name.to_owned(), admin })),
            None => Ok(Self(Process { name: admin.to_string(), admin })),
        }
    }
}

fn prometheus(text: &str) -> Result<Uri, String> {
    let refuse = || format!("{text:?} is no address of a Prometheus (write http://localhost:9090)");
    let uri: Uri = text.parse().map_err(|_| refuse())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(authority)) if !authority.as_str().contains('@') => Ok(uri),
        (Some("https"), _) => {
            Err(format!("{text:?}: only http is spoken (put a proxy before it that speaks https)"))
        }
        _ => Err(refuse()),
    }
}
