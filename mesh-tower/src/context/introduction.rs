//! What an application is told about the certificate at the other end of a connection.

use http::HeaderValue;
use mesh_core::identity::{PeerCertificate, SpiffeId};

/// What `x-forwarded-client-cert` says of a verified certificate, in Envoy's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Introduction(HeaderValue);

impl Introduction {
    /// A workload of the mesh; `own` is the one it called. `None` when a header cannot say it.
    pub(crate) fn of_workload(own: &SpiffeId, certificate: &PeerCertificate) -> Option<Self> {
        let by = format!("By={};", quoted(own.as_str()));
        Self::new(by, certificate, "")
    }

    /// A client of a gateway, who is told about whole.
    pub(crate) fn of_client(certificate: &PeerCertificate, encoded: &str) -> Option<Self> {
        Self::new(String::new(), certificate, &format!("Cert=\"{encoded}\";"))
    }

    fn new(by: String, certificate: &PeerCertificate, whole: &str) -> Option<Self> {
        let hash: String = certificate.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let subject = escaped(&certificate.subject);
        let mut text = format!("{by}Hash={hash};{whole}Subject=\"{subject}\"");
        let uris = certificate.uris.iter().map(|uri| ("URI", uri));
        for (key, value) in uris.chain(certificate.hosts.iter().map(|host| ("DNS", host))) {
            text.push_str(&format!(";{key}={}", quoted(value)));
        }
        HeaderValue::try_from(text).ok().map(Self)
    }

    /// The header's value: one element.
    pub(crate) fn element(&self) -> &HeaderValue {
        &self.0
    }
}

/// A value that cannot end before its end.
fn quoted(value: &str) -> String {
    match value.contains([',', ';', '=', '"', '\\']) {
        true => format!("\"{}\"", escaped(value)),
        false => value.to_owned(),
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}
