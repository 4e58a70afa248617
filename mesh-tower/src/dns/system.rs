//! DNS as the operating system is configured.

use super::lookup::{Answer, Lookup};
use crate::BoxError;
use futures_util::{FutureExt, future::BoxFuture};
use hickory_resolver::{
    Hosts, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::{
        op::Query,
        rr::{IntoName, RecordType},
    },
    system_conf::parse_resolv_conf,
};
use mesh_core::model::Host;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

const RESOLV_CONF: &str = "/etc/resolv.conf";
const HOSTS: &str = "/etc/hosts";

/// DNS as the operating system is configured, or at certain servers.
#[derive(Debug, Default)]
pub(super) struct System {
    /// The servers, instead of what the operating system says.
    servers: Option<Box<[SocketAddr]>>,
    newest: Arc<Mutex<Option<Configured>>>,
}

/// Whom to ask, as it was written.
#[derive(Clone)]
struct Configured {
    written: Arc<Written>,
    hosts: Arc<Hosts>,
    resolver: TokioResolver,
}

/// What the operating system's files say; nothing where they are missing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    resolv_conf: Vec<u8>,
    hosts: Vec<u8>,
}

impl System {
    /// These servers, whatever the operating system says.
    pub(super) fn at(servers: &[SocketAddr]) -> Self {
        Self { servers: Some(servers.into()), newest: Arc::default() }
    }
}

impl Lookup for System {
    fn addresses(&self, name: &Host) -> BoxFuture<'static, Result<Answer, BoxError>> {
        let (name, newest) = (name.as_str().to_owned(), Arc::clone(&self.newest));
        let servers = self.servers.clone();
        async move {
            let written = match servers {
                Some(_) => Written::default(),
                None => Written::read().await,
            };
            let configured = configured(&newest, written, servers.as_deref())?;
            configured.addresses(&name).await
        }
        .boxed()
    }
}

/// What was configured before, if nobody changed it.
fn configured(
    newest: &Mutex<Option<Configured>>,
    written: Written,
    servers: Option<&[SocketAddr]>,
) -> Result<Configured, BoxError> {
    let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = newest.as_ref().filter(|newest| *newest.written == written) {
        return Ok(same.clone());
    }
    let configured = Configured::new(written, servers)?;
    *newest = Some(configured.clone());
    Ok(configured)
}

impl Written {
    async fn read() -> Self {
        let (resolv_conf, hosts) = tokio::join!(tokio::fs::read(RESOLV_CONF), tokio::fs::read(HOSTS));
        Self { resolv_conf: resolv_conf.unwrap_or_default(), hosts: hosts.unwrap_or_default() }
    }
}

impl Configured {
    fn new(written: Written, servers: Option<&[SocketAddr]>) -> Result<Self, BoxError> {
        let of_system = parse_resolv_conf(&written.resolv_conf).ok().filter(|_| servers.is_none());
        let (config, options) = match (of_system, servers) {
            (Some((config, options)), _) => (config, options),
            (None, Some(servers)) => (at(servers.iter().copied()), Default::default()),
            // Where nothing is written, the servers are at home, as in the C library.
            (None, None) => (at([SocketAddr::from((Ipv4Addr::LOCALHOST, 53))]), Default::default()),
        };
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options_mut = builder.options_mut();
        *options_mut = options;
        // Answers are kept here, and hosts are looked up here.
        (options_mut.cache_size, options_mut.use_hosts_file) = (0, ResolveHosts::Never);
        let mut hosts = Hosts::default();
        if let Err(error) = hosts.read_hosts_conf(&*written.hosts) {
            tracing::warn!(%error, "{HOSTS} cannot be understood");
        }
        Ok(Self { written: Arc::new(written), hosts: Arc::new(hosts), resolver: builder.build()? })
    }

    async fn addresses(&self, name: &str) -> Result<Answer, BoxError> {
        let written = self.written_hosts(name);
        if !written.is_empty() {
            return Ok(Answer { addresses: written, ttl: Duration::ZERO });
        }
        let nothing = match self.resolver.lookup_ip(name).await {
            Ok(found) => return Ok(answer(found.as_lookup())),
            Err(failure) if failure.is_nx_domain() => return Ok(Answer::default()),
            Err(failure) if failure.is_no_records_found() => failure,
            Err(failure) => return Err(failure.into()),
        };
        // There is no address of IPv4, and whatever was said about the other family is not told.
        match self.resolver.ipv6_lookup(name).await {
            Ok(found) => Ok(answer(&found)),
            Err(failure) if failure.is_no_records_found() => Ok(Answer::default()),
            Err(failure) => {
                tracing::debug!(%nothing, "no address of IPv4");
                Err(failure.into())
            }
        }
    }

    /// What the file of hosts says. A name that it knows is not asked for elsewhere, not even in another family.
    fn written_hosts(&self, name: &str) -> Vec<IpAddr> {
        let Ok(name) = name.into_name() else { return Vec::new() };
        let of = |family| self.hosts.lookup_static_host(&Query::query(name.clone(), family));
        let found = [of(RecordType::A), of(RecordType::AAAA)].into_iter().flatten();
        found.flat_map(|found| answer(&found).addresses).collect()
    }
}

/// Servers that are asked without a search list, over UDP, and over TCP where that is too small.
fn at(servers: impl IntoIterator<Item = SocketAddr>) -> ResolverConfig {
    let server = |address: SocketAddr| {
        let at_port = |mut connection: ConnectionConfig| {
            connection.port = address.port();
            connection
        };
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port);
        NameServerConfig::new(address.ip(), true, connections.into())
    };
    ResolverConfig::from_parts(None, Vec::new(), servers.into_iter().map(server).collect())
}

fn answer(found: &hickory_resolver::lookup::Lookup) -> Answer {
    let records = found.answers();
    let addresses = records.iter().filter_map(|record| record.data.ip_addr()).collect();
    // That of an alias counts, too.
    let ttl = records.iter().map(|record| record.ttl).min().unwrap_or_default();
    Answer { addresses, ttl: Duration::from_secs(ttl.into()) }
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured").finish_non_exhaustive()
    }
}
