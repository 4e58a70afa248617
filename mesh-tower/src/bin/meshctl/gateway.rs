//! `meshctl gateway`: runs an ingress or egress gateway.

use crate::{log, output::Failure, request::GatewayReference, route::Label};
use mesh_core::{source::file::FileSource, table::GatewayRole};
use mesh_tower::mesh::{Config, IdentitySource, Mesh, admin_address};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode, str::FromStr};

const EXAMPLES: &str = "\
Examples:
  meshctl gateway -f mesh/ --name shop/door
      one gateway, at the ports that its document names
  meshctl gateway -f mesh/ --name shop/door --listen 443=127.0.0.1:8443 --secrets secrets/
      its port 443 at another address; its certificates from secrets/NAME/tls.crt and tls.key
  meshctl gateway -f mesh/ -f routes.yaml --label istio=ingressgateway
      every gateway whose selector asks for this label
  meshctl gateway -f mesh/ --name shop/door --admin 15000
      the same, and tells about itself: curl localhost:15000

Documents are followed: what changes takes effect without a restart. RUST_LOG says how much is logged, such as
RUST_LOG=debug. Default: info. NO_COLOR turns colours off.

Exit codes:
  0  it was told to stop (SIGTERM or Ctrl-C), and the requests under way were answered
  1  a port cannot be opened, or documents do not exist
  2  the command line is wrong";

/// Runs a gateway until it is told to stop (SIGTERM or Ctrl-C).
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files and folders with documents.
    #[arg(long = "file", short, required = true, value_name = "PATH", num_args = 1..)]
    files: Vec<PathBuf>,
    /// The gateway to run, whatever its selector. Default: every one whose selector the labels meet.
    #[arg(long, value_name = "NS/NAME")]
    name: Option<GatewayReference>,
    /// The address to open for a port. Default: every address of the machine, and the port itself.
    #[arg(long, value_name = "PORT=ADDRESS", env = "MESH_LISTEN", value_delimiter = ',')]
    listen: Vec<Listen>,
    /// The folder of certificates.
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
    /// The namespace of the gateway, and of documents that name none.
    #[arg(long, short, value_name = "NS", default_value = "default")]
    namespace: String,
    /// Where the gateway's certificate for the mesh comes from: none, local, local:DIR, files:DIR. Default: the mesh's own
    /// authority beside the documents, once they ask for mutual TLS.
    #[arg(long, value_name = "SOURCE", env = "MESH_IDENTITY")]
    identity: Option<IdentitySource>,
    /// The service account that it has, which is the last part of its SPIFFE id. Default: default.
    #[arg(long, value_name = "NAME", env = "MESH_SERVICE_ACCOUNT")]
    service_account: Option<String>,
    /// The address of the admin endpoint: with a port, a port of 127.0.0.1 alone, or off. Default: off.
    #[arg(long, value_name = "ADDRESS", env = "MESH_ADMIN")]
    admin: Option<Admin>,
    /// A label of the gateway's workload.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
}

/// `127.0.0.1:15000`, `15000` or `off`.
#[derive(Clone, Copy, Debug)]
struct Admin(Option<SocketAddr>);

/// `443=127.0.0.1:8443`.
#[derive(Clone, Debug)]
struct Listen {
    port: u16,
    address: SocketAddr,
}

/// Runs the command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let logging = log::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Work(format!("threads cannot be started: {error}")))?;
    let source = FileSource::new(arguments.files.clone(), arguments.namespace.clone());
    let source = source.map_err(|fault| Failure::Work(fault.to_string()))?;
    runtime
        .block_on(serve(Config { logging: Some(logging), ..arguments.into_config() }, source))
        .map_err(Failure::Work)?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, source: FileSource) -> Result<(), String> {
    let is_admin_wanted = config.admin.is_some();
    let mesh = Mesh::with_source(config, source).await;
    if is_admin_wanted && mesh.admin_address().is_none() {
        return Err("the admin endpoint cannot be opened; the log says why".into());
    }
    let warn = async {
        if mesh.handle().snapshot().listeners().is_empty() {
            let remedy = "name one with --name, or give the labels that its selector asks for with --label";
            tracing::warn!("no Gateway of the documents is run here, so no port is open ({remedy})");
        }
    };
    // The gateway first: it heeds signals from then on, so whoever reads the warning may already stop it.
    let (ended, ()) = tokio::join!(biased; mesh.gateway().run(), warn);
    ended.map_err(|error| error.to_string())
}

impl Arguments {
    fn into_config(self) -> Config {
        let name = self.name.map(|name| name.resolve(&self.namespace));
        Config {
            // A gateway sees what its own namespace sees, whichever namespace documents are in by default.
            namespace: name.as_ref().map_or(self.namespace, |name| name.namespace.to_string()),
            labels: self.labels.into_iter().map(|label| (label.key, label.value)).collect(),
            identity: self.identity.unwrap_or_default(),
            service_account: self.service_account,
            documents: self.files,
            secrets: self.secrets,
            gateway: name.map_or(GatewayRole::BySelector, GatewayRole::Named),
            admin: self.admin.and_then(|Admin(address)| address),
            listen: self.listen.into_iter().map(|listen| (listen.port, listen.address)).collect(),
            ..Config::default()
        }
    }
}

impl FromStr for Admin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        admin_address(text).map(Self)
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("{text:?} is no port and address (write 443=127.0.0.1:8443)");
        let (port, address) = text.split_once('=').ok_or_else(refuse)?;
        Ok(Self {
            port: port.trim().parse().map_err(|_| refuse())?,
            address: address.trim().parse().map_err(|_| refuse())?,
        })
    }
}
