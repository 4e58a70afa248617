//! A traffic policy in words: what of it is not as the mesh has it anyway, under Istio's names.

use crate::model::{
    Algorithm, Balancing, ClientTls, ClientTlsMode, ConnectionPool, Distribution, HashKey, HashTable,
    Http2Upgrade, LocalityBalancing, Nearness, OutlierDetection, ProxyProtocol, RegionFailover,
    TrafficPolicy, ZoneBalancing,
};
use std::fmt::Display;

/// One text for each setting that differs from the default: `loadBalancer: ROUND_ROBIN`.
pub(super) fn policy_in_words(policy: &TrafficPolicy) -> Vec<String> {
    let mut words = Words(Vec::new());
    let default = TrafficPolicy::default();
    if policy.balancing != default.balancing {
        words.balancing(&policy.balancing);
    }
    if policy.connection_pool != default.connection_pool {
        words.connection_pool(&policy.connection_pool, &default.connection_pool);
    }
    if let Some(outlier) = &policy.outlier_detection {
        words.outlier_detection(outlier);
    }
    if let Some(tls) = &policy.tls {
        words.tls(tls);
    }
    if let Some(tunnel) = &policy.tunnel {
        words.say("tunnel", format!("{}:{}", tunnel.host, tunnel.port));
    }
    if let Some(protocol) = policy.proxy_protocol {
        words.say("proxyProtocol", if protocol == ProxyProtocol::V1 { "V1" } else { "V2" });
    }
    if let Some(budget) = policy.retry_budget {
        words.say("retryBudget", format!("{}, at least {}", budget.share, budget.min_concurrency));
    }
    words.0
}

struct Words(Vec<String>);

impl Words {
    fn say(&mut self, name: &str, value: impl Display) {
        self.0.push(format!("{name}: {value}"));
    }

    /// The same for a value that is not as the mesh has it anyway.
    fn unless<T: PartialEq>(&mut self, name: &str, value: T, default: T, in_words: impl FnOnce(T) -> String) {
        if value != default {
            self.say(name, in_words(value));
        }
    }

    fn balancing(&mut self, balancing: &Balancing) {
        self.say(
            "loadBalancer",
            match &balancing.algorithm {
                Algorithm::LeastRequest => "LEAST_REQUEST".to_owned(),
                Algorithm::RoundRobin => "ROUND_ROBIN".to_owned(),
                Algorithm::Random => "RANDOM".to_owned(),
                Algorithm::Passthrough => "PASSTHROUGH".to_owned(),
                Algorithm::ConsistentHash { key, table } => {
                    format!("consistent hash of {}, {}", key_in_words(key.as_ref()), table_in_words(*table))
                }
            },
        );
        match &balancing.nearness {
            Nearness::OfMesh => {}
            Nearness::Locality(setting) => self.say("localityLbSetting", locality_in_words(setting)),
            Nearness::OfService(preferred) => {
                self.say("trafficDistribution", preferred.name().unwrap_or_default());
            }
            Nearness::Zones(setting) => self.say("zoneAwareLbSetting", zones_in_words(setting)),
        }
        if let Some(warmup) = balancing.warmup {
            self.say("warmup", format!("{:?} from {}", warmup.duration, warmup.minimum));
        }
    }

    fn connection_pool(&mut self, pool: &ConnectionPool, default: &ConnectionPool) {
        let number = |n: u32| n.to_string();
        self.unless("maxConnections", pool.max_connections, default.max_connections, number);
        self.unless("connectTimeout", pool.connect_timeout(), default.connect_timeout(), |time| {
            format!("{time:?}")
        });
        self.unless("maxConnectionDuration", pool.max_connection_duration, None, |time| {
            time.map_or_else(|| "none".into(), |time| format!("{time:?}"))
        });
        self.unless("idleTimeout", pool.idle_timeout, default.idle_timeout, |time| {
            time.map_or_else(|| "none".into(), |time| format!("{time:?}"))
        });
        self.unless("tcpKeepalive", pool.tcp_keepalive.is_some(), false, |_| "on".into());
        self.unless(
            "http1MaxPendingRequests",
            pool.max_pending_requests,
            default.max_pending_requests,
            number,
        );
        self.unless("http2MaxRequests", pool.max_requests, default.max_requests, number);
        self.unless("maxRequestsPerConnection", pool.max_requests_per_connection, None, |most| {
            most.map_or_else(|| "any".into(), number)
        });
        self.unless("maxRetries", pool.max_retries, default.max_retries, number);
        self.unless(
            "maxConcurrentStreams",
            pool.max_concurrent_streams,
            default.max_concurrent_streams,
            number,
        );
        self.unless("h2UpgradePolicy", pool.http2_upgrade, Http2Upgrade::OfMesh, |policy| {
            if policy == Http2Upgrade::Always { "UPGRADE" } else { "DO_NOT_UPGRADE" }.into()
        });
        self.unless("useClientProtocol", pool.uses_client_protocol, false, |_| "true".into());
        self.unless("http2KeepAlive", pool.http2_keepalive.is_some(), false, |_| "on".into());
    }

