//! A table to what is told of it.

use super::written::{Dump, HostDump, ListenerDump, MirrorDump, RuleDump, ServerDump, TargetDump};
use crate::{
    model::{Action, ServerProtocol, Termination},
    table::{
        Listener, ListenerServer, MirrorTarget, Missing, Rule, Snapshot, Target, TargetBackend, VirtualHost,
        explain::{abort_in_words, delay_in_words, edits_in_words, retries_in_words},
    },
};

impl Snapshot {
    /// Everything that this table says but secrets: no key, no token, and no value of a header whose name tells that it
    /// is secret.
    #[must_use]
    pub fn dump(&self) -> Dump {
        Dump {
            generation: self.generation,
            digest: format!("{:016x}", self.digest),
            trust_domain: self.trust.domain.to_string(),
            sidecar: self.sidecar.as_deref().map(Into::into),
            virtual_hosts: self.virtual_hosts().map(host).collect(),
            listeners: self.listeners.iter().map(listener).collect(),
            inbound: self.inbound.dump(),
        }
    }
}

fn host(host: &VirtualHost) -> HostDump {
    HostDump {
        name: host.name.to_string(),
        virtual_services: host.origins.iter().map(ToString::to_string).collect(),
        rules: host.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &Rule) -> RuleDump {
    let route = &rule.route;
    let (action, status) = match &route.action {
        Action::Forward(_) => ("forward", None),
        Action::Redirect(redirect) => ("redirect", Some(redirect.status.as_u16())),
        Action::Respond(response) => ("respond", Some(response.status.as_u16())),
    };
    RuleDump {
        name: rule.name.to_string(),
        line: route.line.number(),
        conditions: rule.conditions.iter().map(ToString::to_string).collect(),
        action,
        status,
        targets: rule.targets.iter().map(|of| target(of, rule.total_weight)).collect(),
        mirrors: rule.mirrors.iter().map(mirror).collect(),
        timeout_ms: route.timeout.map(|timeout| timeout.as_millis().try_into().unwrap_or(u64::MAX)),
        retries: route.retries.as_ref().map(retries_in_words),
        delay: route.injection.delay.map(delay_in_words),
        abort: route.injection.abort.map(abort_in_words),
    }
}

fn target(target: &Target, total: u64) -> TargetDump {
    let (backends, missing) = match &target.backend {
        TargetBackend::Known(backend) => (vec![backend.name.to_string()], None),
        TargetBackend::ByPort(ports) => {
            (ports.iter().map(|(_, backend)| backend.name.to_string()).collect(), None)
        }
        TargetBackend::Missing(missing) => (Vec::new(), Some(in_a_word(*missing))),
    };
    TargetDump {
        host: target.host.to_string(),
        subset: target.subset.as_deref().map(Into::into),
        weight: target.weight,
        percent: f64::from(target.weight) * 100.0 / total as f64,
        backends,
        missing,
        request_headers: edits_in_words(&target.request_headers),
        response_headers: edits_in_words(&target.response_headers),
    }
}

fn in_a_word(missing: Missing) -> &'static str {
    match missing {
        Missing::Service => "service",
        Missing::Subset => "subset",
        Missing::Port => "port",
    }
}

fn mirror(mirror: &MirrorTarget) -> MirrorDump {
    MirrorDump {
        host: mirror.host.to_string(),
        subset: mirror.subset.as_deref().map(Into::into),
        percent: mirror.share.percent(),
    }
}

fn listener(listener: &Listener) -> ListenerDump {
    ListenerDump { port: listener.port, servers: listener.servers.iter().map(server).collect() }
}

fn server(server: &ListenerServer) -> ServerDump {
    ServerDump {
        gateway: server.gateway.to_string(),
        hosts: server.hosts.iter().map(ToString::to_string).collect(),
        protocol: match server.protocol {
            ServerProtocol::Http => "HTTP",
            ServerProtocol::Https => "HTTPS",
            ServerProtocol::Sealed => "TLS",
            ServerProtocol::Other => "other",
        },
        tls: server.tls.as_ref().map(mode),
        redirects_to_https: server.redirects_to_https,
    }
}

fn mode(tls: &Termination) -> &'static str {
    match tls {
        Termination::Own(own) => match &own.clients {
            None => "SIMPLE",
            Some(demand) if demand.is_required => "MUTUAL",
            Some(_) => "OPTIONAL_MUTUAL",
        },
        Termination::Mesh(_) => "ISTIO_MUTUAL",
        Termination::Behind => "PASSTHROUGH",
        Termination::Unsupported(name) => name,
    }
}
