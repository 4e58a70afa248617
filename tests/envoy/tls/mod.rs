//! The mesh and a real Envoy are served alike by a real Envoy that asks for the mesh's mutual TLS, and are refused alike.
//!
//! Each of the [`case`]s is a listener of one Envoy that asks for a workload's certificate as istiod would have it, and a
//! service of the mesh. It is called by the mesh and by another Envoy, and what both tell their own clients is compared:
//! status, flag, the sort of the end, and the body.

mod case;
mod config;

use crate::{envoy::Envoy, istiod::NAME};
use case::{Case, Shown};
use http::{Request, Response, header::HOST};
use mesh_tower::{Body, Mesh, respond::Refused};
use std::{collections::BTreeMap, fmt::Debug, net::SocketAddr};
use tests::{
    documents::{Documents, routes, service},
    mesh::join,
    soon, wire,
    workloads::Mint,
};
use tokio::net::TcpStream;

/// What a client sees.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    /// The flag and the details of an answer that is not the server's.
    end: Option<(String, String)>,
    /// What the server saw of the client, if it was asked at all.
    told: BTreeMap<&'static str, String>,
    body: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, which .ci/run installs"]
async fn the_mesh_shakes_hands_with_envoy_as_envoy_does() {
    let mint = Mint::default();
    let cases = case::all(&mint);
    let servers = Envoy::start(&config::server(&mint, &cases)).await;
    let addresses: Vec<_> = (0..cases.len()).map(|number| servers.address(&config::name(number))).collect();
    let mut clients = Envoy::start(&config::client(&mint, &cases, &addresses)).await;
    let mut wrong = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        let name = format!("{} over {}", case.name, case.protocol);
        let ends_by_itself = case.ends_by_itself;
        let envoys = by_envoy(&mut clients, number).await;
        let ours = by_mesh(&mint, number, case, addresses[number]).await;
        let are_alike = match ends_by_itself {
            true => (ours.status, envoys.status) == (503, 503),
            false => ours == envoys,
        };
        if !are_alike {
            println!("\n=== {name}\nEnvoy: {envoys:#?}\nthe mesh: {ours:#?}");
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The name that istiod has a client ask for.
fn server_name(number: usize) -> String {
    format!("outbound_.80_._.{}.default.svc.cluster.local", config::name(number))
}

async fn by_envoy(envoy: &mut Envoy, number: usize) -> Seen {
    let name = config::name(number);
    let stream = TcpStream::connect(envoy.address(&name)).await.expect("an open port");
    let mut sender = wire::http1(stream).await;
    let request = Request::get("/").header(HOST, &name).header(NAME, &name).body(Body::empty());
    let response = soon(sender.send_request(request.expect("a request"))).await.expect("an answer");
    let line = soon(envoy.logged()).await;
    let mut words = line.splitn(3, ' ').skip(1).map(str::to_owned);
    let (flag, details) = (words.next().expect("a flag"), words.next().expect("details"));
    let end = Some((flag, details)).filter(|(_, details)| details != "via_upstream");
    Seen::of(response, end).await
}

async fn by_mesh(mint: &Mint, number: usize, case: Case, server: SocketAddr) -> Seen {
    let name = config::name(number);
    let documents = Documents::new();
    documents.write("root.pem", &mint.root_pem());
    documents.write("revoked.pem", case.revoked_servers.as_deref().unwrap_or_default());
    let (root, revoked) = (documents.file("root.pem"), documents.file("revoked.pem"));
    let crl = case.revoked_servers.map(|_| format!(", caCrl: '{}'", revoked.display())).unwrap_or_default();
    let tls = match &case.client {
        Shown::Certificate(_) => format!("mode: ISTIO_MUTUAL{crl}"),
        Shown::Nothing => format!(
            "mode: SIMPLE, caCertificates: '{}', subjectAltNames: ['{}']",
            root.display(),
            Mint::id("upstream")
        ),
        Shown::Plain => "mode: DISABLE".to_owned(),
    };
    let rule = format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: {name}}}, \
         spec: {{host: {name}, trafficPolicy: {{tls: {{{tls}}}}}}}}}\n"
    );
    let instance =
        service(&name, case.protocol, server).replace("  labels:", "  serviceAccount: upstream\n  labels:");
    let once =
        routes(&name, &format!("[{{retries: {{attempts: 0}}, route: [{{destination: {{host: {name}}}}}]}}]"));
    documents.write("mesh.yaml", &[instance, rule, once].join("---\n"));
    let mesh: Mesh = join(&documents).await;
    crate::sides::assert_accepted(&mesh.status().borrow());
    if let Shown::Certificate(minted) = case.client {
        mesh.identity().replace(mint.credentials_of(minted));
    }
    let response = soon(mesh.client().get(&format!("http://{name}/"))).await.expect("an answer");
    let refused = response.extensions().get::<Refused>();
    let end = refused.map(|refused| (refused.flag.to_owned(), refused.details.clone().into_owned()));
    Seen::of(response, end).await
}

impl Seen {
    async fn of<B>(response: Response<B>, end: Option<(String, String)>) -> Self
    where
        B: http_body::Body<Data = bytes::Bytes, Error: Debug>,
    {
        // In whose words a handshake failed differs.
        let end = end.map(|(flag, details)| match details.split_once("TLS_error") {
            Some((before, _)) => (flag, format!("{before}TLS_error")),
            None => (flag, details),
        });
        let told = ["x-client", "x-server-name", "x-protocol"]
            .into_iter()
            .filter_map(|name| Some((name, response.headers().get(name)?.to_str().ok()?.to_owned())));
        Self {
            status: response.status().as_u16(),
            end,
            told: told.collect(),
            body: soon(wire::text(response)).await,
        }
    }
}
