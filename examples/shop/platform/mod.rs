//! What a cluster would do for the shop: starts every instance as a process of its own, tells the mesh where each
//! runs, starts those that die again, and stops them all together.

mod certificate;
mod chaos;
mod console;
mod documents;
mod live;
mod process;
mod roles;
mod screen;
mod tour;

use crate::store;
use chaos::Heard;
use console::Console;
use live::Live;
use mesh_tower::BoxError;
use process::{Event, Started, keep};
use screen::Screen;
use std::{ffi::OsString, io::ErrorKind, net::TcpListener, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    task::JoinSet,
};

/// What a start may take before those who are late are named.
const START: Duration = Duration::from_secs(10);

/// How to run the shop.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// The port on 127.0.0.1 that stands for the gateway's 443; 0 chooses a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// The port on 127.0.0.1 of the console, a page that shows the shop at work, if it is free; any other otherwise.
    #[arg(long, value_name = "PORT", default_value_t = 15080)]
    console: u16,
    /// A folder or file of Istio documents, instead of those that come with the shop. May be repeated.
    #[arg(long, value_name = "PATH")]
    documents: Vec<PathBuf>,
    /// Where files of the running shop go: documents to edit, certificates, who runs where. [default: live, beside
    /// the example's source]
    #[arg(long, value_name = "DIR")]
    live: Option<PathBuf>,
    /// Instances of each version of each service. [default: 1, and 3 with --chaos]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=20))]
    instances: Option<u8>,
    /// Puts the documents that come with the shop back as they were; yours are kept in documents-before-reset.
    #[arg(long, conflicts_with = "documents")]
    reset: bool,
    /// Visits the shop while instances are killed, hung and restarted, and fails if visits do. Unless there are others,
    /// it has documents with retries of its own, in live/chaos.
    #[arg(long, conflicts_with = "reset")]
    chaos: bool,
    /// How long --chaos lasts.
    #[arg(long, value_name = "N", default_value_t = 60, requires = "chaos", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// What every process is told.
struct Shop {
    program: PathBuf,
    live: Live,
    /// Where people keep documents.
    folders: Vec<PathBuf>,
    /// Those, and the platform's own, as the mesh reads them.
    documents: OsString,
    store: String,
    port: u16,
    screen: Screen,
    heard: Heard,
    console: Console,
}

/// Runs the shop until a signal ends it.
///
/// # Errors
/// The port is taken, a folder cannot be used, or an instance does not start; the message names the remedy.
pub(crate) async fn run(options: Options) -> Result<(), BoxError> {
    let port = free(options.port)?;
    let live = Live::open(options.live, options.chaos)?;
    let folders = documents::prepare(options.documents, options.reset, options.chaos, &live)?;
    certificate::prepare(&live)?;
    let documents = std::env::join_paths(folders.iter().chain([&live.platform()]))
        .map_err(|_| "The path of a folder of documents must not contain a colon; move it, or link to it.")?;
    let store = serve_store().await?;
    let (screen, printing) = Screen::open();
    let (program, heard) = (std::env::current_exe()?, Heard::default());
    let console = Console::open(options.console, &folders, live.platform()).await?;
    let shop = Shop { program, live, folders, documents, store, port, screen, heard, console };
    let instances = options.instances.unwrap_or(if options.chaos { 3 } else { 1 });
    let chaos = options.chaos.then(|| Duration::from_secs(options.seconds));
    let ended = open(Arc::new(shop), instances, chaos).await;
    drop(printing.await);
    ended
}

/// The port, once it is known that nobody else has it.
fn free(port: u16) -> Result<u16, BoxError> {
    let bound = TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "Port {port} is taken by another program. Stop that one, or choose another port: --port 9443"
        )
        .into(),
        ErrorKind::PermissionDenied => {
            format!("Port {port} is not open to you. Choose one above 1023: --port 8443").into()
        }
        _ => format!("Port {port} of 127.0.0.1 cannot be opened: {error}").into(),
    })
}

