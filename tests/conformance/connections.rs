//! Istio's metrics of connections of which no requests are seen, at both ends of one that passes a gateway untouched.

use mesh_core::model::Labels;
use mesh_tower::{Mesh, mesh::Config, recorder::Recorder, telemetry::Recording};
use std::{collections::BTreeMap, fs, io, net::SocketAddr};
use tests::{
    documents::{Documents, service},
    exposition::{Sample, until},
    gate::{door, mirror},
    mesh::{config, gateway_config, run_gateway},
    sealed, soon,
    tls::Authority,
    upstream::listener,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;
use tower::service_fn;

const BANK: &str = "bank.example.com";
const OPENED: &str = "istio_tcp_connections_opened_total";
const CLOSED: &str = "istio_tcp_connections_closed_total";
const RECEIVED: &str = "istio_tcp_received_bytes_total";
const SENT: &str = "istio_tcp_sent_bytes_total";

/// A gateway that passes TLS for `bank`, a workload that ends it itself.
struct World {
    authority: Authority,
    gateway: SocketAddr,
    /// What the gateway measures, and what `bank` does.
    measured: [Recorder; 2],
    _members: [Mesh; 2],
    _documents: Documents,
}

impl World {
    /// `more` is written besides. `bank` is at `at`, or else where it serves.
    async fn with(more: &[&str], at: Option<SocketAddr>) -> Self {
        let (listener, address) = listener().await;
        let passing = "{port: {number: 443, name: tls, protocol: TLS}, hosts: ['*.example.com'], tls: {mode: PASSTHROUGH}}";
        let rules = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: bank}}\nspec: {{hosts: [{BANK}], gateways: \
             [door], tls: [{{match: [{{sniHosts: [{BANK}]}}], route: [{{destination: {{host: bank, port: {{number: 80}}}}}}]}}]}}\n"
        );
        let bank = service("bank", "tls", at.unwrap_or(address));
        let documents = Documents::of(&[&[&*door(&[passing]), &*rules, &*bank], more].concat());
        let (authority, measured) = (Authority::default(), [Recorder::default(), Recorder::default()]);
        let recordings = measured.clone().map(Recording::from);
        let [of_gateway, of_bank] = recordings;
        let own =
            Config { service: "edge".into(), recording: of_gateway, ..gateway_config(&documents, &[443]) };
        let gateway = Mesh::start(own).await.expect("documents that are there");
        let labels =
            Labels::from([("app", "bank"), ("version", "v2")].map(|(key, value)| (key.into(), value.into())));
        let own = Config { service: "bank".into(), labels, recording: of_bank, ..config(&documents) };
        let bank = Mesh::start(own).await.expect("documents that are there");
        tokio::spawn(bank.serve_and_pass(listener, service_fn(mirror), sealed::echo(&authority, BANK)));
        let (addresses, _) = run_gateway(&gateway).await;
        Self { authority, gateway: addresses[0], measured, _members: [gateway, bank], _documents: documents }
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        soon(self.authority.shake_hands(self.gateway, Some(BANK), &[])).await
    }

    /// What each end has counted of a metric, once a connection was.
    async fn one_each(&self, name: &str) -> [Sample; 2] {
        let mut found = Vec::new();
        for recorder in &self.measured {
            let mut samples = until(recorder, name, |samples| !samples.is_empty()).await;
            assert_eq!(samples.len(), 1, "{samples:#?}");
            found.append(&mut samples);
        }
        found.try_into().expect("one for each end")
    }
}

async fn say(stream: &mut TlsStream<TcpStream>, count: usize) {
    stream.write_all(&vec![b'x'; count]).await.expect("a gateway that takes it");
    let mut echo = vec![0; count];
    soon(stream.read_exact(&mut echo)).await.expect("as much in return");
}

