//! The shop as a user runs it: the real program in a folder of its own, and a client of its gateway.
//!
//! Every wait is bounded, and ends when its condition is met.

mod client;
mod load;
mod program;

pub use client::{Connection, Reply, fetch};
pub use load::{Load, Visit};
pub use program::{Ended, Program};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::{Mutex, watch};

/// What anything that the shop does may take on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A shop that is open. Closes when dropped, and then makes sure that none of its processes is left.
pub struct Shop {
    program: Program,
    /// The port of the gateway on 127.0.0.1.
    pub port: u16,
    /// How long it took from its start to its opening.
    pub opening: Duration,
    trust: client::Trust,
    // After the program: the folder goes when nobody writes into it.
    live: TempDir,
}

/// One process of the shop, as the shop introduces it.
#[derive(Clone, Debug)]
pub struct Instance {
    /// For example `product-v1`.
    pub name: String,
    /// The process.
    pub pid: i32,
    /// Where it serves.
    pub address: SocketAddr,
    /// Where it tells its health; the gateway does not.
    pub health: Option<SocketAddr>,
    /// Where it tells about itself.
    pub admin: Option<SocketAddr>,
}

impl Shop {
    /// Opens a shop with these options, beside `--port 0` and a folder of its own.
    ///
    /// # Panics
    /// The shop does not open.
    pub async fn open(options: &[&str]) -> Self {
        Self::open_in(&[], options).await
    }

    /// The same with these variables in its environment.
    ///
    /// # Panics
    /// The shop does not open.
    pub async fn open_in(environment: &[(&str, &str)], options: &[&str]) -> Self {
        let live = tempfile::tempdir().expect("a folder of its own");
        let folder = live.path().to_str().expect("a path of text").to_owned();
        let options = [&["--port", "0", "--live", &folder], options].concat();
        let program = Program::start_in(environment, &options);
        let opened = program.says(|line| line.contains("The shop is open: ")).await;
        let opening = program.started.elapsed();
        let (_, port) = opened.rsplit_once("https://minikube.me:").expect("the address of the gateway");
        let port = port.split_whitespace().next().and_then(|port| port.parse().ok()).expect("a port");
        // The last line of the welcome; all who serve were introduced before it.
        program.says(|line| line.contains("Ctrl-C closes the shop.")).await;
        let trust = client::Trust::in_file(&live.path().join("ca.crt"));
        Self { program, port, opening, trust, live }
    }

    /// The shop with its own documents that the tests of this process share as long as one of them uses it. They must
    /// not change its documents, nor keep products of the same number.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Shop>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(shop) = shared.upgrade() {
            return shop;
        }
        let shop = Arc::new(Self::open(&[]).await);
        *shared = Arc::downgrade(&shop);
        shop
    }

    /// The folder of the documents that came with the shop, to edit.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.live.path().join("documents")
    }

    /// The folder of the running shop.
    #[must_use]
    pub fn live(&self) -> PathBuf {
        self.live.path().to_owned()
    }

    /// A connection to the gateway that speaks HTTP/1.1.
    pub async fn connect(&self) -> Connection {
        Connection::http1(self.port, &self.trust).await
    }

    /// A connection to the gateway that speaks HTTP/2.
    pub async fn connect_http2(&self) -> Connection {
        Connection::http2(self.port, &self.trust).await
    }

    /// A token for `writer` or `reader`.
    ///
    /// # Panics
    /// There is none.
    pub async fn token(&self, client: &str) -> String {
        let reply = self.ask_token(&format!("{client}:secret"), "magnus", "password").await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Asks for a token as a client, `name:secret`, in the name of a user.
    pub async fn ask_token(&self, client: &str, user: &str, password: &str) -> Reply {
        let mut connection = self.connect().await;
        let form = format!("grant_type=password&username={user}&password={password}");
        let request = connection
            .request(Method::POST, "/oauth/token")
            .header("authorization", format!("Basic {}", BASE64_STANDARD.encode(client)))
            .header("content-type", "application/x-www-form-urlencoded");
        connection.send(request, form).await
    }

    /// Creates a product with one recommendation and one review.
    ///
    /// # Panics
    /// It cannot be created.
    pub async fn create(&self, id: i32) {
        let token = self.token("writer").await;
        let reply = self.connect().await.post(&token, product(id)).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }

    /// All lines that the shop has printed, and those that come.
    #[must_use]
    pub fn lines(&self) -> watch::Receiver<Vec<String>> {
        self.program.lines()
    }

    /// Waits for a line, from the start of the shop on.
    ///
    /// # Panics
    /// It is not printed in time.
    pub async fn says(&self, expected: impl Fn(&str) -> bool) -> String {
        self.program.says(expected).await
    }

    /// The processes that the shop introduced when it opened.
    ///
    /// # Panics
    /// The introduction cannot be understood.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        self.lines().borrow().iter().filter_map(|line| introduced(line)).collect()
    }

    /// Every process that the shop ever said to have started.
    fn processes(&self) -> Vec<Pid> {
        let lines = self.lines();
        let lines = lines.borrow();
        let pids = lines.iter().filter_map(|line| line.split_once(" pid ")?.1.split_whitespace().next());
        pids.filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
    }

    /// Those of the shop's processes that still run.
    #[must_use]
    pub fn left(&self) -> Vec<i32> {
        let alive = self.processes().into_iter().filter(|pid| test_kill_process(*pid).is_ok());
        alive.map(|pid| pid.as_raw_nonzero().get()).collect()
    }

    /// Sends a signal to the shop and waits until it has ended.
    ///
    /// # Panics
    /// It does not end in time.
    pub async fn end(&self, signal: Signal) -> Ended {
        self.program.signal(signal);
        self.program.ended().await
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let has_ended = self.program.close();
        // A test that fails already says why.
        if !std::thread::panicking() {
            assert!(has_ended, "the shop did not end when told to");
            assert_eq!(self.left(), [0; 0], "processes that outlive the shop");
        }
    }
}

/// Kills a process as `kill -9` does.
///
/// # Panics
/// There is no such process.
pub fn kill(pid: i32) {
    let pid = Pid::from_raw(pid).expect("the number of a process");
    kill_process(pid, Signal::KILL).expect("a process to kill");
}

/// A product with one recommendation and one review, as it is created.
#[must_use]
pub fn product(id: i32) -> String {
    serde_json::json!({
        "productId": id, "name": "chair", "weight": 7,
        "recommendations": [{"recommendationId": 1, "author": "Ann", "rate": 5, "content": "sit"}],
        "reviews": [{"reviewId": 2, "author": "Bob", "subject": "comfort", "content": "soft"}],
    })
    .to_string()
}

/// Reads `  product-v1  pid 17  127.0.0.1:4711  health http://127.0.0.1:4712/actuator/health`.
fn introduced(line: &str) -> Option<Instance> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, "pid", pid, address, others @ ..] = words.as_slice() else { return None };
    let after = |word: &str| {
        let url = others.iter().skip_while(|other| **other != word).nth(1)?.strip_prefix("http://")?;
        url.split('/').next()?.parse().ok()
    };
    Some(Instance {
        name: (*name).to_owned(),
        pid: pid.parse().ok()?,
        address: address.parse().ok()?,
        health: after("health"),
        admin: after("admin"),
    })
}
