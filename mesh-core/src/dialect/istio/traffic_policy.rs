//! How requests travel to a service. All of it is checked; none of it has an effect yet.

use super::{Site, connection_pool, load_balancer};
use crate::{
    document::{ClientTls, ClientTlsMode, OutlierDetection, Path, PortTrafficPolicy, TrafficPolicy, Tunnel},
    model::Host,
};

/// Checks a policy, and says what of it has no effect yet.
pub(super) fn check(site: Site<'_>, at: &Path<'_>, written: &TrafficPolicy) {
    if *written == TrafficPolicy::default() {
        let remedy = "write one, or remove trafficPolicy";
        site.check.refuse_with(at, "traffic policy must have at least one field", remedy);
    }
    if written.tunnel.is_some() && written.proxy_protocol.is_some() {
        site.check.refuse_with(at, "tunnel and proxyProtocol must not be set together", "keep one");
    }
    // The four that a port may have of its own are checked alike.
    check_blocks(
        site,
        at,
        &PortTrafficPolicy {
            port: None,
            load_balancer: written.load_balancer.clone(),
            connection_pool: written.connection_pool.clone(),
            outlier_detection: written.outlier_detection.clone(),
            tls: written.tls.clone(),
        },
    );
    let ports_at = at.field("portLevelSettings");
    for (index, of_port) in written.port_level_settings.iter().enumerate() {
        check_port(site, &ports_at.index(index), of_port);
    }
    if let Some(tunnel) = &written.tunnel {
        check_tunnel(site, &at.field("tunnel"), tunnel);
    }
    warn_of_all(site, at, written);
    if let Some(percent) = written.retry_budget.as_ref().and_then(|budget| budget.percent)
        && !(0.0..=100.0).contains(&percent)
    {
        let at = at.field("retryBudget");
        site.check.refuse(&at.field("percent"), format!("percentage {percent} is not in range 0..100"));
    }
}

fn warn_of_all(site: Site<'_>, at: &Path<'_>, written: &TrafficPolicy) {
    site.later(
        at,
        &[
            ("loadBalancer", written.load_balancer.is_some()),
            ("connectionPool", written.connection_pool.is_some()),
            ("outlierDetection", written.outlier_detection.is_some()),
            ("tls", written.tls.as_ref().is_some_and(|tls| tls.mode != ClientTlsMode::Disable)),
            ("portLevelSettings", !written.port_level_settings.is_empty()),
            ("tunnel", written.tunnel.is_some()),
            ("proxyProtocol", written.proxy_protocol.is_some()),
            ("retryBudget", written.retry_budget.is_some()),
        ],
    );
}

fn check_port(site: Site<'_>, at: &Path<'_>, written: &PortTrafficPolicy) {
    match written.port {
        Some(number) => {
            site.port(&at.field("port").field("number"), number);
        }
        None => {
            let remedy = "write port: {number: 80}";
            site.check.refuse_with(at, "portTrafficPolicy must have valid port", remedy);
        }
    }
    if *written == (PortTrafficPolicy { port: written.port, ..Default::default() }) {
        site.check.refuse(at, "port traffic policy must have at least one field");
    }
    check_blocks(site, at, written);
}

fn check_blocks(site: Site<'_>, at: &Path<'_>, written: &PortTrafficPolicy) {
    let outlier = written.outlier_detection.as_ref();
    if let Some(outlier) = outlier {
        check_outlier(site, &at.field("outlierDetection"), outlier);
    }
    if let Some(pool) = &written.connection_pool {
        connection_pool::check(site, &at.field("connectionPool"), pool);
    }
    if let Some(balancer) = &written.load_balancer {
        load_balancer::check(site, &at.field("loadBalancer"), balancer, outlier.is_some());
    }
    if let Some(tls) = &written.tls {
        check_tls(site, &at.field("tls"), tls);
    }
}

fn check_outlier(site: Site<'_>, at: &Path<'_>, written: &OutlierDetection) {
    site.maybe_duration(at, "baseEjectionTime", written.base_ejection_time);
    site.maybe_duration(at, "interval", written.interval);
    if written.consecutive_errors != 0 {
        let reason = "outlier detection consecutive errors is deprecated, \
                      use consecutiveGatewayErrors or consecutive5xxErrors instead";
        site.check.note(&at.field("consecutiveErrors"), reason);
    }
    let counts_local = written.consecutive_local_origin_failures.is_some_and(|count| count > 0);
    if counts_local && !written.split_external_local_origin_errors {
        let reason = "outlier detection consecutive local origin failures is specified, \
                      but split external local origin errors is set to false";
        site.check.refuse_with(at, reason, "write splitExternalLocalOriginErrors: true");
    }
    for (field, percent) in [
        ("maxEjectionPercent", written.max_ejection_percent),
        ("minHealthPercent", written.min_health_percent),
    ] {
        if !(0..=100).contains(&percent) {
            site.check.refuse(&at.field(field), format!("percentage {percent} is not in range 0..100"));
        }
    }
    let codes_at = at.field("outlierDetectionHttpErrorCodes");
    for (index, code) in written.http_error_codes.iter().enumerate() {
        if !(100..600).contains(code) {
            site.check.refuse(&codes_at.index(index), format!("{code} is not an HTTP status"));
        }
    }
}

fn check_tls(site: Site<'_>, at: &Path<'_>, written: &ClientTls) {
    let check = site.check;
    let (is_simple, is_mutual) =
        (written.mode == ClientTlsMode::Simple, written.mode == ClientTlsMode::Mutual);
    let by_secret = !written.credential_name.is_empty();
    let has_ca = !written.ca_certificates.is_empty();
    if written.insecure_skip_verify == Some(true) {
        let names_server = has_ca || !written.subject_alt_names.is_empty();
        if is_simple && (names_server || by_secret) {
            let reason = "cannot specify CaCertificates or CredentialName or SubjectAltNames \
                          when InsecureSkipVerify is set true";
            check.refuse_with(at, reason, "remove insecureSkipVerify, which checks nothing");
        }
        if is_mutual && names_server {
            let reason =
                "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true";
            check.refuse_with(at, reason, "remove insecureSkipVerify, which checks nothing");
        }
    }
    let has_files = !written.client_certificate.is_empty() || !written.private_key.is_empty();
    if (is_simple || is_mutual) && by_secret {
        if has_files || has_ca || !written.ca_crl.is_empty() {
            let reason =
                "cannot specify client certificates or CA certificate or CA CRL If credentialName is set";
            check.refuse_with(at, reason, "keep credentialName, or the files");
        }
        return;
    }
    if is_mutual && written.client_certificate.is_empty() {
        check.refuse_with(at, "client certificate required for mutual tls", "write clientCertificate");
    }
    if is_mutual && written.private_key.is_empty() {
        check.refuse_with(at, "private key required for mutual tls", "write privateKey");
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
