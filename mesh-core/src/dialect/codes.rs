//! What can be told about documents that are right by themselves: Istio's codes, and Kiali's where Istio has none.

use crate::document::{Document, Fault, Path, Severity};

/// A kind of mistake that has a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// The code: `IST0101`.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// What comes of it, and what to do.
    pub help: &'static str,
}

/// What is wrong at one place, and what to do about it.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) reason: String,
    pub(super) remedy: String,
}

impl Code {
    /// This mistake, at some place.
    pub(super) fn because(self, reason: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { code: self, severity: self.severity, reason: reason.into(), remedy: remedy.into() }
    }
}

impl Finding {
    /// The finding as a fault of one of a document's fields.
    pub(super) fn at(self, document: &Document, path: &Path<'_>) -> Fault {
        let Self { code, severity, reason, remedy } = self;
        let place = document.place_of(path);
        let (object, path) = (document.key().to_string(), path.to_string());
        let fault = Fault::error(place, reason).with_remedy(remedy);
        Fault { severity, code: Some(code.id), object, path, ..fault }
    }
}

/// Every code that [`analyze`](super::analyze) and [`translate`](super::translate) give, in order.
pub const CODES: [Code; 35] = [
    UNKNOWN_REFERENCE,
    SEVERAL_OWNERS,
    CONFLICTING_SIDECARS,
    SEVERAL_DEFAULT_SIDECARS,
    PORT_NEEDED,
    CONFLICTING_PROTOCOLS,
    UNTOLD_PROTOCOL,
    NO_WORKLOAD,
    UNCHECKED_SERVER,
    UNCHECKED_SERVER_AT_PORT,
    UNREACHABLE_RULE,
    UNREACHABLE_MATCH,
    HOST_NOT_AT_GATEWAY,
    ADDRESSES_NEEDED,
    CONFLICTING_TARGETS,
    SHARED_CERTIFICATE,
    SUBSET_NOT_AT_GATEWAY,
    CONFLICTING_GATEWAYS,
    CLAIMS_UNKNOWN,
    EXTERNAL_PORT_NAME,
    NO_PROVIDER,
    CONFLICTING_TELEMETRIES,
    SEVERAL_DEFAULT_TELEMETRIES,
    INVALID_CREDENTIAL,
    PORT_NOT_ON_SERVICE,
    INTERNAL_GATEWAY,
    EMPTY_SUBSET,
    UNKNOWN_RULE_HOST,
    KEYS_FROM_ANYWHERE,
    CONFLICTING_ENTRIES,
    NEEDS_MUTUAL_TLS,
    UNKNOWN_TRUST_DOMAIN,
    REPEATED_SUBSET,
    LONE_WEIGHT,
    REPEATED_DESTINATION,
];

pub(super) const UNKNOWN_REFERENCE: Code = Code {
    id: "IST0101",
    severity: Severity::Error,
    title: "A reference to something that is not there",
    help: "The document names a host, a subset, a Gateway, a delegate, a secret or an extension provider that no \
           document describes. Correct the name, or add the document.",
};

pub(super) const SEVERAL_OWNERS: Code = Code {
    id: "IST0109",
    severity: Severity::Error,
    title: "Several VirtualServices route one host in the mesh",
    help: "A workload uses only the first of those that it sees. Merge them into one, or let a VirtualService \
           delegate to the others.",
};

pub(super) const CONFLICTING_SIDECARS: Code = Code {
    id: "IST0110",
    severity: Severity::Error,
    title: "Several Sidecars select one workload",
    help: "The workload uses only the oldest of them. Let their selectors exclude one another.",
};

pub(super) const SEVERAL_DEFAULT_SIDECARS: Code = Code {
    id: "IST0111",
    severity: Severity::Error,
    title: "Several Sidecars of one namespace have no selector",
    help: "The namespace uses only the oldest of them. Keep one, and give the others a workloadSelector.",
};

pub(super) const PORT_NEEDED: Code = Code {
    id: "IST0112",
    severity: Severity::Error,
    title: "A destination names no port of a service that has several",
    help: "Write destination.port.number.",
};

pub(super) const CONFLICTING_PROTOCOLS: Code = Code {
    id: "IST0116",
    severity: Severity::Warning,
    title: "Several services reach one port of a workload by different protocols",
    help: "The workload cannot know which of them a connection speaks. Name the ports of all its services alike.",
};

