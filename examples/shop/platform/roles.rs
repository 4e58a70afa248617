//! The processes of the shop: who there is, and how the mesh learns where each runs.

use super::{Shop, live::Live};
use mesh_tower::BoxError;
use serde::Deserialize;
use std::{net::TcpListener, process::Stdio};
use tokio::process::Command;

/// Every service, in the order in which they are started.
const SERVICES: [&str; 5] = ["product-composite", "product", "recommendation", "review", "auth-server"];
const VERSIONS: [&str; 2] = ["v1", "v2"];
const NAMESPACE: &str = "hands-on";
/// The name of the process that is the gateway.
pub(super) const GATEWAY: &str = "gateway";

/// One process: what it is, and where it listens.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) name: String,
    kind: Kind,
    pub(super) ports: Ports,
}

#[derive(Clone, Debug)]
enum Kind {
    Instance { service: &'static str, version: &'static str },
    Gateway,
}

/// The ports that a process opened, by the names that the Services give them; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Ports {
    pub(super) http: u16,
    pub(super) http_mgm: u16,
    pub(super) https: u16,
    /// Chosen by the process itself: nobody but people and Prometheus asks there.
    pub(super) admin: u16,
}

/// The whole landscape, with ports that are free now, so that the mesh can know all before anyone starts.
///
/// # Errors
/// There are not enough free ports.
pub(super) fn all(instances: u8, port: u16) -> Result<Vec<Role>, BoxError> {
    let mut roles = vec![Role {
        name: GATEWAY.to_owned(),
        kind: Kind::Gateway,
        ports: Ports { https: port, ..Ports::default() },
    }];
    let mut held = Vec::new(); // Until all are chosen: a port that is let go may be chosen twice.
    let mut choose = || {
        held.push(TcpListener::bind("127.0.0.1:0")?);
        held.last().map_or(Ok(0), |listener| listener.local_addr().map(|address| address.port()))
    };
    for (service, version) in SERVICES.iter().flat_map(|service| VERSIONS.map(|version| (*service, version)))
    {
        for number in 1..=instances {
            let suffix = if instances == 1 { String::new() } else { format!("-{number}") };
            let name = format!("{service}-{version}{suffix}");
            let ports = Ports { http: choose()?, http_mgm: choose()?, ..Ports::default() };
            roles.push(Role { name, kind: Kind::Instance { service, version }, ports });
        }
    }
    Ok(roles)
}

impl Role {
    /// Tells the mesh where this instance runs: one WorkloadEntry. A gateway is called by nobody and needs none.
    ///
    /// # Errors
    /// The document cannot be written.
    pub(super) fn register(&self, live: &Live) -> std::io::Result<()> {
        let Kind::Instance { service, version } = self.kind else { return Ok(()) };
        let Self { name, ports: Ports { http, http_mgm, .. }, .. } = self;
        // The other Services have no such port.
        let management = if service == "product-composite" {
            format!("    http-mgm: {http_mgm}\n")
        } else {
            String::new()
        };
        let entry = format!(
            "# Written by the shop.\n\
             apiVersion: networking.istio.io/v1beta1\n\
             kind: WorkloadEntry\n\
             metadata:\n  name: {name}\n  namespace: {NAMESPACE}\n\
             spec:\n  address: 127.0.0.1\n  serviceAccount: {service}\n  ports:\n    http: {http}\n{management}\
             \x20 labels:\n    app: {service}\n    version: {version}\n"
        );
        live.write(&live.platform().join(format!("{name}.yaml")), &entry)
    }

    /// The command that starts this process, which dies with its handle.
    pub(super) fn command(&self, shop: &Shop) -> Command {
        let mut command = Command::new(&shop.program);
        let (service, labels) = match self.kind {
            Kind::Gateway => {
                command.args(["gateway", "--port", &shop.port.to_string()]);
                command.env("MESH_LISTEN", format!("443=127.0.0.1:{}", shop.port));
                ("istio-ingressgateway", "app=istio-ingressgateway,istio=ingressgateway".to_owned())
            }
            Kind::Instance { service, version } => {
                command.args(["instance", "--service", service, "--version", version, "--name", &self.name]);
                command.args(["--http", &self.ports.http.to_string()]);
                command.args(["--http-mgm", &self.ports.http_mgm.to_string()]);
                (service, format!("app={service},version={version}"))
            }
        };
        command
            .env("MESH_SERVICE", service)
            .env("MESH_NAMESPACE", NAMESPACE)
            .env("MESH_LABELS", labels)
            .env("MESH_ADMIN", "127.0.0.1:0")
            .env("MESH_DOCUMENTS", &shop.documents)
            .env("MESH_SECRETS", shop.live.secrets())
            .env("MESH_IDENTITY", format!("local:{}", shop.live.identities().display()))
            .env("SHOP_STORE", &shop.store)
            .env("SHOP_SIGNING_KEY", shop.live.signing_key())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal is for the platform, which stops the others in order.
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}
