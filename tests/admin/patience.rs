//! Whoever reads metrics or keeps the log may be slow, stuck or gone: requests do not notice.

use super::{get, with_admin};
use http::Response;
use mesh_tower::{Body, BoxError, Mesh, mesh::Config, recorder::Recorder};
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use std::{fs, future::ready, net::SocketAddr, path::Path, process::Command, time::Duration};
use tests::{
    documents::{Documents, service},
    exposition::until,
    mesh::serve,
    soon,
    upstream::listener,
    wire,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};
use tower::service_fn;

const DROPPED: &str = "mesh_access_log_dropped_lines_total";

/// A workload that calls itself, what it measures, and where it tells.
struct World {
    mesh: Mesh,
    recorder: Recorder,
    admin: SocketAddr,
    _documents: Documents,
}

impl World {
    async fn logging_to(file: Option<&Path>) -> Self {
        let (listener, address) = listener().await;
        let logged = file.map(|file| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |\n    \
                 accessLogFile: {}\n",
                file.display()
            )
        });
        let service = service("app", "http", address);
        let documents: Vec<&str> = [&*service].into_iter().chain(logged.as_deref()).collect();
        let (documents, recorder) = (Documents::of(&documents), Recorder::default());
        let config = Config { recording: recorder.clone().into(), ..with_admin(&documents) };
        let mesh = Mesh::start(config).await.expect("documents that are there");
        serve(&mesh, listener, service_fn(|_| ready(Ok::<_, BoxError>(Response::new(Body::from("here"))))));
        let admin = mesh.admin_address().expect("an admin endpoint");
        Self { mesh, recorder, admin, _documents: documents }
    }

    /// Asks so often, and gives what a request usually took.
    async fn ask(&self, times: usize) -> Duration {
        let client = self.mesh.client();
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let start = Instant::now();
            let response = soon(client.get("http://app/")).await.expect("an answer");
            assert_eq!(response.status(), 200);
            soon(wire::text(response)).await;
            took.push(start.elapsed());
        }
        took.sort();
        took[times / 2]
    }
}

/// Ten times as long, and a bit, is what a busy machine may do to a request; what waits for somebody waits for ever.
fn is_as_quick(usual: Duration, now: Duration) {
    assert!(now < 10 * usual + Duration::from_millis(50), "{now:?}, and {usual:?} before");
}

/// How much memory this process has, in MiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").expect("a table of memory");
    let pages: u64 =
        status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * 4 / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrapers_that_never_read_cost_requests_nothing() {
    let world = World::logging_to(None).await;
    // So much to tell that no socket takes it in: some 20 MiB.
    let metadata = Metadata::new("tests", Level::INFO, None);
    for number in 0..40_000_u32 {
        let label = Label::new("much", format!("{number:0>500}"));
        world.recorder.register_counter(&Key::from_parts("much_total", vec![label]), &metadata).increment(1);
    }
    let usual = world.ask(300).await;
    let before = resident();
    let mut stuck = Vec::new();
    for _ in 0..60 {
        let mut stream = TcpStream::connect(world.admin).await.expect("an open port");
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\n\r\n", world.admin);
        stream.write_all(request.as_bytes()).await.expect("an endpoint that reads");
        // It begins to answer, and is never heard.
        soon(stream.read_exact(&mut [0; 1])).await.expect("an answer");
        stuck.push(stream);
    }
    is_as_quick(usual, world.ask(300).await);
    let more = resident().saturating_sub(before);
    assert!(more < 200, "{more} MiB for answers that nobody reads, of 1200 that they are long");
    // One that behaves is answered beside them, and in their place when they are gone.
    assert!(get(world.admin, "/metrics").await.1.contains("istio_requests_total"));
    drop(stuck);
    assert!(get(world.admin, "/metrics").await.1.contains("istio_requests_total"));
}

fn pipe() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("access.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    (folder, pipe)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_that_nobody_reads_costs_lines_and_no_time() {
    let usual = World::logging_to(None).await.ask(300).await;
    for is_open in [false, true] {
        let (_folder, pipe) = pipe();
        // Whoever opens it for both sides does not wait for another one; a pipe takes 64 KiB.
        let open = || fs::OpenOptions::new().read(true).write(true).open(&pipe).expect("a pipe");
        let held = is_open.then(open);
        let world = World::logging_to(Some(&pipe)).await;
        // Each request has two lines, one at each end, and 8192 wait at most.
        is_as_quick(usual, world.ask(6000).await);
        let dropped =
            until(&world.recorder, DROPPED, |samples| samples.iter().any(|sample| sample.value > 1000.0))
                .await;
        assert_eq!(dropped[0].label("sink"), pipe.to_str().expect("a path of text"));
        // The thread that writes is let go, lest it wait for ever.
        let reader = held.unwrap_or_else(open);
        std::thread::spawn(move || std::io::copy(&mut &reader, &mut std::io::sink()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_costs_lines_and_no_time() {
    let usual = World::logging_to(None).await.ask(300).await;
    let world = World::logging_to(Some(Path::new("/dev/full"))).await;
    is_as_quick(usual, world.ask(300).await);
    // Every line is lost, and counted.
    let dropped =
        until(&world.recorder, DROPPED, |samples| samples.iter().any(|sample| sample.value == 600.0)).await;
    assert_eq!(dropped[0].label("sink"), "/dev/full");
}

#[tokio::test]
async fn scrapers_that_never_read_are_let_go_within_a_minute() {
    let world = World::logging_to(None).await;
    let metadata = Metadata::new("tests", Level::INFO, None);
    for number in 0..20_000_u32 {
        let label = Label::new("much", format!("{number:0>500}"));
        world.recorder.register_counter(&Key::from_parts("much_total", vec![label]), &metadata).increment(1);
    }
    let mut stuck = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(world.admin).await.expect("an open port");
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\n\r\n", world.admin);
        stream.write_all(request.as_bytes()).await.expect("an endpoint that reads");
        soon(stream.read_exact(&mut [0; 1])).await.expect("an answer");
        stuck.push(stream);
    }
    let is_answered = || async {
        let mut stream = TcpStream::connect(world.admin).await.expect("an open port");
        let request = format!("GET /ready HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", world.admin);
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = soon(stream.read_to_end(&mut answer)).await;
        answer.starts_with(b"HTTP/1.1 200")
    };
    assert!(!is_answered().await, "there is no place for another one");
    // A minute, and the second that answers under way have: it goes by at once.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(62)).await;
    tokio::time::resume();
    assert!(is_answered().await);
    drop(stuck);
}