pub(super) const UNTOLD_PROTOCOL: Code = Code {
    id: "IST0118",
    severity: Severity::Info,
    title: "The name of a port does not tell its protocol",
    help: "The protocol is found out from the traffic, which does not always succeed. Name the port \
           <protocol>[-<suffix>], or write appProtocol.",
};

pub(super) const NO_WORKLOAD: Code = Code {
    id: "IST0127",
    severity: Severity::Warning,
    title: "A selector matches no workload",
    help: "The document has no effect. Correct the labels.",
};

pub(super) const UNCHECKED_SERVER: Code = Code {
    id: "IST0128",
    severity: Severity::Warning,
    title: "TLS to a host without authorities to check its certificate by",
    help: "Write tls.caCertificates, or a tls.credentialName together with a workloadSelector.",
};

pub(super) const UNCHECKED_SERVER_AT_PORT: Code = Code {
    id: "IST0129",
    severity: Severity::Warning,
    title: "TLS to a port of a host without authorities to check its certificate by",
    help: "Write tls.caCertificates, or a tls.credentialName together with a workloadSelector.",
};

pub(super) const UNREACHABLE_RULE: Code = Code {
    id: "IST0130",
    severity: Severity::Warning,
    title: "A rule that nothing reaches",
    help: "A rule further up takes everything that it asks for. Remove it, or put it further up.",
};

pub(super) const UNREACHABLE_MATCH: Code = Code {
    id: "IST0131",
    severity: Severity::Info,
    title: "A match that has no effect",
    help: "A match further up takes everything that it asks for. Remove it, or put the narrower match first.",
};

pub(super) const HOST_NOT_AT_GATEWAY: Code = Code {
    id: "IST0132",
    severity: Severity::Warning,
    title: "A Gateway serves none of the hosts of a VirtualService that names it",
    help: "No request gets to the VirtualService by that Gateway. Add the host to one of its servers, or name \
           another Gateway.",
};

pub(super) const ADDRESSES_NEEDED: Code = Code {
    id: "IST0134",
    severity: Severity::Warning,
    title: "A TCP port of a ServiceEntry without addresses",
    help: "TCP does not tell which host it is for: connections to any host at this port would be taken for this one. \
           Write addresses, or the protocol that is spoken.",
};

pub(super) const CONFLICTING_TARGETS: Code = Code {
    id: "IST0137",
    severity: Severity::Warning,
    title: "Several services reach one port of a workload by different ports of theirs",
    help: "Let the services that select the workload use the same port for the same targetPort.",
};

pub(super) const SHARED_CERTIFICATE: Code = Code {
    id: "IST0138",
    severity: Severity::Warning,
    title: "Several Gateways of the same workloads serve one certificate",
    help: "A client that reuses an HTTP/2 connection for another host of the certificate may get a 404. Let one \
           Gateway serve all its hosts.",
};

pub(super) const SUBSET_NOT_AT_GATEWAY: Code = Code {
    id: "IST0140",
    severity: Severity::Warning,
    title: "Rules of the mesh do not apply to requests from a Gateway",
    help: "A VirtualService of a Gateway sends requests to a host whose own VirtualService chooses subsets. Choose the \
           subset at the Gateway too, or add the Gateway to the other's gateways.",
};

pub(super) const CONFLICTING_GATEWAYS: Code = Code {
    id: "IST0145",
    severity: Severity::Error,
    title: "Several Gateways serve one host on one port of the same workloads",
    help: "Let one Gateway serve the host on this port.",
};

pub(super) const CLAIMS_UNKNOWN: Code = Code {
    id: "IST0149",
    severity: Severity::Error,
    title: "Rules look at claims of tokens that nobody verifies",
    help: "Claims are known where a RequestAuthentication is for the workloads of the Gateway. Add one, or match a header \
           that the client sends.",
};

pub(super) const EXTERNAL_PORT_NAME: Code = Code {
    id: "IST0150",
    severity: Severity::Warning,
    title: "The name of a port of an ExternalName service does not tell a protocol that names its host",
    help: "Connections of TCP to any host at this port would be taken for this one. Name the port after the protocol \
           that is spoken: http, https, tls.",
};

pub(super) const NO_PROVIDER: Code = Code {
    id: "IST0157",
    severity: Severity::Warning,
    title: "A Telemetry writes logs for nobody",
    help: "It names no provider, and the MeshConfig no default one. Name providers, or write \
           defaultProviders.accessLogging.",
};

