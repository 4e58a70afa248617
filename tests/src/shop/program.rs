//! The shop's process.

use super::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    thread,
};
use tokio::{
    sync::watch,
    time::{Duration, Instant, timeout},
};

/// The shop's own process, and what it prints.
pub struct Program {
    pid: Pid,
    lines: watch::Receiver<Vec<String>>,
    status: watch::Receiver<Option<ExitStatus>>,
    /// Closes when the process has ended: for those who cannot await that.
    gone: Mutex<mpsc::Receiver<()>>,
    pub(super) started: Instant,
}

/// How a program ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// With which status.
    pub status: ExitStatus,
    /// How long that took.
    pub took: Duration,
}

impl Program {
    /// Starts the shop with these arguments.
    ///
    /// # Panics
    /// It cannot be built or started.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(&[], arguments)
    }

    /// The same with these variables in its environment.
    ///
    /// # Panics
    /// It cannot be built or started.
    #[must_use]
    pub fn start_in(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let program = built();
        let started = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the shop starts");
        let (sender, lines) = watch::channel(Vec::new());
        listen(child.stdout.take().expect("its output"), sender.clone());
        listen(child.stderr.take().expect("its errors"), sender);
        let pid = Pid::from_child(&child);
        let (status, gone) = await_end(child);
        Self { pid, lines, status, gone: Mutex::new(gone), started }
    }

    /// All lines that it has printed, and those that come.
    #[must_use]
    pub fn lines(&self) -> watch::Receiver<Vec<String>> {
        self.lines.clone()
    }

    /// Waits for a line, from the start on.
    ///
    /// # Panics
    /// It is not printed in time.
    pub async fn says(&self, expected: impl Fn(&str) -> bool) -> String {
        let mut lines = self.lines();
        let found = |lines: &Vec<String>| lines.iter().find(|line| expected(line)).cloned();
        // The sender is gone when the program is.
        let said = timeout(PATIENCE, lines.wait_for(|lines| found(lines).is_some())).await;
        let line = said.ok().and_then(|said| said.ok().and_then(|lines| found(&lines)));
        line.unwrap_or_else(|| {
            panic!("the shop did not say what was expected, but:\n{}", self.lines.borrow().join("\n"))
        })
    }

    /// Sends a signal, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        if self.status.borrow().is_none() {
            // It may end in this moment.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// It does not end in time.
    pub async fn ended(&self) -> Ended {
        let (start, mut status) = (Instant::now(), self.status.clone());
        let ended = timeout(PATIENCE, status.wait_for(Option::is_some)).await.expect("the shop ends");
        let status = ended.expect("somebody waits for the shop").expect("its status");
        Ended { status, took: start.elapsed() }
    }

    /// Ends it, by force if need be; whether it took no force. Blocks.
    pub(super) fn close(&self) -> bool {
        self.signal(Signal::TERM);
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = gone.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Disconnected);
        self.signal(Signal::KILL);
        ended
    }
}

fn listen(output: impl Read + Send + 'static, lines: watch::Sender<Vec<String>>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            lines.send_modify(|lines| lines.push(line));
        }
    });
}

fn await_end(mut child: Child) -> (watch::Receiver<Option<ExitStatus>>, mpsc::Receiver<()>) {
    let (sender, status) = watch::channel(None);
    let (leash, gone) = mpsc::channel();
    thread::spawn(move || {
        let ended = child.wait().expect("a child to wait for");
        sender.send_replace(Some(ended));
        drop::<mpsc::Sender<()>>(leash);
    });
    (status, gone)
}

/// The shop's program, built like the test that asks.
///
/// With the whole workspace selected its dependencies have the features that they have when all tests are built, and
/// nothing is left to build then.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/debug/deps/shop_api-0123456789abcdef
        let test = std::env::current_exe().expect("the path of this test");
        let profile = test.ancestors().nth(2).expect("the folder of the profile");
        let name = match profile.file_name().and_then(|name| name.to_str()).expect("the profile") {
            "debug" => "dev",
            name => name,
        };
        let build = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace", "--example", "shop", "--profile", name, "--target-dir"])
            .arg(profile.parent().expect("the folder of builds"))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .status();
        assert!(build.expect("cargo runs").success(), "the shop cannot be built");
        profile.join("examples/shop")
    })
}
