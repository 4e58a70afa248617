//! A decision to its explanation. Conditions are judged by the same code as in [`Snapshot::decide`].

use super::{
    explanation::{
        CorsExplanation, Explanation, MirrorExplanation, PassedOver, RetryExplanation, RuleReference,
        TargetExplanation,
    },
    policy::policy_in_words,
    secured::{by_url_in_words, secured_in_words},
};
use crate::{
    model::{
        Abort, AbortStatus, Action, Address, CrossOrigin, Delay, Destination, Edit, HeaderEdits, Host,
        Mirror, Retriable, RetryPolicy, shown,
    },
    table::{
        decide::{Decision, Missing, Refusal},
        hosts::Found,
        request::RequestView,
        snapshot::{MirrorTarget, Rule, Snapshot, Target, VirtualHost},
    },
};
use http::{HeaderName, HeaderValue, Method};

impl Snapshot {
    /// Explains what [`Snapshot::decide`] decides for a request, whatever the roll.
    ///
    /// It looks one step further: where no target has an endpoint, the outcome is the refusal that a caller sees.
    #[must_use]
    pub fn explain(&self, request: &RequestView<'_>) -> Explanation {
        let found = match self.find(request) {
            Ok(found) => found,
            Err(decision) => return self.nobody(decision, request),
        };
        let host = &*self.virtual_hosts[found.owner as usize].host;
        let mut explanation = of_host(found, host);
        for (number, rule) in (1..).zip(&*host.rules) {
            let rule_reference = reference(number, rule);
            match rule.mismatch(request) {
                Some(mismatch) => {
                    let reason = mismatch.in_words(request);
                    explanation.passed_over.push(PassedOver { rule: rule_reference, reason });
                }
                None => {
                    explanation.rule = Some(rule_reference);
                    explanation.describe(rule, request, self.retries());
                    return explanation;
                }
            }
        }
        let all = host.rules.len();
        explanation.refuse(
            404,
            Some("NR"),
            format!("No route: none of the {all} rules of {} matches.", host.name),
        );
        explanation
    }
}

impl Snapshot {
    /// What becomes of a request that nobody is responsible for.
    fn nobody(&self, decision: Decision, request: &RequestView<'_>) -> Explanation {
        let mut explanation = Explanation::default();
        let host = request.host();
        match (decision, request.listener) {
            (Decision::Pass, _) => {
                explanation.outcome = "passthrough";
                explanation.secured = by_url_in_words(request);
                let why = self.why_nobody(request);
                explanation.summary = format!("{why}, so the request goes where its address says.");
            }
            (Decision::Refuse(Refusal::UnknownHost), _) => {
                let why = self.why_nobody(request);
                explanation.refuse(502, None, format!("{why}, and requests to unknown hosts are refused."));
            }
            (_, Some(port)) => {
                let summary = format!(
                    "No route: nobody is responsible for host {host:?} on port {port} of the gateway."
                );
                explanation.refuse(404, Some("NR"), summary);
            }
            (_, None) if host.is_empty() => {
                explanation.refuse(404, Some("NR"), "No route: the request names no host.".into());
            }
            (_, None) => {
                let summary =
                    format!("No route: a gateway has rules for its listeners alone, not for {host}.");
                explanation.refuse(404, Some("NR"), summary);
            }
        }
        explanation
    }

    /// A host may be unknown because nobody described it, or not on this port, or because a Sidecar hides it.
    fn why_nobody(&self, request: &RequestView<'_>) -> String {
        let (host, port) = (request.host(), request.port);
        let sidecar = self.sidecar.as_deref();
        let seen = sidecar.map(|name| format!(", as far as Sidecar {name} shows")).unwrap_or_default();
        let ports: Vec<_> =
            self.outbound.ports(host).into_iter().flatten().map(|port| port.to_string()).collect();
        match &*ports {
            [] => format!("Nobody described {host} to this namespace{seen}"),
            ports => format!("Nobody described port {port} of {host}, only {}{seen}", ports.join(", ")),
        }
    }
}

fn of_host(found: Found<'_>, host: &VirtualHost) -> Explanation {
    Explanation {
        virtual_host: Some(host.name.to_string()),
        matched_domain: Some(found.pattern.to_string()),
        virtual_services: host.origins.iter().map(ToString::to_string).collect(),
        ..Explanation::default()
    }
}

fn reference(number: usize, rule: &Rule) -> RuleReference {
    RuleReference { number, name: rule.name.to_string(), line: rule.route.line.number() }
}

