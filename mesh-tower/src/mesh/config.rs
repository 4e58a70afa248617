//! Who a workload is, and where its documents are.

use super::IdentitySource;
use crate::{
    admin::Logging,
    balance::BalanceLayer,
    carry::CarriedHeaders,
    connection::Dialer,
    dns::Dns,
    event::Workload,
    fault::FaultLayer,
    outlier::OutlierLayer,
    retry::RetryLayer,
    route::Sticky,
    serve::Drain,
    telemetry::{
        Recording,
        access_log::AccessLog,
        spans::{SpanExporter, from_environment},
    },
};
use mesh_core::{
    model::{Labels, Locality, UnknownHosts},
    table::GatewayRole,
};
use std::{
    collections::BTreeMap,
    env, fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Who a workload is, where its documents are, and how it behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// The workload's name. Default: empty.
    pub service: String,
    /// Its namespace, and that of documents which name none. Default: `default`.
    pub namespace: String,
    /// Its service account, which is the last part of its SPIFFE id. Default: its name, or `default` if it has none.
    pub service_account: Option<String>,
    /// Where its certificate comes from. Default: the mesh's own authority, once documents ask for mutual TLS.
    pub identity: IdentitySource,
    /// Its labels. Default: none.
    pub labels: Labels,
    /// What metrics call the workload; its service and the label `version`, if nobody says: `product-v1`. That is what
    /// Deployments are usually called.
    pub workload: Option<String>,
    /// Which of its instances this is; nobody's business, if nobody says.
    pub instance: String,
    /// The cluster that it runs in, for metrics. Default: `Kubernetes`, as in Istio.
    pub cluster: String,
    /// Where metrics go. Default: to the recorder of the process.
    pub recording: Recording,
    /// How many operations metrics tell apart, by a label `operation` that Istio has not: methods of gRPC, and what an
    /// [`OperationLayer`](crate::telemetry::OperationLayer) names. Those beyond are `other`. Default: 0, so there is no such
    /// label.
    pub operations: usize,
    /// Whether the workload tells those at the other end who it is, so that they report it by name. Default: yes, as in
    /// Istio.
    pub tells_peers: bool,
    /// The log of requests. Default: none.
    pub access_log: Option<AccessLog>,
    /// Who gets spans where documents name nobody. Default: nobody; by the environment, the collector that OpenTelemetry's
    /// variables name.
    pub spans: Option<SpanExporter>,
    /// The variables of its environment that documents may put into the tags of traces: no others are shown to them, as
    /// environments hold passwords too. Default: none.
    pub environment: BTreeMap<String, String>,
    /// Where it runs, if its labels do not say, by `istio-locality` or by `topology.kubernetes.io/region` and its like.
    /// Default: nobody knows.
    pub locality: Option<Locality>,
    /// Files and folders with documents. Default: none.
    pub documents: Vec<PathBuf>,
    /// The folder of certificates. Default: none.
    pub secrets: Option<PathBuf>,
    /// Whether it acts as gateways. Default: it does not.
    pub gateway: GatewayRole,
    /// The addresses to open for a gateway's ports. Default: every address of the machine, and the port itself.
    pub listen: BTreeMap<u16, SocketAddr>,
    /// What becomes of calls to hosts that nobody described, where no MeshConfig and no Sidecar among the documents says.
    /// Default: they go where their address says.
    pub unknown_hosts: UnknownHosts,
    /// The headers that travel from an inbound request to the calls it causes. Default: see [`CarriedHeaders`].
    pub carried: CarriedHeaders,
    /// Whether a request's calls have no more time than its caller gives it, and its handler is dropped when that time is
    /// over. Default: yes.
    pub keeps_deadlines: bool,
    /// Who knows the addresses of names. Default: DNS, as the operating system is configured.
    pub dns: Dns,
    /// Who knows ways to endpoints other than TCP: sockets of other kinds, or streams within the process. Default: nobody.
    pub dialer: Option<Arc<dyn Dialer>>,
    /// How endpoints are chosen, besides what the rules say. Default: as Istio chooses them, [`BalanceLayer::new`].
    pub balance: BalanceLayer,
    /// Which endpoints are left alone, besides those that the rules mean. Default: none, [`OutlierLayer::default`].
    pub outlier: OutlierLayer,
    /// What keeps a user with one of several weighted destinations. Default: nothing.
    pub sticky: Option<Sticky>,
    /// How calls are tried again. Default: as the rules say, [`RetryLayer::routed`].
    pub retry: RetryLayer,
    /// Which faults are injected into calls. Default: those of the rules, [`FaultLayer::routed`].
    pub fault: FaultLayer,
    /// Whether faults are injected into each try of a call, where its timeout counts them and retries meet them, instead
    /// of once before all that, as Istio does. Default: no.
    pub faults_per_try: bool,
    /// Whether the mesh says why it refuses a request in the answer's `x-mesh-explain`, to whoever sends that header. It tells
    /// names of policies and addresses behind this process, so not for a gateway that strangers come to. Default: no.
    pub explains_refusals: bool,
    /// The address of the admin endpoint; see [`admin`](crate::admin). Default: none, so there is no such endpoint.
    pub admin: Option<SocketAddr>,
    /// How the admin endpoint changes the level of the log. Default: it cannot.
    pub logging: Option<Logging>,
    /// The time that requests under way have when it stops. Default: 5 s.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service: String::new(),
            namespace: "default".into(),
            service_account: None,
            identity: IdentitySource::default(),
            labels: Labels::new(),
            workload: None,
            instance: String::new(),
            cluster: "Kubernetes".into(),
            recording: Recording::default(),
            operations: 0,
            tells_peers: true,
            access_log: None,
            spans: None,
            environment: BTreeMap::new(),
            locality: None,
            documents: Vec::new(),
            secrets: None,
            gateway: GatewayRole::None,
            listen: BTreeMap::new(),
            unknown_hosts: UnknownHosts::default(),
            carried: CarriedHeaders::default(),
            keeps_deadlines: true,
            dns: Dns::system(),
            dialer: None,
            balance: BalanceLayer::new(),
            outlier: OutlierLayer::default(),
            sticky: None,
            retry: RetryLayer::routed(),
            fault: FaultLayer::routed(),
            faults_per_try: false,
            explains_refusals: false,
            admin: None,
            logging: None,
            grace: Drain::GRACE,
        }
    }
}

