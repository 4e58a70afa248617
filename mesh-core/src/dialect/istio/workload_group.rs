//! `WorkloadGroup`: it is checked, and has no effect yet, as instances do not register themselves.

use super::{Meaning, Site};
use crate::document::{HealthCheck, HttpCheck, Path, ReadinessProbe, WorkloadGroup};
use http::HeaderName;

pub(super) fn translate(site: Site<'_>, written: &WorkloadGroup) -> Option<Meaning> {
    match &written.template {
        Some(template) => {
            let at = site.spec.field("template");
            site.labels(&at.field("labels"), &template.labels);
        }
        None => site.check.refuse_with(site.spec, "template is required", "write template: {}"),
    }
    let metadata_at = site.spec.field("metadata");
    site.labels(&metadata_at.field("labels"), &written.metadata.labels);
    if let Some(probe) = &written.probe {
        check_probe(site, &site.spec.field("probe"), probe);
    }
    site.check.later(site.spec);
    Some(Meaning::Nothing)
}

fn check_probe(site: Site<'_>, at: &Path<'_>, written: &ReadinessProbe) {
    for (field, number) in [
        ("periodSeconds", written.period_seconds),
        ("initialDelaySeconds", written.initial_delay_seconds),
        ("timeoutSeconds", written.timeout_seconds),
        ("successThreshold", written.success_threshold),
        ("failureThreshold", written.failure_threshold),
    ] {
        if number < 0 {
            site.check.refuse(&at.field(field), format!("{field} must be non-negative"));
        }
    }
    match &written.check {
        Some(HealthCheck::HttpGet(http)) => check_http(site, &at.field("httpGet"), http),
        Some(HealthCheck::TcpSocket(tcp)) => {
            let at = at.field("tcpSocket");
            site.port(&at.field("port"), tcp.port);
        }
        Some(HealthCheck::Grpc(grpc)) => {
            let at = at.field("grpc");
            site.port(&at.field("port"), grpc.port);
        }
        Some(HealthCheck::Exec(command)) if command.is_empty() => {
            site.check.refuse(&at.field("exec"), "exec.command is required");
        }
        Some(HealthCheck::Exec(_)) => {}
        None => {
            let remedy = "write httpGet, tcpSocket, exec or grpc";
            site.check.refuse_with(at, "unknown health check method", remedy);
        }
    }
}

fn check_http(site: Site<'_>, at: &Path<'_>, written: &HttpCheck) {
    site.port(&at.field("port"), written.port);
    if !matches!(written.scheme.as_str(), "" | "HTTP" | "HTTPS") {
        site.check.refuse(&at.field("scheme"), "httpGet.scheme must be one of \"HTTPS\", \"HTTP\"");
    }
    let headers_at = at.field("httpHeaders");
    for (index, header) in written.http_headers.iter().enumerate() {
        let name = &header.name;
        let at = headers_at.index(index);
        // Narrower than what HTTP allows, as Istio has it.
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if name.is_empty() {
            site.check.refuse(&at, "header name cannot be empty");
        } else if !is_plain || HeaderName::from_bytes(name.as_bytes()).is_err() {
            site.check.refuse(&at.field("name"), format!("header name {name} is not a valid header name"));
        }
    }
}