impl Explanation {
    fn refuse(&mut self, status: u16, flag: Option<&'static str>, summary: String) {
        self.outcome = "refuse";
        self.status = Some(status);
        self.flag = flag;
        self.summary = summary;
    }

    /// What the matching rule does; `of_mesh`: what the mesh says of retries where the rule does not.
    fn describe(&mut self, rule: &Rule, request: &RequestView<'_>, of_mesh: Option<&RetryPolicy>) {
        self.delay = rule.route.injection.delay.map(delay_in_words);
        self.abort = rule.route.injection.abort.map(abort_in_words);
        self.timeout_ms =
            rule.route.timeout.map(|timeout| timeout.as_millis().try_into().unwrap_or(u64::MAX));
        match &rule.route.action {
            Action::Forward(destinations) => {
                self.retries = rule.route.retries.as_ref().or(of_mesh).map(retries_in_words);
                self.describe_forward(rule, destinations, request);
            }
            Action::Redirect(redirect) => {
                self.outcome = "redirect";
                self.status = Some(redirect.status.as_u16());
                self.location = rule.redirect_location(request);
                let location = self.location.as_deref().unwrap_or_default();
                self.summary = format!("Redirected with {} to {location}.", redirect.status.as_u16());
            }
            Action::Respond(response) => {
                self.outcome = "respond";
                self.status = Some(response.status.as_u16());
                let (status, length) = (response.status.as_u16(), response.body.len());
                self.summary = format!("Answered directly with {status} and {length} bytes.");
            }
        }
    }

    fn describe_forward(&mut self, rule: &Rule, destinations: &[Destination], request: &RequestView<'_>) {
        // Targets are the destinations without those that are never chosen.
        let kept = destinations.iter().filter(|to| destinations.len() == 1 || to.weight > 0);
        let both = rule.targets.iter().zip(kept);
        self.targets = both.map(|(target, to)| explain_target(target, to, rule, request)).collect();
        let mirrors = rule.mirrors.iter().zip(&rule.route.mirrors);
        self.mirrors = mirrors.map(|(to, written)| explain_mirror(to, written, request)).collect();
        if self.describe_cors(rule, request) {
            return;
        }
        if self.targets.iter().all(|target| target.missing.is_some()) {
            let reasons = self.targets.iter().filter_map(|target| target.missing.as_deref());
            let reasons = reasons.collect::<Vec<_>>().join("; ");
            return self.refuse(503, Some("NC"), format!("No such destination: {reasons}."));
        }
        if self.targets.iter().all(|target| target.endpoints.is_empty()) {
            return self.refuse(503, Some("UH"), "No destination has an endpoint.".into());
        }
        self.outcome = "forward";
        self.rewritten_path = rule.rewritten_path(request).map(Into::into);
        self.rewritten_authority = rule.route.rewrite.authority.as_deref().map(Into::into);
        let shares: Vec<_> = self.targets.iter().map(TargetExplanation::to_share).collect();
        self.summary = format!("Forwarded to {}.", shares.join(", "));
    }

    /// What becomes of a request from a page of another origin; whether it is answered here.
    fn describe_cors(&mut self, rule: &Rule, request: &RequestView<'_>) -> bool {
        let Some(policy) = &rule.route.cors else { return false };
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
        let in_words = |origin: &HeaderValue| String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let (verdict, origin) = match policy.judge(&method, request.headers) {
            CrossOrigin::Silent => return false,
            CrossOrigin::Granted(origin) => ("granted", Some(origin)),
            CrossOrigin::Preflight(origin) => ("preflight", Some(origin)),
            CrossOrigin::Ignored => ("ignored", None),
        };
        self.cors = Some(CorsExplanation { verdict, origin: origin.as_ref().map(in_words) });
        let is_answered = verdict != "granted";
        if is_answered {
            self.outcome = "respond";
            self.status = Some(200);
            self.summary = "Answered with 200: a browser asks what a page of another origin may do.".into();
        }
        is_answered
    }
}

