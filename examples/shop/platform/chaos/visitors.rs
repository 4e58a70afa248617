//! Many visitors at once, who read a product again as soon as they are answered.

use axum::body::Bytes;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use mesh_tower::BoxError;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{net::TcpStream, task::JoinSet, time::Instant};
use tokio_rustls::TlsConnector;

/// How many there are.
pub(super) const COUNT: usize = 64;
/// No visitor waits for longer.
const PATIENCE: Duration = Duration::from_secs(10);
const PRODUCT: &str = r#"{"productId": 1, "name": "chair", "weight": 7,
    "recommendations": [{"recommendationId": 1, "author": "Ann", "rate": 5, "content": "sit"}],
    "reviews": [{"reviewId": 1, "author": "Bob", "subject": "comfort", "content": "soft"}]}"#;

/// Visitors that go on until they are ended.
pub(super) struct Visitors {
    shared: Arc<Shared>,
    tasks: JoinSet<Vec<Duration>>,
}

/// What became of all visits.
pub(super) struct Visits {
    /// What each took, in no order.
    pub(super) took: Vec<Duration>,
    /// Those that were not answered as they should be.
    pub(super) failures: Vec<Failure>,
}

/// A visit that was not answered as it should be.
pub(super) struct Failure {
    pub(super) sent: Instant,
    pub(super) answered: Instant,
    /// The status and the message, or what went wrong without any.
    pub(super) why: String,
}

struct Shared {
    door: Door,
    authorization: String,
    is_over: AtomicBool,
    visits: AtomicU64,
    failures: Mutex<Vec<Failure>>,
}

/// Where the gateway is, and whom its visitors trust.
struct Door {
    port: u16,
    tls: TlsConnector,
}

impl Visitors {
    /// Creates what they read, and lets them begin.
    ///
    /// # Errors
    /// The gateway is not there, or does not let them in.
    pub(super) async fn begin(port: u16, authority: &Path) -> Result<Self, BoxError> {
        let door = Door::new(port, authority)?;
        let (reader, writer) = (door.token("reader").await?, door.token("writer").await?);
        let mut connection = door.open().await?;
        let create = door
            .request(Method::POST, "/product-composite", &writer)
            .header(CONTENT_TYPE, "application/json");
        let (status, body) = exchange(&mut connection, create.body(PRODUCT.into())?).await?;
        if status != StatusCode::OK {
            return Err(format!("The visitors' product cannot be created: {}", told(status, &body)).into());
        }
        let shared = Arc::new(Shared {
            door,
            authorization: reader,
            is_over: AtomicBool::new(false),
            visits: AtomicU64::new(0),
            failures: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        for _ in 0..COUNT {
            tasks.spawn(visit(shared.clone()));
        }
        Ok(Self { shared, tasks })
    }

    /// How many visits there were, and how many failed.
    pub(super) fn so_far(&self) -> (u64, usize) {
        (self.shared.visits.load(Relaxed), self.shared.failed().len())
    }

    /// Lets everybody finish the visit that has begun.
    pub(super) async fn end(self) -> Visits {
        self.shared.is_over.store(true, Relaxed);
        let took = self.tasks.join_all().await.concat();
        Visits { took, failures: std::mem::take(&mut self.shared.failed()) }
    }
}

impl Shared {
    fn failed(&self) -> std::sync::MutexGuard<'_, Vec<Failure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn visit(shared: Arc<Shared>) -> Vec<Duration> {
    let (mut took, mut connection) = (Vec::new(), None);
    while !shared.is_over.load(Relaxed) {
        let sent = Instant::now();
        let read = tokio::time::timeout(PATIENCE, read(&shared, &mut connection));
        let ended = read.await.unwrap_or_else(|_| Err("no answer in 10 s".into()));
        let answered = Instant::now();
        took.push(answered - sent);
        shared.visits.fetch_add(1, Relaxed);
        if let Err(why) = ended {
            let why = why.to_string();
            shared.failed().push(Failure { sent, answered, why });
            connection = None;
            // A gateway that is gone would be asked in a busy loop.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    took
}

async fn read(shared: &Shared, connection: &mut Option<SendRequest<Full<Bytes>>>) -> Result<(), BoxError> {
    let door = &shared.door;
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(door.open().await?),
    };
    let request = door.request(Method::GET, "/product-composite/1", &shared.authorization).body("".into())?;
    let (status, body) = exchange(connection, request).await?;
    let read: Value = serde_json::from_slice(&body).unwrap_or_default();
    // A part is left out when the service that knows it is in trouble, and that is a failure here.
    let is_whole = ["cmp", "pro", "rec", "rev"]
        .iter()
        .all(|part| read["serviceAddresses"][part].as_str().is_some_and(|address| !address.is_empty()));
    match (status, is_whole) {
        (StatusCode::OK, true) => Ok(()),
        (StatusCode::OK, false) => Err("200, but a part is left out".into()),
        _ => Err(told(status, &body).into()),
    }
}

impl Door {
    fn new(port: u16, authority: &Path) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority)?)?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { port, tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, BoxError> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(ServerName::try_from("minikube.me")?, stream).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn request(&self, method: Method, path: &str, authorization: &str) -> http::request::Builder {
        let host = format!("minikube.me:{}", self.port);
        Request::builder().method(method).uri(path).header(HOST, host).header(AUTHORIZATION, authorization)
    }

    /// What a client of the shop shows.
    async fn token(&self, client: &str) -> Result<String, BoxError> {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{client}:secret")));
        let ask = self.request(Method::POST, "/oauth/token", &basic);
        let ask = ask.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = "grant_type=password&username=magnus&password=password";
        let (status, body) = exchange(&mut self.open().await?, ask.body(form.into())?).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        match answer["access_token"].as_str() {
            Some(token) => Ok(format!("Bearer {token}")),
            None => Err(format!("The visitors get no token: {}", told(status, &body)).into()),
        }
    }
}

async fn exchange(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), BoxError> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    Ok((response.status(), response.into_body().collect().await?.to_bytes()))
}

/// A status, and the message of the body.
fn told(status: StatusCode, body: &[u8]) -> String {
    let message = serde_json::from_slice::<Value>(body).ok();
    let message = message.and_then(|message| message["message"].as_str().map(str::to_owned));
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    format!("{} {message}", status.as_u16())
}