async fn serve_store() -> Result<String, BoxError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, store::server()).await });
    Ok(address)
}

/// Starts everything, is there for visitors or makes chaos for so long, and stops everything when that is over, when told
/// to or when something does not start.
async fn open(shop: Arc<Shop>, instances: u8, chaos: Option<Duration>) -> Result<(), BoxError> {
    let (stop, stopping) = watch::channel(false);
    let (report, mut events) = mpsc::unbounded_channel();
    let mut processes = JoinSet::new();
    let roles = roles::all(instances, shop.port)?;
    // All of them before the first process looks: none is to begin with a part of the shop.
    roles.iter().try_for_each(|role| role.register(&shop.live))?;
    for role in roles {
        processes.spawn(keep(role, shop.clone(), stopping.clone(), report.clone()));
    }
    let gathered = tokio::select! {
        ready = gather(&shop, processes.len(), &mut events) => ready.map(Some),
        ended = told_to_stop() => ended.map(|()| None),
    };
    let ended = match (gathered, chaos) {
        (Ok(Some(ready)), None) => attend(&shop, &ready, &mut events).await,
        (Ok(Some(ready)), Some(lasting)) => chaos::run(&shop, ready, &mut events, lasting).await,
        (Ok(None), _) => Ok(()),
        (Err(error), _) => Err(error),
    };
    shop.screen.say("Closing: every process finishes what it has begun.");
    stop.send_replace(true);
    tokio::select! {
        () = async { while processes.join_next().await.is_some() {} } => {}
        _ = told_to_stop() => {} // The impatient stop twice; what still runs is killed with its handle.
    }
    ended
}

/// Waits for all to be ready, but not forever.
async fn gather(
    shop: &Shop,
    expected: usize,
    events: &mut mpsc::UnboundedReceiver<Event>,
) -> Result<Vec<Started>, BoxError> {
    let mut ready: Vec<Started> = Vec::new();
    let all = tokio::time::timeout(START, async {
        while ready.len() < expected {
            match events.recv().await {
                Some(Event::Ready(started)) => ready.push(started),
                Some(Event::Ended { name, why }) => {
                    return Err(format!("{name} {why} before it was ready; what it said is above.").into());
                }
                None => break,
            }
        }
        Ok::<(), BoxError>(())
    });
    match all.await {
        Ok(ended) => ended?,
        Err(_) => shop.screen.warn(&late(&ready)),
    }
    ready.sort_by_key(|started| (started.name != roles::GATEWAY, started.name.clone()));
    Ok(ready)
}

/// Welcomes the visitor, and tells who leaves and who comes back until told to stop.
async fn attend(
    shop: &Shop,
    ready: &[Started],
    events: &mut mpsc::UnboundedReceiver<Event>,
) -> Result<(), BoxError> {
    tour::welcome(shop, ready);
    let tell = async {
        while let Some(event) = events.recv().await {
            match event {
                Event::Ready(started) => {
                    shop.screen.say(&format!("{} is ready, pid {}", started.name, started.pid));
                }
                Event::Ended { name, why } => {
                    shop.screen.warn(&format!("{name} {why}; it starts again in 5 s"));
                }
            }
        }
    };
    tokio::select! {
        () = tell => Ok(()),
        ended = told_to_stop() => ended,
    }
}

fn late(ready: &[Started]) -> String {
    if ready.iter().any(|started| started.name == roles::GATEWAY) {
        return "Not every process is ready after 10 s; those that are are listed below.".to_owned();
    }
    "The gateway opened no port within 10 s. Is there a Gateway with port 443 and selector istio: ingressgateway \
     among the documents?"
        .to_owned()
}

async fn told_to_stop() -> Result<(), BoxError> {
    let (mut interrupted, mut terminated, mut hung_up) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
        _ = hung_up.recv() => {}
    }
    Ok(())
}
