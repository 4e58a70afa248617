//! A real Envoy, with any configuration.

mod binary;

pub use binary::{find, target, version};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1::handshake};
use hyper_util::rt::TokioIo;
use mesh_tower::BoxError;
use serde_json::Value;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep},
};

/// How long Envoy may take until it serves.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process of Envoy. Dropping it ends the process.
#[derive(Debug)]
pub struct Envoy {
    /// The process's number.
    pub id: u32,
    /// Where it listens, in the order of its listeners.
    pub listening: Vec<SocketAddr>,
    _child: Child,
}

impl Envoy {
    /// Starts Envoy with a configuration, and waits until it serves.
    ///
    /// # Errors
    /// When it does not; its log is beside the configuration.
    pub async fn start(
        binary: &Path,
        folder: &Path,
        workers: usize,
        config: &Value,
    ) -> Result<Self, BoxError> {
        fs::create_dir_all(folder)?;
        let (file, admin, log) = (folder.join("envoy.json"), folder.join("admin"), folder.join("log"));
        fs::write(&file, config.to_string())?;
        let mut command = Command::new(binary);
        command.arg("--config-path").arg(&file).arg("--admin-address-path").arg(&admin);
        command.arg("--concurrency").arg(workers.to_string());
        command.args(["--disable-hot-restart", "--log-level", "warning"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let child = command.kill_on_drop(true).spawn()?;
        let id = child.id().ok_or("Envoy ended at once")?;
        let mut envoy = Self { id, listening: Vec::new(), _child: child };
        let until = Instant::now() + PATIENCE;
        while !envoy.is_serving(&admin).await {
            if Instant::now() > until {
                return Err(refusal(&log));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(envoy)
    }

    /// Whether it serves; then it is known where.
    async fn is_serving(&mut self, admin: &PathBuf) -> bool {
        let Ok(Ok(address)) = fs::read_to_string(admin).map(|text| text.parse()) else { return false };
        if get(address, "/ready").await.is_none_or(|answer| !answer.starts_with(b"LIVE")) {
            return false;
        }
        let listeners = get(address, "/listeners?format=json").await.unwrap_or_default();
        let listeners: Value = serde_json::from_slice(&listeners).unwrap_or_default();
        let mut named: Vec<_> =
            listeners["listener_statuses"].as_array().into_iter().flatten().filter_map(listening).collect();
        named.sort();
        self.listening = named.into_iter().map(|(_, address)| address).collect();
        !self.listening.is_empty()
    }
}

/// The name and the address of a listener, as the admin interface tells them.
fn listening(status: &Value) -> Option<(String, SocketAddr)> {
    let address = &status["local_address"]["socket_address"];
    let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
    Some((
        status["name"].as_str()?.to_owned(),
        SocketAddr::new(address["address"].as_str()?.parse().ok()?, port),
    ))
}

/// Why Envoy does not serve: the last that it says.
fn refusal(log: &Path) -> BoxError {
    let text = fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().last().unwrap_or("it says nothing");
    format!("Envoy does not serve: {last}").into()
}

/// Asks the admin interface; nothing, if it does not answer.
async fn get(admin: SocketAddr, path: &str) -> Option<Vec<u8>> {
    let (mut sender, connection) =
        handshake(TokioIo::new(TcpStream::connect(admin).await.ok()?)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "admin").body(Empty::<bytes::Bytes>::new()).ok()?;
    let response = sender.send_request(request).await.ok()?;
    Some(response.into_body().collect().await.ok()?.to_bytes().to_vec())
}