/// Why an environment variable cannot be used; `Display` says which and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig {
    variable: &'static str,
    reason: String,
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.reason)
    }
}

impl std::error::Error for InvalidConfig {}

impl Config {
    /// Reads the environment:
    ///
    /// | variable | what | example |
    /// |---|---|---|
    /// | `MESH_SERVICE` | the workload's name | `product` |
    /// | `MESH_NAMESPACE` | its namespace | `shop` |
    /// | `MESH_SERVICE_ACCOUNT` | its service account, if that is not its name | `shop-product` |
    /// | `MESH_IDENTITY` | where its certificate comes from: `none`, `local`, `local:/folder`, `files:/folder` or `spiffe:unix:///socket` | `files:/var/run/secrets/workload-spiffe-credentials` |
    /// | `MESH_LABELS` | its labels | `app=product,version=v1` |
    /// | `MESH_WORKLOAD` | what metrics call it, if not by its service and version | `product-v1` |
    /// | `MESH_INSTANCE` | which of its instances this is | `product-v1-7d9f` |
    /// | `MESH_CLUSTER` | the cluster that it runs in | `eu-1` |
    /// | `MESH_OPERATIONS` | how many operations metrics tell apart | `100` |
    /// | `MESH_ENVIRONMENT` | the variables that documents may put into the tags of traces | `HOSTNAME,REGION` |
    /// | `MESH_LOCALITY` | where it runs, if its labels do not say | `eu/eu-1/a` |
    /// | `MESH_DOCUMENTS` | files and folders, separated by `:` | `/etc/mesh:/etc/mesh-platform` |
    /// | `MESH_SECRETS` | the folder of certificates | `/etc/mesh-secrets` |
    /// | `MESH_ADMIN` | the address of the admin endpoint: with a port, a port of 127.0.0.1 alone, or `off` | `127.0.0.1:15000` |
    /// | `MESH_LISTEN` | addresses for a gateway's ports | `443=127.0.0.1:8443` |
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | who gets spans, with the feature `otlp`; OpenTelemetry's other variables count, too | `http://127.0.0.1:4318` |
    ///
    /// # Errors
    /// When one of them cannot be understood.
    pub fn from_env() -> Result<Self, InvalidConfig> {
        Self::from_variables(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The workload's service account.
    #[must_use]
    pub fn account(&self) -> &str {
        let name = self.service_account.as_deref().unwrap_or(&self.service);
        if name.is_empty() { "default" } else { name }
    }

    /// The workload as metrics and its peers call it.
    #[must_use]
    pub fn workload(&self) -> Workload {
        let by_version = || match self.labels.get("version") {
            Some(version) if !self.service.is_empty() => format!("{}-{version}", self.service),
            _ => self.service.clone(),
        };
        Workload {
            name: self.workload.clone().unwrap_or_else(by_version).into(),
            namespace: self.namespace.as_str().into(),
            cluster: self.cluster.as_str().into(),
            instance: self.instance.as_str().into(),
            labels: self.labels.clone(),
        }
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        let mut config = Self { service: variable("MESH_SERVICE").unwrap_or_default(), ..Self::default() };
        config.namespace = variable("MESH_NAMESPACE").unwrap_or(config.namespace);
        config.service_account = variable("MESH_SERVICE_ACCOUNT");
        if let Some(text) = variable("MESH_IDENTITY") {
            let invalid = |reason| InvalidConfig { variable: "MESH_IDENTITY", reason };
            config.identity = text.parse().map_err(invalid)?;
        }
        for (key, value) in pairs("MESH_LABELS", variable("MESH_LABELS"), "app=product,version=v1")? {
            config.labels.insert(key, value);
        }
        config.workload = variable("MESH_WORKLOAD");
        config.instance = variable("MESH_INSTANCE").unwrap_or_default();
        config.cluster = variable("MESH_CLUSTER").unwrap_or(config.cluster);
        if let Some(text) = variable("MESH_OPERATIONS") {
            let reason = format!("{text:?} is no number of operations (write 100, or 0 for none)");
            let invalid = |_| InvalidConfig { variable: "MESH_OPERATIONS", reason };
            config.operations = text.parse().map_err(invalid)?;
        }
        for name in variable("MESH_ENVIRONMENT").unwrap_or_default().split(',').map(str::trim) {
            config.environment.extend(variable(name).map(|value| (name.to_owned(), value)));
        }
        config.locality = variable("MESH_LOCALITY").and_then(|text| Locality::parse(&text));
        let documents = variable("MESH_DOCUMENTS").unwrap_or_default();
        config.documents = env::split_paths(&documents).filter(|path| !path.as_os_str().is_empty()).collect();
        config.secrets = variable("MESH_SECRETS").map(PathBuf::from);
        if let Some(text) = variable("MESH_ADMIN") {
            let invalid = |reason| InvalidConfig { variable: "MESH_ADMIN", reason };
            config.admin = admin_address(&text).map_err(invalid)?;
        }
        let invalid = |(variable, reason)| InvalidConfig { variable, reason };
        config.spans = from_environment(&variable).map_err(invalid)?;
        config.explains_refusals = match variable("MESH_EXPLAIN").as_deref() {
            None | Some("off") => false,
            Some("on") => true,
            Some(other) => {
                let reason = format!("{other:?} is neither on nor off");
                return Err(InvalidConfig { variable: "MESH_EXPLAIN", reason });
            }
        };
        for (port, address) in pairs("MESH_LISTEN", variable("MESH_LISTEN"), "443=127.0.0.1:8443")? {
            let invalid = |reason: String| InvalidConfig { variable: "MESH_LISTEN", reason };
            let number = port.parse().map_err(|_| invalid(format!("{port:?} is not a port")))?;
            let address = address.parse().map_err(|_| {
                invalid(format!("{address:?} is not an address and port, such as 127.0.0.1:8443"))
            })?;
            config.listen.insert(number, address);
        }
        Ok(config)
    }
}

/// Reads the address of the admin endpoint: `127.0.0.1:15000`, `15000` on this machine alone, or `off` for none.
///
/// # Errors
/// When it is none of these; the sentence says what to write.
pub fn admin_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" {
        return Ok(None);
    }
    let on_this_machine = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let address = text.parse::<u16>().map(on_this_machine).ok().or_else(|| text.parse().ok());
    address.map(Some).ok_or_else(|| {
        format!("{text:?} is no address (write 127.0.0.1:15000, a port such as 15000, or off)")
    })
}

