//! How requests travel to a service.

use super::{Site, client_tls, connection_pool, load_balancer, outlier_detection};
use crate::{
    document::{self, Path, PortTrafficPolicy, ProxyProtocolVersion, TrafficPolicy, Tunnel},
    model::{self, Host, PolicyBlocks, ProxyProtocol, Share, TunnelProtocol, WrittenPolicy},
};

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &TrafficPolicy) -> WrittenPolicy {
    if *written == TrafficPolicy::default() {
        let remedy = "write one, or remove trafficPolicy";
        site.check.refuse_with(at, "traffic policy must have at least one field", remedy);
    }
    if written.tunnel.is_some() && written.proxy_protocol.is_some() {
        site.check.refuse_with(at, "tunnel and proxyProtocol must not be set together", "keep one");
    }
    warn_of_all(site, at, written);
    // The four that a port may have of its own are read alike.
    let blocks = PortTrafficPolicy {
        port: None,
        load_balancer: written.load_balancer.clone(),
        connection_pool: written.connection_pool.clone(),
        outlier_detection: written.outlier_detection.clone(),
        tls: written.tls.clone(),
    };
    let ports_at = at.field("portLevelSettings");
    let ports = written.port_level_settings.iter().enumerate();
    let ports: Vec<_> =
        ports.filter_map(|(index, of_port)| translate_port(site, &ports_at.index(index), of_port)).collect();
    let budget = written.retry_budget.as_ref();
    WrittenPolicy {
        blocks: translate_blocks(site, at, &blocks),
        // Of two settings for one port the first holds, as in Istio.
        ports: ports.into_iter().rev().collect(),
        tunnel: written
            .tunnel
            .as_ref()
            .and_then(|tunnel| translate_tunnel(site, &at.field("tunnel"), tunnel)),
        proxy_protocol: written.proxy_protocol.map(|protocol| match protocol.version {
            ProxyProtocolVersion::V1 => ProxyProtocol::V1,
            ProxyProtocolVersion::V2 => ProxyProtocol::V2,
        }),
        retry_budget: budget.map(|budget| translate_budget(site, &at.field("retryBudget"), budget)),
    }
}

fn warn_of_all(site: Site<'_>, at: &Path<'_>, written: &TrafficPolicy) {
    site.later(
        at,
        &[("tunnel", written.tunnel.is_some()), ("proxyProtocol", written.proxy_protocol.is_some())],
    );
}

fn translate_port(site: Site<'_>, at: &Path<'_>, written: &PortTrafficPolicy) -> Option<(u16, PolicyBlocks)> {
    if *written == (PortTrafficPolicy { port: written.port, ..Default::default() }) {
        site.check.refuse(at, "port traffic policy must have at least one field");
    }
    let blocks = translate_blocks(site, at, written);
    let Some(number) = written.port else {
        let remedy = "write port: {number: 80}";
        site.check.refuse_with(at, "portTrafficPolicy must have valid port", remedy);
        return None;
    };
    Some((site.port(&at.field("port").field("number"), number)?, blocks))
}

fn translate_blocks(site: Site<'_>, at: &Path<'_>, written: &PortTrafficPolicy) -> PolicyBlocks {
    let outlier = written.outlier_detection.as_ref();
    let ejects = outlier.is_some();
    let (pool, balancer) = (written.connection_pool.as_ref(), written.load_balancer.as_ref());
    PolicyBlocks {
        outlier_detection: outlier
            .map(|outlier| outlier_detection::translate(site, &at.field("outlierDetection"), outlier)),
        connection_pool: pool.map(|pool| connection_pool::translate(site, &at.field("connectionPool"), pool)),
        balancing: balancer
            .map(|balancer| load_balancer::translate(site, &at.field("loadBalancer"), balancer, ejects)),
        tls: written.tls.as_ref().map(|tls| client_tls::translate(site, &at.field("tls"), tls)),
    }
}

fn translate_tunnel(site: Site<'_>, at: &Path<'_>, written: &Tunnel) -> Option<model::Tunnel> {
    check_tunnel(site, at, written);
    Some(model::Tunnel {
        protocol: if written.protocol == "POST" { TunnelProtocol::Post } else { TunnelProtocol::Connect },
        host: Host::parse(&written.target_host).ok()?,
        port: u16::try_from(written.target_port).ok()?,
    })
}

fn translate_budget(site: Site<'_>, at: &Path<'_>, written: &document::RetryBudget) -> model::RetryBudget {
    let percent = written.percent.unwrap_or(20.0);
    if !(0.0..=100.0).contains(&percent) {
        site.check.refuse(&at.field("percent"), format!("percentage {percent} is not in range 0..100"));
    }
    model::RetryBudget {
        share: Share::from_percent(percent).unwrap_or(Share::NONE),
        // Zero is what is not written.
        min_concurrency: if written.min_retry_concurrency == 0 { 3 } else { written.min_retry_concurrency },
        interval: written.budget_interval.filter(|interval| !interval.is_zero()),
    }
}

fn check_tunnel(site: Site<'_>, at: &Path<'_>, written: &Tunnel) {
    if !matches!(written.protocol.as_str(), "" | "CONNECT" | "POST") {
        site.check.refuse(&at.field("protocol"), "tunnel protocol must be \"CONNECT\" or \"POST\"");
    }
    if let Err(reason) = Host::parse(&written.target_host) {
        let reason = format!("tunnel target host must be valid FQDN or IP address: {reason}");
        site.check.refuse(&at.field("targetHost"), reason);
    }
    if !(1..=65535).contains(&written.target_port) {
        let number = written.target_port;
        let reason =
            format!("tunnel target port is invalid: port number {number} must be in the range 1..65535");
        site.check.refuse(&at.field("targetPort"), reason);
    }
}