    fn outlier_detection(&mut self, outlier: &OutlierDetection) {
        let counted = [
            (outlier.consecutive_5xx, "5xx"),
            (outlier.consecutive_gateway_errors, "gateway errors"),
            (
                if outlier.splits_local_origin { outlier.consecutive_local_origin_failures } else { 0 },
                "failures of its own side",
            ),
        ];
        let counted = counted.iter().filter(|(count, _)| *count > 0);
        let counted: Vec<_> = counted.map(|(count, what)| format!("{count} {what}")).collect();
        let counted = if counted.is_empty() { "nothing".to_owned() } else { counted.join(" or ") };
        let (time, most) = (outlier.base_ejection_time, outlier.max_ejection_percent);
        self.say("outlierDetection", format!("{time:?} after {counted} in a row, at most {most} %"));
    }

    fn tls(&mut self, tls: &ClientTls) {
        let mode = match tls.mode {
            ClientTlsMode::Disable => "DISABLE",
            ClientTlsMode::Simple => "SIMPLE",
            ClientTlsMode::Mutual => "MUTUAL",
            ClientTlsMode::IstioMutual => "ISTIO_MUTUAL",
        };
        let sni = tls.sni.as_ref().map(|sni| format!(" sni {sni}")).unwrap_or_default();
        self.say("tls", format!("{mode}{sni}"));
    }
}

fn key_in_words(key: Option<&HashKey>) -> String {
    match key {
        None => "nothing".to_owned(),
        Some(HashKey::Header(name)) => format!("header {name}"),
        Some(HashKey::Cookie(cookie)) => format!("cookie {}", cookie.name),
        Some(HashKey::SourceIp) => "the client's address".to_owned(),
        Some(HashKey::QueryParameter(name)) => format!("query parameter {name}"),
    }
}

fn table_in_words(table: HashTable) -> String {
    match table {
        HashTable::Ring { minimum } => format!("a ring of at least {minimum}"),
        HashTable::Maglev { size } => format!("maglev of {size}"),
    }
}

fn zones_in_words(setting: &ZoneBalancing) -> String {
    let mut words = vec![on_or_off(setting.is_enabled).to_owned()];
    if setting.is_enabled {
        words.push(format!("with {} endpoints in the region or more", setting.least_endpoints));
        words.extend(preferences(&setting.failover, &setting.failover_priority));
    }
    words.join(", ")
}

fn locality_in_words(setting: &LocalityBalancing) -> String {
    let mut words = vec![on_or_off(setting.is_enabled).to_owned()];
    for Distribution { from, to } in &setting.distribute {
        let to: Vec<_> = to.iter().map(|(locality, weight)| format!("{weight} % to {locality}")).collect();
        words.push(format!("from {from} {}", to.join(" and ")));
    }
    words.extend(preferences(&setting.failover, &setting.failover_priority));
    words.join(", ")
}

fn preferences<'a>(
    failover: &'a [RegionFailover],
    labels: &'a [Box<str>],
) -> impl Iterator<Item = String> + 'a {
    let regions = failover.iter().map(|RegionFailover { from, to }| format!("{to} stands in for {from}"));
    regions.chain((!labels.is_empty()).then(|| format!("by {}", labels.join(", then "))))
}

fn on_or_off(is_enabled: bool) -> &'static str {
    if is_enabled { "on" } else { "off" }
}