/// Reads `key=value,key=value`.
fn pairs(
    variable: &'static str,
    text: Option<String>,
    example: &str,
) -> Result<Vec<(String, String)>, InvalidConfig> {
    let text = text.unwrap_or_default();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
            _ => Err(InvalidConfig {
                variable,
                reason: format!("{part:?} is not key=value (write {example})"),
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_who_a_workload_is() {
        let config = Config::from_variables(|name| match name {
            "MESH_SERVICE" => Some("product".into()),
            "MESH_IDENTITY" => Some("local:/run/ca".into()),
            "MESH_LABELS" => Some("app=product, version=v1".into()),
            "MESH_LOCALITY" => Some("eu/eu-1".into()),
            "MESH_ENVIRONMENT" => Some("POD, NONE,".into()),
            "MESH_OPERATIONS" => Some("50".into()),
            "POD" => Some("product-1".into()),
            "PASSWORD" => Some("secret".into()),
            "MESH_DOCUMENTS" => Some("a:b".into()),
            "MESH_LISTEN" => Some("443=127.0.0.1:8443".into()),
            "MESH_ADMIN" => Some("15000".into()),
            "MESH_EXPLAIN" => Some("on".into()),
            _ => None,
        });
        let config = config.unwrap();
        assert!(config.explains_refusals);
        assert_eq!((config.service.as_str(), config.namespace.as_str()), ("product", "default"));
        assert_eq!(config.account(), "product");
        assert_eq!(config.identity, "local:/run/ca".parse().unwrap());
        assert_eq!(config.labels["version"], "v1");
        assert_eq!(config.operations, 50);
        assert_eq!(config.locality, Locality::parse("eu/eu-1"));
        assert_eq!(config.environment, [("POD".to_owned(), "product-1".to_owned())].into());
        assert_eq!(config.documents.len(), 2);
        assert_eq!(config.listen[&443].port(), 8443);
        assert_eq!(config.admin, Some(([127, 0, 0, 1], 15000).into()));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let config = Config::from_variables(|name| (name == "MESH_LISTEN").then(|| "443=here".into()));
        let text = config.unwrap_err().to_string();
        assert_eq!(text, "MESH_LISTEN: \"here\" is not an address and port, such as 127.0.0.1:8443");
        let config = Config::from_variables(|name| (name == "MESH_EXPLAIN").then(|| "maybe".into()));
        assert_eq!(config.unwrap_err().to_string(), "MESH_EXPLAIN: \"maybe\" is neither on nor off");
    }

    #[test]
    fn an_admin_endpoint_has_an_address_a_port_or_none() {
        let local = |port| Ok(Some(SocketAddr::from(([127, 0, 0, 1], port))));
        assert_eq!(admin_address("off"), Ok(None));
        assert_eq!(admin_address("0"), local(0));
        assert_eq!(admin_address("127.0.0.1:15000"), local(15000));
        assert_eq!(admin_address("[::1]:15000"), Ok(Some("[::1]:15000".parse().unwrap())));
        for wrong in ["", "on", "localhost:15000", "127.0.0.1", "99999"] {
            assert!(admin_address(wrong).unwrap_err().contains("127.0.0.1:15000"), "{wrong}");
        }
    }
}
