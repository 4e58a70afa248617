//! A process that calls, and says what it has in memory: the mesh's client, or hyper's pooled one.
//!
//! All of its connections are open at once, because the origin answers none of the first requests before the last of them
//! has come. What requests take after that is measured one after another, over whichever connection rests.

use crate::meanwhile::{called, percentiles};
use benches::{product::Text, services, virtual_services};
use clap::ValueEnum;
use futures_util::future::join_all;
use http::{Request, Uri};
use http_body_util::BodyExt;
use hyper::{Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use mesh_tower::{Body, BoxError, Client, Mesh, mesh::Config, recorder::Recorder};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, fs, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{io::AsyncReadExt, net::TcpSocket, sync::Barrier, time::Instant};

/// How long requests are sent one after another.
const LASTING: Duration = Duration::from_secs(1);
/// How many connections may wait for the origin to accept them.
const BACKLOG: u32 = 4096;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Who {
    /// hyper's pooled client.
    Hyper,
    /// The mesh.
    Mesh,
    /// hyper's pooled client, through one Envoy.
    Envoy,
}

impl Who {
    /// As people read it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper's client",
            Self::Mesh => "this mesh",
            Self::Envoy => "Envoy",
        }
    }
}

/// What a process that a run starts is.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Role {
    /// Answers.
    #[command(hide = true)]
    Origin {
        /// How many requests wait for one another.
        #[arg(long)]
        together: usize,
    },
    /// Calls.
    #[command(hide = true)]
    Caller(Arguments),
}

/// How to call.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    pub(crate) who: Who,
    /// How many services there are besides the one that is called.
    #[arg(long)]
    pub(crate) services: usize,
    #[arg(long)]
    pub(crate) connections: usize,
    #[arg(long)]
    pub(crate) to: SocketAddr,
}

/// What calling took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Called {
    /// Until every connection had carried a request.
    pub(crate) open: Duration,
    /// The median and the 99th percentile of requests after that.
    pub(crate) times: [Duration; 2],
    /// What the process has in memory, in KiB.
    pub(crate) kib: u64,
}

/// Does what the process was started for.
///
/// # Errors
/// When it cannot.
pub(crate) async fn serve(role: Role) -> Result<(), BoxError> {
    match role {
        Role::Origin { together } => origin(together).await,
        Role::Caller(arguments) => {
            println!("{}", serde_json::to_string(&call(&arguments).await?)?);
            Ok(())
        }
    }
}

/// Says where it listens, and answers until nobody holds its standard input.
async fn origin(together: usize) -> Result<(), BoxError> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("{}", listener.local_addr()?);
    let all = Arc::new(Barrier::new(together));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let all = Arc::clone(&all);
            let answer = service_fn(move |request: Request<Incoming>| {
                let all = Arc::clone(&all);
                async move {
                    if request.uri().path() == "/together" {
                        all.wait().await;
                    }
                    Ok::<_, Infallible>(Response::new(Body::from("a chair")))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

#[derive(Clone)]
enum Caller {
    Hyper {
        client: legacy::Client<HttpConnector, Body>,
        to: SocketAddr,
    },
    /// Follows the documents as long as it is there.
    Mesh {
        client: Client,
        _mesh: Arc<Mesh>,
    },
}

impl Caller {
    async fn of(arguments: &Arguments) -> Result<Self, BoxError> {
        if arguments.who != Who::Mesh {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            let client = legacy::Client::builder(TokioExecutor::new()).build(connector);
            return Ok(Self::Hyper { client, to: arguments.to });
        }
        let count = arguments.services;
        let text = services(count) + &virtual_services(count, None) + &called(arguments.to);
        let recording = Recorder::default().into();
        let config =
            Config { service: "caller".into(), namespace: "shop".into(), recording, ..Config::default() };
        let mesh = Mesh::with_source(config, Text(text)).await;
        let status = Arc::clone(&mesh.status().borrow());
        match status.faults.iter().find(|fault| fault.is_refusal()) {
            Some(fault) => Err(format!("a document is refused: {fault}").into()),
            None => Ok(Self::Mesh { client: mesh.client(), _mesh: Arc::new(mesh) }),
        }
    }

    async fn call(&self, path: &str) -> Result<(), BoxError> {
        match self {
            Self::Hyper { client, to } => {
                let response = client.get(Uri::try_from(format!("http://{to}{path}"))?).await?;
                response.into_body().collect().await?;
            }
            Self::Mesh { client, .. } => {
                let request = Request::get(format!("http://called{path}")).body(Body::empty())?;
                let response = client.request(request).await?;
                if !response.status().is_success() {
                    return Err(format!("a request is answered {}", response.status()).into());
                }
                response.into_body().collect().await?;
            }
        }
        Ok(())
    }
}

async fn call(arguments: &Arguments) -> Result<Called, BoxError> {
    let caller = Caller::of(arguments).await?;
    let begun = Instant::now();
    let first = (0..arguments.connections).map(|_| {
        let caller = caller.clone();
        tokio::spawn(async move { caller.call("/together").await })
    });
    for ended in join_all(first).await {
        ended??;
    }
    let open = begun.elapsed();
    let mut times = Vec::new();
    let until = Instant::now() + LASTING;
    while Instant::now() < until {
        let begun = Instant::now();
        caller.call("/").await?;
        times.push(begun.elapsed());
    }
    Ok(Called { open, times: percentiles(times), kib: resident("self")? })
}

/// The memory that a process has now, in KiB.
///
/// # Errors
/// When there is no such process.
pub(crate) fn resident(process: &str) -> Result<u64, BoxError> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB"));
    Ok(line.ok_or("a process has no memory")?.trim().parse()?)
}