fn explain_target(
    target: &Target,
    to: &Destination,
    rule: &Rule,
    request: &RequestView<'_>,
) -> TargetExplanation {
    let backend = target.backend(request.port);
    let endpoints = backend.iter().flat_map(|backend| &*backend.endpoints);
    let endpoints = endpoints.map(|endpoint| address_and_port(&endpoint.address, endpoint.port));
    let requested = backend.ok().filter(|backend| backend.is_passthrough).map(|backend| {
        let port = request.listener.map_or(request.port, |_| backend.name.port);
        format!("{}:{port}, as the request asks", request.host())
    });
    TargetExplanation {
        host: target.host.to_string(),
        subset: target.subset.as_deref().map(Into::into),
        port: backend.map_or(0, |backend| backend.name.port),
        weight: target.weight,
        percent: f64::from(target.weight) * 100.0 / rule.total_weight as f64,
        endpoints: endpoints.chain(requested).collect(),
        missing: backend.err().map(|missing| missing_in_words(missing, Named::from(to), request)),
        secured: backend.ok().and_then(|backend| secured_in_words(backend, request)),
        policy: backend.map(|backend| policy_in_words(&backend.policy)).unwrap_or_default(),
        request_headers: edits_in_words(&target.request_headers),
        response_headers: edits_in_words(&target.response_headers),
    }
}

/// An endpoint as people write it.
pub(super) fn address_and_port(address: &Address, port: u16) -> String {
    match address {
        Address::Ip(ip) => std::net::SocketAddr::new(*ip, port).to_string(),
        Address::Name(name) => format!("{name}:{port}"),
    }
}

pub(in crate::table) fn retries_in_words(retries: &RetryPolicy) -> RetryExplanation {
    let statuses = retries.statuses.iter().map(ToString::to_string);
    // A status stands for itself; the name that makes a list of them count says nothing to people.
    let names =
        retries.on.names().filter(|name| *name != Retriable::StatusCodes.name()).map(ToOwned::to_owned);
    RetryExplanation {
        attempts: retries.attempts,
        on: names.chain(statuses).collect(),
        per_try_timeout_ms: retries
            .per_try_timeout
            .map(|time| time.as_millis().try_into().unwrap_or(u64::MAX)),
        leaves_locality: retries.leaves_locality,
    }
}

fn explain_mirror(mirror: &MirrorTarget, written: &Mirror, request: &RequestView<'_>) -> MirrorExplanation {
    let backend = mirror.backend.at(request.port);
    let named = Named { host: &written.host, subset: written.subset.as_deref(), port: written.port };
    MirrorExplanation {
        host: mirror.host.to_string(),
        subset: mirror.subset.as_deref().map(Into::into),
        port: backend.map_or(0, |backend| backend.name.port),
        percent: mirror.share.percent(),
        missing: backend.err().map(|missing| missing_in_words(missing, named, request)),
    }
}

/// A destination as its rule names it.
struct Named<'a> {
    host: &'a Host,
    subset: Option<&'a str>,
    port: Option<u16>,
}

impl<'a> From<&'a Destination> for Named<'a> {
    fn from(to: &'a Destination) -> Self {
        Self { host: &to.host, subset: to.subset.as_deref(), port: to.port }
    }
}

fn missing_in_words(missing: Missing, to: Named<'_>, request: &RequestView<'_>) -> String {
    let host = to.host;
    match missing {
        Missing::Service => format!("no service has the host {host}"),
        Missing::Subset => {
            let subset = to.subset.unwrap_or_default();
            format!("no DestinationRule that applies names a subset {subset} of {host}")
        }
        Missing::Port => match to.port {
            Some(port) => format!("{host} has no port {port}"),
            None => format!("{host} has no port {}, which the request came to", request.port),
        },
    }
}

pub(in crate::table) fn edits_in_words(edits: &HeaderEdits) -> Vec<String> {
    let value = |name: &HeaderName, value: &HeaderValue| {
        shown(name.as_str(), String::from_utf8_lossy(value.as_bytes()))
    };
    let in_words = |edit: &Edit| match edit {
        Edit::Remove(name) => format!("remove {name}"),
        Edit::Set(name, to) => format!("set {name}: {}", value(name, to)),
        Edit::Add(name, to) => format!("add {name}: {}", value(name, to)),
    };
    edits.as_slice().iter().map(in_words).collect()
}

pub(in crate::table) fn delay_in_words(delay: Delay) -> String {
    format!("{:?} for {}", delay.lasting, delay.share)
}

pub(in crate::table) fn abort_in_words(abort: Abort) -> String {
    match abort.status {
        AbortStatus::Http(status) => format!("{} for {}", status.as_u16(), abort.share),
        AbortStatus::Grpc(status) => format!("gRPC status {status} for {}", abort.share),
    }
}
