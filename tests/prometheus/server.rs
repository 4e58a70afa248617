//! A real Prometheus.

use super::SCRAPE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tests::shop::fetch;
use tokio::net::TcpStream;

/// Prometheus while it runs.
pub(super) struct Prometheus {
    process: Child,
    address: SocketAddr,
    targets: usize,
    _folder: TempDir,
}

/// One series of an answer.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

impl Prometheus {
    /// Starts one that reads these processes every [`SCRAPE`].
    pub(super) async fn start(targets: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("prometheus.yml");
        let listed: Vec<_> = targets.iter().map(|target| format!("\"{target}\"")).collect();
        let (every, listed) = (SCRAPE.as_secs(), listed.join(", "));
        let text = format!(
            "global: {{scrape_interval: {every}s, scrape_timeout: {every}s}}\nscrape_configs:\n- job_name: mesh\n  \
             static_configs: [{{targets: [{listed}]}}]\n"
        );
        fs::write(&config, text).expect("a file that can be written");
        let address = free().await;
        let log = File::create(folder.path().join("log")).expect("a file that can be written");
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the same file"))
            .stderr(log)
            .spawn()
            .expect("prometheus is on the PATH");
        let prometheus = Self { process, address, targets: targets.len(), _folder: folder };
        tests::soon(async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        prometheus
    }

    /// Waits until it has read every process.
    pub(super) async fn has_read_all(&self) {
        tests::soon(async {
            loop {
                let up = self.query("up", None).await;
                if up.len() == self.targets && up.iter().all(|series| series.value == 1.0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
        .await;
    }

    /// What an expression gives, now or at a moment.
    pub(super) async fn query(&self, expression: &str, at: Option<SystemTime>) -> Vec<Series> {
        let expression = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
        let at = at.map(|at| format!("&time={}", seconds(at))).unwrap_or_default();
        let reply = fetch(self.address, &format!("/api/v1/query?query={expression}{at}")).await;
        let answer = reply.json();
        assert_eq!(answer["status"], "success", "{answer}");
        let found = answer["data"]["result"].as_array().expect("a vector");
        found.iter().map(series).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn series(found: &serde_json::Value) -> Series {
    let labels = found["metric"].as_object().expect("labels");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    Series {
        labels: labels.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        value: text(&found["value"][1]).parse().expect("a number"),
    }
}

/// An address of which nobody makes use.
pub(super) async fn free() -> SocketAddr {
    tests::upstream::listener().await.1
}
