//! Certificates from an agent that speaks the SPIFFE Workload API. The agent here is a script: HTTP/2 over a Unix
//! socket, and messages written byte by byte.

use crate::authority::{Authority, Leaf, leaf_of};
use bytes::Bytes;
use h2::server::{self, SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};
use mesh_core::identity::{Issuer, WorkloadApi};
use std::time::Duration;
use tempfile::TempDir;
use tokio::{net::UnixListener, sync::mpsc};

const PRODUCT: &str = "spiffe://example.org/product";
const METHOD: &str = "/SpiffeWorkloadAPI/FetchX509SVID";

/// What the agent does next.
enum Step {
    Send(Vec<u8>),
    End(&'static str),
}

/// A field of bytes: its number and length before it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    [&field, bytes].concat()
}

/// The message of one certificate, and of a bundle of another trust domain.
fn message(authority: &Authority, leaf: &Leaf, federated: Option<(&str, &Authority)>) -> Vec<u8> {
    let svid = [
        field(1, PRODUCT.as_bytes()),
        field(2, &leaf.chain[0]),
        field(3, leaf.key.serialized_der()),
        field(4, &authority.root),
    ];
    let mut message = field(1, &svid.concat());
    if let Some((domain, authority)) = federated {
        let entry = [field(1, domain.as_bytes()), field(2, &authority.root)].concat();
        message.extend(field(3, &entry));
    }
    message
}

/// An agent at a socket, which does as it is told to each who connects.
struct Agent {
    _folder: TempDir,
    endpoint: String,
    steps: mpsc::UnboundedSender<Step>,
}

impl Agent {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let socket = folder.path().join("agent.sock");
        let (steps, mut script) = mpsc::unbounded_channel();
        let listener = UnixListener::bind(&socket).expect("bound");
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                let mut connection = server::handshake(stream).await.expect("HTTP/2");
                let (request, respond) = connection.accept().await.expect("a request").expect("whole");
                tokio::spawn(async move { while connection.accept().await.is_some() {} });
                answer(&request, respond, &mut script).await;
            }
        });
        Self { endpoint: format!("unix://{}", socket.display()), _folder: folder, steps }
    }

    fn next(&self, step: Step) {
        self.steps.send(step).expect("the agent lives");
    }
}

async fn answer<B>(
    request: &Request<B>,
    mut respond: SendResponse<Bytes>,
    script: &mut mpsc::UnboundedReceiver<Step>,
) {
    assert_eq!(request.uri().path(), METHOD);
    assert_eq!(request.headers()["workload.spiffe.io"], "true");
    let head = Response::builder().header("content-type", "application/grpc").body(()).expect("a head");
    let mut stream = respond.send_response(head, false).expect("sent");
    while let Some(step) = script.recv().await {
        match step {
            Step::Send(message) => {
                let length = u32::try_from(message.len()).expect("short").to_be_bytes();
                let framed = [&[0], &length[..], &message].concat();
                stream.send_data(framed.into(), false).expect("sent");
            }
            Step::End(status) => {
                let trailers = HeaderMap::from_iter([("grpc-status", status)].map(|(name, value)| {
                    (http::HeaderName::from_static(name), HeaderValue::from_static(value))
                }));
                stream.send_trailers(trailers).expect("sent");
                return;
            }
        }
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("soon")
}

#[tokio::test]
async fn the_agents_certificates_and_bundles_are_followed() {
    let (authority, partner, agent) = (Authority::new(), Authority::new(), Agent::new());
    let [first, second] = [PRODUCT; 2].map(|id| authority.sign(&leaf_of(&[id])));
    let mut workload = WorkloadApi::new(&*agent.endpoint);
    agent.next(Step::Send(message(&authority, &first, None)));
    let credentials = soon(workload.issue()).await.expect("credentials");
    assert_eq!(credentials.id.as_str(), PRODUCT);
    assert_eq!(credentials.key.cert[0], first.chain[0]);
    assert_eq!(*credentials.trust, authority.trust("example.org"));
    let again = soon(workload.issue()).await.expect("the same ones");
    assert!(again.is_same(&credentials));

    agent.next(Step::Send(message(&authority, &second, Some(("spiffe://partner", &partner)))));
    soon(workload.changed()).await;
    let credentials = soon(workload.issue()).await.expect("credentials");
    assert_eq!(credentials.key.cert[0], second.chain[0]);
    let domains: Vec<_> = credentials.trust.0.keys().map(|domain| domain.as_str()).collect();
    assert_eq!(domains, ["example.org", "partner"]);
}

#[tokio::test]
async fn a_stream_that_ends_is_opened_again() {
    let (authority, agent) = (Authority::new(), Agent::new());
    let [first, second] = [PRODUCT; 2].map(|id| authority.sign(&leaf_of(&[id])));
    let mut workload = WorkloadApi::new(&*agent.endpoint);
    agent.next(Step::Send(message(&authority, &first, None)));
    soon(workload.issue()).await.expect("credentials");
    agent.next(Step::End("14"));
    soon(workload.changed()).await;
    let fault = soon(workload.issue()).await.expect_err("the agent is away").to_string();
    assert!(fault.starts_with(&agent.endpoint), "{fault}");
    agent.next(Step::Send(message(&authority, &second, None)));
    let credentials = soon(workload.issue()).await.expect("credentials");
    assert_eq!(credentials.key.cert[0], second.chain[0]);
}

#[tokio::test]
async fn an_agent_that_is_not_there_or_knows_us_not_gives_a_fault_that_says_so() {
    let mut nobody = WorkloadApi::new("unix:///nowhere/agent.sock");
    let fault = soon(nobody.issue()).await.expect_err("nobody is there").to_string();
    assert!(fault.starts_with("unix:///nowhere/agent.sock: "), "{fault}");
    let agent = Agent::new();
    let mut workload = WorkloadApi::new(&*agent.endpoint);
    agent.next(Step::End("7"));
    let fault = soon(workload.issue()).await.expect_err("not known").to_string();
    assert!(fault.contains("permission denied"), "{fault}");
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused_and_the_key_is_not_told() {
    let (authority, agent) = (Authority::new(), Agent::new());
    let [leaf, other] = [PRODUCT; 2].map(|id| authority.sign(&leaf_of(&[id])));
    let mixed = Leaf { chain: leaf.chain, key: other.key };
    let mut workload = WorkloadApi::new(&*agent.endpoint);
    agent.next(Step::Send(message(&authority, &mixed, None)));
    let fault = soon(workload.issue()).await.expect_err("not its key").to_string();
    assert_eq!(
        fault,
        format!("{}: the private key does not belong to the certificate of {PRODUCT}", agent.endpoint)
    );
    let shown = format!("{workload:?}");
    assert!(shown.len() < 120, "{shown}");
}
