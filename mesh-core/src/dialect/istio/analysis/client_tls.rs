//! TLS to servers whose certificates nobody can check.

use super::subject::{SPEC, Subject};
use crate::{
    dialect::codes::{UNCHECKED_SERVER, UNCHECKED_SERVER_AT_PORT},
    document::{ClientTls, ClientTlsMode, DestinationRule, Fault, Path, TrafficPolicy},
};

/// Checks that TLS to a host says by which authorities to check its certificate.
pub(super) fn check(subject: &Subject<'_>, written: &DestinationRule, faults: &mut Vec<Fault>) {
    if let Some(policy) = &written.traffic_policy {
        check_policy(subject, &SPEC.field("trafficPolicy"), written, policy, faults);
    }
    let at = SPEC.field("subsets");
    for (index, subset) in written.subsets.iter().enumerate() {
        if let Some(policy) = &subset.traffic_policy {
            check_policy(subject, &at.index(index).field("trafficPolicy"), written, policy, faults);
        }
    }
}

fn check_policy(
    subject: &Subject<'_>,
    at: &Path<'_>,
    written: &DestinationRule,
    policy: &TrafficPolicy,
    faults: &mut Vec<Fault>,
) {
    // Secrets are for the clients that a rule selects, a gateway above all.
    let has_secrets = written.workload_selector.is_some();
    let remedy = "name the authorities in caCertificates";
    if let Some(mode) = policy.tls.as_ref().and_then(|tls| unchecked(tls, has_secrets)) {
        let reason = format!(
            "TLS mode is {mode} but no caCertificates are set to validate server identity for host {}",
            written.host
        );
        faults.push(subject.fault(&at.field("tls"), UNCHECKED_SERVER.because(reason, remedy)));
    }
    let at = at.field("portLevelSettings");
    for (index, settings) in policy.port_level_settings.iter().enumerate() {
        let Some(mode) = settings.tls.as_ref().and_then(|tls| unchecked(tls, has_secrets)) else { continue };
        let reason = format!(
            "TLS mode is {mode} but no caCertificates are set to validate server identity for host {} at port {}",
            written.host,
            settings.port.unwrap_or_default()
        );
        let finding = UNCHECKED_SERVER_AT_PORT.because(reason, remedy);
        faults.push(subject.fault(&at.index(index).field("tls"), finding));
    }
}

/// The mode of a TLS that checks no certificate without saying so.
fn unchecked(tls: &ClientTls, has_secrets: bool) -> Option<&'static str> {
    let mode = match tls.mode {
        ClientTlsMode::Simple => "SIMPLE",
        ClientTlsMode::Mutual => "MUTUAL",
        ClientTlsMode::Disable | ClientTlsMode::IstioMutual => return None,
    };
    let is_checked = !tls.ca_certificates.is_empty() || has_secrets && !tls.credential_name.is_empty();
    let is_meant = tls.insecure_skip_verify == Some(true);
    (!is_checked && !is_meant).then_some(mode)
}