/// Istio's labels of a connection from `edge` to `bank`, of which nothing else is known.
fn expected(differences: &[(&str, &str)]) -> BTreeMap<String, String> {
    let unknown = [
        "source_workload",
        "source_canonical_service",
        "source_workload_namespace",
        "source_principal",
        "source_app",
        "source_version",
        "source_cluster",
        "destination_workload",
        "destination_principal",
        "destination_app",
        "destination_version",
        "destination_canonical_service",
        "destination_cluster",
    ];
    let known = [
        ("source_canonical_revision", "latest"),
        ("destination_canonical_revision", "latest"),
        ("destination_service", "bank.default.svc.cluster.local"),
        ("destination_service_name", "bank"),
        ("destination_service_namespace", "default"),
        ("destination_workload_namespace", "default"),
        ("request_protocol", "tcp"),
        ("response_flags", "-"),
    ];
    let all =
        unknown.map(|name| (name, "unknown")).into_iter().chain(known).chain(differences.iter().copied());
    all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_connection_that_passes_untouched_is_counted_at_both_ends() {
    let world = World::with(&[], None).await;
    let mut stream = world.connect().await.expect("bank's own TLS");
    say(&mut stream, 100_000).await;
    let [at_gateway, at_bank] = world.one_each(OPENED).await;
    assert_eq!((at_gateway.value, at_bank.value), (1.0, 1.0));
    let of_edge = [
        ("reporter", "source"),
        ("source_workload", "edge"),
        ("source_canonical_service", "edge"),
        ("source_workload_namespace", "default"),
        ("source_cluster", "Kubernetes"),
        // By the labels that the documents give the endpoint.
        ("destination_app", "bank"),
        ("destination_version", "v1"),
        ("destination_canonical_service", "bank"),
        ("destination_canonical_revision", "v1"),
        ("connection_security_policy", "unknown"),
    ];
    assert_eq!(at_gateway.labels, expected(&of_edge));
    let of_bank = [
        ("reporter", "destination"),
        ("destination_workload", "bank-v2"),
        ("destination_app", "bank"),
        ("destination_version", "v2"),
        ("destination_canonical_service", "bank"),
        ("destination_canonical_revision", "v2"),
        ("destination_cluster", "Kubernetes"),
        ("connection_security_policy", "none"),
    ];
    assert_eq!(at_bank.labels, expected(&of_bank));
    soon(stream.shutdown()).await.expect("an end");
    soon(stream.read_to_end(&mut Vec::new())).await.expect("bank's end");
    drop(stream);
    for (ours, end) in world.measured.iter().zip(["gateway", "bank"]) {
        let closed = until(ours, CLOSED, |samples| samples.iter().any(|sample| sample.value == 1.0)).await;
        assert_eq!(closed.len(), 1, "{end}");
    }
    // What came to the gateway came to bank, and the other way round; TLS takes a little more than what it carries.
    for metric in [RECEIVED, SENT] {
        let [at_gateway, at_bank] = world.one_each(metric).await;
        assert_eq!(at_gateway.value, at_bank.value, "{metric}");
        assert!((100_000.0..110_000.0).contains(&at_gateway.value), "{metric}: {}", at_gateway.value);
    }
}

#[tokio::test]
async fn a_connection_that_lasts_is_reported_meanwhile() {
    let often = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: often}\nspec:\n  metrics:\n  \
                 - {providers: [{name: prometheus}], reportingInterval: 50ms}\n";
    let world = World::with(&[often], None).await;
    let mut stream = world.connect().await.expect("bank's own TLS");
    for total in [10_000.0, 20_000.0] {
        say(&mut stream, 10_000).await;
        for recorder in &world.measured {
            let has_come = |samples: &[Sample]| samples.iter().any(|sample| sample.value > total);
            until(recorder, RECEIVED, has_come).await;
        }
    }
    let [at_gateway, at_bank] = world.one_each(CLOSED).await;
    assert_eq!((at_gateway.value, at_bank.value), (0.0, 0.0), "it still lasts");
}

#[tokio::test]
async fn a_connection_that_reaches_nobody_says_why_in_metrics_and_log() {
    // A port that is nobody's any more.
    let (gone, nowhere) = listener().await;
    drop(gone);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("access.log");
    let logged = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |\n    \
         accessLogFile: {}\n    accessLogFormat: \"%PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_CLUSTER% \
         %REQUESTED_SERVER_NAME% %REQ(:PATH)%\\n\"\n",
        file.display()
    );
    let world = World::with(&[&logged], Some(nowhere)).await;
    world.connect().await.expect_err("nobody is there");
    let [at_gateway, at_bank] = &world.measured;
    for metric in [OPENED, CLOSED] {
        let samples =
            until(at_gateway, metric, |samples| samples.iter().any(|sample| sample.value == 1.0)).await;
        assert_eq!((samples.len(), samples[0].label("response_flags")), (1, "UF"), "{metric}");
    }
    let none = until(at_bank, OPENED, |_| true).await;
    assert_eq!(none, [], "bank saw none");
    let line = soon(async {
        loop {
            match fs::read_to_string(&file).unwrap_or_default() {
                line if line.ends_with('\n') => return line,
                _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    });
    let expected = format!("- 0 UF outbound|80||bank.default.svc.cluster.local {BANK} -\n");
    assert_eq!(line.await, expected);
}
