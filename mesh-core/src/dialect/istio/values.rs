//! Small values that several kinds share, and what Istio asks of them.

use super::{Site, names::is_label};
use crate::{
    document::Path,
    model::{Host, Labels},
};
use std::{net::IpAddr, time::Duration};

impl Site<'_> {
    /// Refuses a duration that is shorter than a millisecond, or finer.
    pub(super) fn duration(&self, at: &Path<'_>, duration: Duration) {
        if duration < Duration::from_millis(1) {
            self.check.refuse(at, "duration must be greater than 1ms");
        } else if !duration.subsec_nanos().is_multiple_of(1_000_000) {
            let remedy = "round it to milliseconds";
            self.check.refuse_with(at, "only durations to ms precision are supported", remedy);
        }
    }

    /// Refuses such a duration where zero stands for none.
    pub(super) fn duration_or_zero(&self, at: &Path<'_>, duration: Duration) {
        if !duration.is_zero() {
            self.duration(at, duration);
        }
    }

    /// The same for a field that may be absent.
    pub(super) fn maybe_duration(&self, parent: &Path<'_>, name: &str, duration: Option<Duration>) {
        if let Some(duration) = duration {
            self.duration(&parent.field(name), duration);
        }
    }

    /// Warns once for each field that is written and has no effect yet.
    pub(super) fn later(&self, parent: &Path<'_>, fields: &[(&str, bool)]) {
        for (name, is_written) in fields {
            if *is_written {
                self.check.later(&parent.field(name));
            }
        }
    }

    /// Refuses labels that Kubernetes would refuse.
    pub(super) fn labels(&self, at: &Path<'_>, labels: &Labels) {
        for (key, value) in labels {
            let at = at.key(key);
            let name = key.rsplit('/').next().unwrap_or(key);
            let prefix = key.strip_suffix(name).unwrap_or_default().strip_suffix('/');
            if !is_label_text(name) || prefix.is_some_and(|prefix| Host::parse(prefix).is_err()) {
                self.check.refuse(&at, format!("invalid tag key: {key:?}"));
            }
            if !value.is_empty() && !is_label_text(value) {
                self.check.refuse(&at, format!("invalid tag value: {value:?}"));
            }
        }
    }

    /// Refuses labels that select nothing; warns of none at all.
    pub(super) fn selector(&self, at: &Path<'_>, labels: &Labels, what: &str) {
        if labels.is_empty() {
            let reason = format!("{what}workload selector specified without labels");
            self.check.warn(at, reason, "it selects every workload of the namespace");
        }
        for (key, value) in labels {
            let pair = format!("{key}={value}");
            if key.is_empty() {
                self.check.refuse(at, format!("empty key is not supported in selector: {pair:?}"));
            }
            if pair.contains('*') {
                self.check.refuse(at, format!("wildcard is not supported in selector: {pair:?}"));
            }
        }
    }

    /// Refuses what is no IP address.
    pub(super) fn ip(&self, at: &Path<'_>, text: &str) {
        if text.parse::<IpAddr>().is_err() {
            self.check.refuse(at, format!("{text} is not a valid IP"));
        }
    }

    /// Refuses what is neither an IP address nor a network.
    pub(super) fn subnet(&self, at: &Path<'_>, text: &str) {
        let Some((address, bits)) = text.split_once('/') else {
            return self.ip(at, text);
        };
        let most = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => 0,
        };
        let is_plain =
            bits.bytes().all(|byte| byte.is_ascii_digit()) && !(bits.len() > 1 && bits.starts_with('0'));
        if most == 0 || !is_plain || !bits.parse().is_ok_and(|bits: u32| bits <= most) {
            let remedy = "write an address and a number of bits: 10.1.0.0/16";
            self.check.refuse_with(at, format!("{text} is not a valid CIDR block"), remedy);
        }
    }

    /// Refuses what is no path of a Unix socket; `text` is what follows `unix://`.
    pub(super) fn unix_path(&self, at: &Path<'_>, text: &str) {
        if text.is_empty() {
            self.check.refuse(at, "unix address must not be empty");
        } else if !text.starts_with('@') && (!text.starts_with('/') || text.ends_with('/')) {
            self.check.refuse(at, format!("{text} is not an absolute path to a file"));
        }
    }

    /// Refuses what is no name of a port.
    pub(super) fn port_name(&self, at: &Path<'_>, name: &str) {
        if !is_label(&name.to_ascii_lowercase()) {
            let remedy = "use letters, digits and '-', at most 63 of them";
            self.check.refuse_with(at, format!("invalid port name: {name}"), remedy);
        }
    }

    /// Refuses a protocol that Istio does not know; none at all is found out from the connection.
    pub(super) fn known_protocol(&self, at: &Path<'_>, protocol: &str) {
        if !protocol.is_empty() && !is_protocol(protocol) {
            let remedy = "write HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS, MONGO, REDIS, MYSQL or UDP";
            self.check.refuse_with(at, format!("unsupported protocol: {protocol}"), remedy);
        }
    }
}

/// Whether Istio knows this protocol.
pub(super) fn is_protocol(name: &str) -> bool {
    let others = ["tcp", "udp", "mongo", "redis", "mysql"];
    is_http(name) || is_tls(name) || others.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Whether this protocol is HTTP that a proxy can read.
pub(super) fn is_http(name: &str) -> bool {
    let names = ["http", "http2", "http_proxy", "grpc", "grpc-web"];
    names.iter().any(|http| name.eq_ignore_ascii_case(http))
}

/// Whether this protocol is within TLS.
pub(super) fn is_tls(name: &str) -> bool {
    name.eq_ignore_ascii_case("https") || name.eq_ignore_ascii_case("tls")
}

/// Whether a text can be the name or the value of a label.
fn is_label_text(text: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.len() <= 63
        && text.bytes().all(inner)
        && is_end(text.bytes().next())
        && is_end(text.bytes().next_back())
}
