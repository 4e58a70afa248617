//! The origin that all contenders call, in a process of its own: hyper, hyper with mutual TLS, or hyper within the mesh.

mod answer;

use crate::{
    certificates::{Files, PRODUCT},
    documents,
    message::Listening,
};
use answer::answer;
use benches::product::Nobody;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use mesh_core::model::Labels;
use mesh_tower::{
    Body, BoxError, Mesh,
    mesh::{Config, IdentitySource},
    recorder::Recorder,
    telemetry::{
        access_log::{AccessLog, Format, Sink, Writer},
        spans::SpanExporter,
    },
};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// Which origin to be.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The folder of the world: its certificates, and a folder for documents.
    #[arg(long)]
    world: PathBuf,
    /// What stands before the application.
    #[arg(long)]
    door: Door,
}

/// What stands before the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Door {
    /// Nothing.
    Plain,
    /// Mutual TLS.
    Mtls,
    /// The mesh, with mutual TLS.
    Mesh,
    /// The same, and it logs every request.
    MeshLog,
    /// The mesh, with mutual TLS, and it traces one of a hundred requests.
    MeshTrace,
}

impl Door {
    /// As the command line says it.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Mtls => "mtls",
            Self::Mesh => "mesh",
            Self::MeshLog => "mesh-log",
            Self::MeshTrace => "mesh-trace",
        }
    }
}

/// Says where it listens, and answers until nobody holds its standard input.
///
/// # Errors
/// When the world is not as it should be, or the process may not listen.
pub(crate) async fn serve(Arguments { world, door }: Arguments) -> Result<(), BoxError> {
    let listeners = [TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
    let at = [listeners[0].local_addr()?, listeners[1].local_addr()?];
    match door {
        Door::Plain => listeners.into_iter().for_each(|listener| drop(tokio::spawn(plain(listener)))),
        Door::Mtls => {
            let acceptor = TlsAcceptor::from(Arc::new(Files::of(&world, PRODUCT).server()?));
            for listener in listeners {
                tokio::spawn(mtls(listener, acceptor.clone()));
            }
        }
        Door::Mesh | Door::MeshLog | Door::MeshTrace => {
            let mesh = mesh(&world, door, &at).await?;
            for listener in listeners {
                tokio::spawn(mesh.serve(listener, tower::service_fn(answer::<Body>)));
            }
        }
    }
    println!("{}", serde_json::to_string(&Listening { at })?);
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn plain(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(without_delay(stream)));
    }
}

async fn mtls(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let accepting = acceptor.accept(without_delay(stream));
        tokio::spawn(async move {
            match accepting.await {
                Ok(stream) => connection(stream).await,
                Err(error) => eprintln!("peers: a handshake failed: {error}"),
            }
        });
    }
}

/// Both ends of each connection send what they have at once.
fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        eprintln!("peers: a connection is slow: {error}");
    }
    stream
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let answer = service_fn(answer::<Incoming>);
    // Whoever calls counts what fails.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

/// The folder of the documents that an origin within the mesh and its callers have: a mesh has one set of them.
pub(crate) fn documents_of(world: &Path, door: Door) -> PathBuf {
    world.join(format!("documents-{}", door.id()))
}

async fn mesh(world: &Path, door: Door, at: &[SocketAddr]) -> Result<Mesh, BoxError> {
    let folder = documents_of(world, door);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("product.yaml"), documents::secured(at))?;
    let labels = [("app", PRODUCT), ("version", "old")].map(|(key, value)| (key.into(), value.into()));
    let config = Config {
        service: PRODUCT.into(),
        labels: Labels::from(labels),
        identity: IdentitySource::Files(Files::of(world, PRODUCT).folder),
        documents: vec![folder],
        recording: Recorder::default().into(),
        access_log: (door == Door::MeshLog).then(log),
        spans: (door == Door::MeshTrace).then(|| SpanExporter::new(Nobody)),
        ..Config::default()
    };
    Ok(Mesh::start(config).await?)
}

/// A log in Istio's format, which nobody keeps: what a disk costs is the same for everybody.
pub(crate) fn log() -> AccessLog {
    AccessLog::new(Format::text(), Writer::new(Sink::named("/dev/null")))
}