pub(super) const CONFLICTING_TELEMETRIES: Code = Code {
    id: "IST0159",
    severity: Severity::Error,
    title: "Several Telemetries select one workload",
    help: "The workload heeds only the oldest of them. Let their selectors exclude one another.",
};

pub(super) const SEVERAL_DEFAULT_TELEMETRIES: Code = Code {
    id: "IST0160",
    severity: Severity::Error,
    title: "Several Telemetries of one namespace have no selector",
    help: "The namespace heeds only the oldest of them. Keep one, and give the others a selector.",
};

pub(super) const INVALID_CREDENTIAL: Code = Code {
    id: "IST0161",
    severity: Severity::Error,
    title: "The secret of a Gateway lacks what it is needed for",
    help: "A server's secret holds tls.crt and tls.key; where clients show certificates, it or the secret of the same \
           name with -cacert holds ca.crt too.",
};

pub(super) const PORT_NOT_ON_SERVICE: Code = Code {
    id: "IST0162",
    severity: Severity::Warning,
    title: "The port of a Gateway is not one that a Service of its workloads leads to",
    help: "Nobody gets to this port by the Service. Add it there, as targetPort, or correct the server's port.",
};

pub(super) const INTERNAL_GATEWAY: Code = Code {
    id: "IST0165",
    severity: Severity::Warning,
    title: "A VirtualService names a Gateway that Istio generates",
    help: "Gateways made from the Gateway API's are Istio's own and may change. Use an HTTPRoute.",
};

pub(super) const EMPTY_SUBSET: Code = Code {
    id: "IST0173",
    severity: Severity::Error,
    title: "A subset selects none of its service's endpoints",
    help: "Requests to it get a 503. Correct the labels, or start a workload that has them.",
};

pub(super) const UNKNOWN_RULE_HOST: Code = Code {
    id: "IST0174",
    severity: Severity::Warning,
    title: "A DestinationRule is for a host that nobody describes",
    help: "It has no effect. Correct the name, or describe the host in a Service or a ServiceEntry.",
};

pub(super) const KEYS_FROM_ANYWHERE: Code = Code {
    id: "IST0175",
    severity: Severity::Warning,
    title: "Keys of tokens come from a host that nobody describes",
    help: "Workloads ask whatever address a RequestAuthentication names, one inside the network too. Describe the host \
           in a ServiceEntry, and refuse unknown hosts.",
};

pub(super) const CONFLICTING_ENTRIES: Code = Code {
    id: "IST0177",
    severity: Severity::Warning,
    title: "ServiceEntries give one port of a host different protocols",
    help: "Only one of them is used. Write the same protocol in all of them.",
};

pub(super) const NEEDS_MUTUAL_TLS: Code = Code {
    id: "KIA0105",
    severity: Severity::Error,
    title: "An AuthorizationPolicy asks for identities where nobody proves one",
    help: "Its workloads do not speak mutual TLS, so no caller has a principal, a namespace or a service account. Let \
           their PeerAuthentication be PERMISSIVE or STRICT, or ask for something else.",
};

pub(super) const UNKNOWN_TRUST_DOMAIN: Code = Code {
    id: "KIA0108",
    severity: Severity::Error,
    title: "An AuthorizationPolicy names a trust domain that nobody is of",
    help: "No certificate of such a workload is believed. Correct it, or name it in trustDomainAliases or \
           caCertificates of the MeshConfig.",
};

pub(super) const REPEATED_SUBSET: Code = Code {
    id: "KIA0201",
    severity: Severity::Warning,
    title: "Several DestinationRules say the same of one host",
    help: "The first that names a subset, or has a policy for the whole host, is used. Merge them into one.",
};

pub(super) const LONE_WEIGHT: Code = Code {
    id: "KIA1104",
    severity: Severity::Warning,
    title: "The only destination of a rule has a weight",
    help: "It means nothing, as everything goes there. Remove it.",
};

pub(super) const REPEATED_DESTINATION: Code = Code {
    id: "KIA1105",
    severity: Severity::Warning,
    title: "A rule names one destination twice",
    help: "Add the weight of the one to the other.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_distinct_in_order_and_all_in_the_page_of_the_analysis() {
        assert!(CODES.is_sorted_by(|one, other| one.id < other.id));
        let page = include_str!("istio/analysis/mod.rs");
        for Code { id, severity, .. } in CODES {
            assert!(page.contains(&format!("/// | {id} | {severity} | ")), "{id}");
        }
    }
}
