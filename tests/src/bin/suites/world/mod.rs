//! A mesh at work: documents that it reads, upstreams on this machine, and a client before it.

mod call;
mod echo;

pub(crate) use call::{Call, Reply};

use crate::documents::{batch, is_kind, list};
use echo::Pod;
use futures_util::stream::{self, StreamExt};
use mesh_core::{
    model::{Labels, ServerProtocol},
    source::{Batch, Source},
    table::GatewayRole,
};
use mesh_tower::{Mesh, mesh::Config};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tempfile::TempDir;
use tests::tls::Authority;
use tokio::{net::TcpListener, task::JoinSet};
use tower::service_fn;

/// How many worlds are judged at a time: each keeps some dozens of files open.
const AT_A_TIME: usize = 8;

/// Judges the rows of every world, some worlds at a time.
pub(crate) async fn judge_all<T>(
    worlds: impl IntoIterator<Item = impl Future<Output = Result<Vec<T>, String>>>,
) -> Result<Vec<T>, String> {
    let mut judged = Vec::new();
    let mut outcomes = stream::iter(worlds).buffer_unordered(AT_A_TIME);
    while let Some(outcomes) = outcomes.next().await {
        judged.extend(outcomes?);
    }
    Ok(judged)
}

/// Who looks at the documents of a world.
#[derive(Clone, Debug)]
pub(crate) enum Member {
    /// A service of this namespace, with these labels.
    Service { namespace: String, labels: Labels },
    /// The same, of which the requests are sent to it.
    Workload { namespace: String, labels: Labels },
    /// A gateway with these labels; `hosts` are those that its certificates are for.
    Gateway { labels: Labels, hosts: Vec<String> },
}

/// A mesh at work. Dropping it ends everything.
pub(crate) struct World {
    mesh: Mesh,
    way: Way,
    _pods: Vec<Pod>,
}

/// How requests come in.
enum Way {
    /// By the mesh's own client.
    Mesh,
    /// Over the wire, to a workload at this address.
    Workload { address: SocketAddr, _tasks: JoinSet<()> },
    /// Over the wire.
    Gateway(Box<Gate>),
}

/// A gateway that is open.
struct Gate {
    /// The address of each port.
    doors: BTreeMap<u16, SocketAddr>,
    authority: Authority,
    _secrets: TempDir,
    _tasks: JoinSet<()>,
}

/// Documents that never change.
struct Fixed(Arc<Batch>);

impl Source for Fixed {
    fn load(&mut self) -> Vec<Arc<Batch>> {
        vec![Arc::clone(&self.0)]
    }

    fn changed(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl World {
    /// Starts the pods of the Deployments among `documents`, and a member of the mesh that reads the others.
    pub(crate) async fn start(member: Member, documents: &[Value]) -> Result<Self, String> {
        let pods = echo::deploy(documents).await;
        let mut documents = documents.to_vec();
        documents.iter_mut().filter(|document| is_kind(document, "", "Service")).for_each(name_ports);
        let services: Vec<Value> =
            documents.iter().filter(|document| is_kind(document, "", "Service")).cloned().collect();
        documents.extend(pods.iter().map(|pod| pod.entry(&services)));
        let source = Fixed(batch(&documents));
        let (mesh, way) = match member {
            Member::Service { namespace, labels } => {
                let config = Config { namespace, labels, ..Config::default() };
                (Mesh::with_source(config, source).await, Way::Mesh)
            }
            Member::Workload { namespace, labels } => {
                let config = Config { namespace, labels, ..Config::default() };
                workload(Mesh::with_source(config, source).await).await?
            }
            Member::Gateway { labels, hosts } => gateway(labels, &hosts, &documents, source).await?,
        };
        Ok(Self { mesh, way, _pods: pods })
    }

    /// The first fault for which the mesh leaves a document out.
    pub(crate) fn fault(&self) -> Option<String> {
        let status = self.mesh.status();
        let status = status.borrow();
        status.faults.iter().find(|fault| fault.is_refusal()).map(ToString::to_string)
    }
}

/// Opens the port of a workload whose application tells what reached it.
async fn workload(mesh: Mesh) -> Result<(Mesh, Way), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let told = ("workload".to_owned(), mesh.config().namespace.clone());
    let serving = mesh.serve(listener, service_fn(move |request| echo::echo(told.clone(), request)));
    let mut tasks = JoinSet::new();
    tasks.spawn(async {
        // It ends with the world.
        let _ = serving.await;
    });
    Ok((mesh, Way::Workload { address, _tasks: tasks }))
}

/// Opens the ports of the gateways that a workload of these labels acts as.
async fn gateway(
    labels: Labels,
    hosts: &[String],
    documents: &[Value],
    source: Fixed,
) -> Result<(Mesh, Way), String> {
    let (authority, secrets) =
        (Authority::default(), tempfile::tempdir().map_err(|error| error.to_string())?);
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let servers = documents.iter().flat_map(|document| list(&document["spec"], "servers"));
    let mut listen = BTreeMap::new();
    for server in servers {
        if let Some(name) = server["tls"]["credentialName"].as_str() {
            authority.certify(name, &hosts).write(secrets.path(), name);
        }
        let port = server["port"]["number"].as_u64().and_then(|number| u16::try_from(number).ok());
        listen.extend(port.map(|port| (port, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))));
    }
    let folder = Some(secrets.path().to_owned());
    let role = GatewayRole::BySelector;
    let config = Config { labels, gateway: role, listen, secrets: folder, ..Config::default() };
    let mesh = Mesh::with_source(config, source).await;
    let mut gateway = mesh.gateway();
    let addresses = gateway.open().await.map_err(|error| error.to_string())?;
    let snapshot = mesh.handle().snapshot();
    let served = snapshot
        .listeners()
        .iter()
        .filter(|listener| listener.servers.iter().any(|server| server.protocol != ServerProtocol::Other));
    let doors = served.map(|listener| listener.port).zip(addresses).collect();
    let mut tasks = JoinSet::new();
    tasks.spawn(async {
        // It ends with the world.
        let _ = gateway.run().await;
    });
    let gate = Gate { doors, authority, _secrets: secrets, _tasks: tasks };
    Ok((mesh, Way::Gateway(Box::new(gate))))
}

/// Names the ports of a Service that have no name, for an instance gives its ports by name.
fn name_ports(service: &mut Value) {
    for port in service["spec"]["ports"].as_array_mut().into_iter().flatten() {
        if port["name"].is_null() {
            port["name"] = json!(format!("port-{}", port["port"]));
        }
    }
}
