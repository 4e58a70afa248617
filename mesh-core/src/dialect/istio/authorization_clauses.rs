//! What a rule of an AuthorizationPolicy says about each attribute.

use super::Site;
use crate::{
    document::{AuthorizationOperation, AuthorizationSource, Path, RuleCondition},
    model::{
        Among, ClaimMatch, Clause, Glob, HeaderKey, IpBlock, PathGlob, RequestPrincipal, ServiceAccount,
    },
};

/// How many service accounts one list may have.
const MOST_ACCOUNTS: usize = 16;

/// Who sends requests.
pub(super) fn source(site: Site<'_>, at: &Path<'_>, written: &AuthorizationSource) -> Vec<Clause> {
    let lists =
        |fields, values, not_values| Lists { site, at, fields, lists: [values, not_values], key: None };
    let w = written;
    let principals = lists(["principals", "notPrincipals"], &w.principals, &w.not_principals);
    let users = lists(
        ["requestPrincipals", "notRequestPrincipals"],
        &w.request_principals,
        &w.not_request_principals,
    );
    let namespaces = lists(["namespaces", "notNamespaces"], &w.namespaces, &w.not_namespaces);
    let accounts =
        lists(["serviceAccounts", "notServiceAccounts"], &w.service_accounts, &w.not_service_accounts);
    let domains = lists(["trustDomains", "notTrustDomains"], &w.trust_domains, &w.not_trust_domains);
    let blocks = lists(["ipBlocks", "notIpBlocks"], &w.ip_blocks, &w.not_ip_blocks);
    let remote = lists(["remoteIpBlocks", "notRemoteIpBlocks"], &w.remote_ip_blocks, &w.not_remote_ip_blocks);
    accounts.refuse_many();
    let clauses = [
        principals.read(glob).map(Clause::Principal),
        users.read(request_principal).map(Clause::RequestPrincipal),
        namespaces.read(glob).map(Clause::Namespace),
        accounts.read(|text| service_account(site, text)).map(Clause::ServiceAccount),
        domains.read(glob).map(Clause::TrustDomain),
        blocks.read(ip_block).map(Clause::SourceIp),
        remote.read(ip_block).map(Clause::RemoteIp),
    ];
    clauses.into_iter().flatten().collect()
}

/// What requests ask for. The cheapest to compare comes first.
pub(super) fn operation(site: Site<'_>, at: &Path<'_>, written: &AuthorizationOperation) -> Vec<Clause> {
    let lists =
        |fields, values, not_values| Lists { site, at, fields, lists: [values, not_values], key: None };
    let w = written;
    let hosts = lists(["hosts", "notHosts"], &w.hosts, &w.not_hosts);
    let ports = lists(["ports", "notPorts"], &w.ports, &w.not_ports);
    let methods = lists(["methods", "notMethods"], &w.methods, &w.not_methods);
    let paths = lists(["paths", "notPaths"], &w.paths, &w.not_paths);
    let clauses = [
        ports.read(port).map(Clause::Port),
        methods.read(glob).map(Clause::Method),
        paths.read_named(path).map(Clause::Path),
        hosts.read(glob).map(Clause::Host),
    ];
    clauses.into_iter().flatten().collect()
}

/// What else must be true.
pub(super) fn condition(site: Site<'_>, at: &Path<'_>, written: &RuleCondition) -> Option<Clause> {
    let key = written.key.as_str();
    let key_at = at.field("key");
    if key.is_empty() {
        site.check.refuse(&key_at, "`key` must not be empty");
        return None;
    }
    if written.values.is_empty() && written.not_values.is_empty() {
        let reason = format!("at least one of `values` or `notValues` must be set for key {key}");
        site.check.refuse(at, reason);
        return None;
    }
    let lists = Lists {
        site,
        at,
        fields: ["values", "notValues"],
        lists: [&written.values, &written.not_values],
        key: Some(key),
    };
    let refuse = |reason: String| {
        site.check.refuse(&key_at, format!("invalid `value` for `key` {key}: {reason}"));
        None
    };
    match clause(site, key, &lists) {
        Ok(clause) => clause,
        Err(Unknown::Form) => refuse(format!("bad key ({key}): should have format a[b]")),
        Err(Unknown::Replaced(by)) => refuse(format!("attribute {key} is replaced by the {by}")),
        Err(Unknown::Old) => refuse(format!("deprecated attribute {key}: only supported in v1alpha1")),
        Err(Unknown::Never) => refuse(format!("unknown attribute: {key}")),
    }
}

/// Why a key is none.
enum Unknown {
    Form,
    Replaced(&'static str),
    Old,
    Never,
}

fn clause(site: Site<'_>, key: &str, lists: &Lists<'_>) -> Result<Option<Clause>, Unknown> {
    Ok(match key {
        "source.ip" => lists.read(ip_block).map(Clause::SourceIp),
        "remote.ip" => lists.read(ip_block).map(Clause::RemoteIp),
        "source.namespace" => lists.read(glob).map(Clause::Namespace),
        "source.serviceAccount" => lists.read(|text| service_account(site, text)).map(Clause::ServiceAccount),
        "source.principal" => lists.read(glob).map(Clause::Principal),
        "source.trustDomain" => lists.read(glob).map(Clause::TrustDomain),
        "request.auth.principal" => lists.read(request_principal).map(Clause::RequestPrincipal),
        "request.auth.audiences" => lists.read(glob).map(Clause::Audience),
        "request.auth.presenter" => lists.read(glob).map(Clause::Presenter),
        "destination.ip" => lists.read(ip_block).map(Clause::DestinationIp),
        "destination.port" => lists.read(port).map(Clause::Port),
        "connection.sni" => lists.read(glob).map(Clause::ServerName),
        "destination.namespace" => return Err(Unknown::Replaced("metadata.namespace")),
        "destination.name" | "destination.user" => return Err(Unknown::Old),
        key if key.starts_with("destination.labels") => return Err(Unknown::Replaced("workload selector")),
        key => bracketed(key, lists)?,
    })
}

/// The attributes that have a name in brackets.
fn bracketed(key: &str, lists: &Lists<'_>) -> Result<Option<Clause>, Unknown> {
    if let Some(rest) = key.strip_prefix("request.headers") {
        let name = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let name = name.and_then(HeaderKey::parse).ok_or(Unknown::Form)?;
        return Ok(lists.read(glob).map(|among| Clause::Header(name, among)));
    }
    if let Some(rest) = key.strip_prefix("request.auth.claims") {
        let path = ClaimMatch::path_of(&format!("@{key}")).filter(|_| rest.starts_with('['));
        let path = path.ok_or(Unknown::Form)?;
        return Ok(lists.read(glob).map(|among| Clause::Claim(path, among)));
    }
    if key.starts_with("experimental.envoy.filters.") {
        if !key.ends_with(']') || key.find('[').is_none_or(|open| open + 2 >= key.len()) {
            return Err(Unknown::Form);
        }
        let reason = "is about a filter of Envoy's, of which there is none here: a rule with it allows nobody, and one \
                      that denies does not look at it";
        lists.site.check.note(&lists.at.field("key"), reason);
        return Ok(Some(Clause::Filter(key.into())));
    }
    Err(Unknown::Never)
}

/// The two lists of one attribute: what it must be, and what it must not be.
struct Lists<'a> {
    site: Site<'a>,
    at: &'a Path<'a>,
    fields: [&'static str; 2],
    lists: [&'a [String]; 2],
    /// The key of the condition that they belong to.
    key: Option<&'a str>,
}

impl Lists<'_> {
    /// What is written, each value read by `parse`; `None` when nothing is.
    fn read<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Option<Among<T>> {
        self.read_named(|text, _| parse(text))
    }

    /// The same, where `parse` is told what Istio calls the list.
    fn read_named<T>(&self, parse: impl Fn(&str, &str) -> Result<T, String>) -> Option<Among<T>> {
        let [values, not_values] = [0, 1].map(|which| self.list(which, &parse));
        let is_written = self.lists.iter().any(|list| !list.is_empty());
        is_written.then_some(Among { values, not_values })
    }

    fn list<T>(&self, which: usize, parse: &impl Fn(&str, &str) -> Result<T, String>) -> Vec<T> {
        let (field, written) = (self.fields[which], self.lists[which]);
        let at = self.at.field(field);
        let (first, rest) = field.split_at(1);
        let name = match self.key {
            Some(key) => key.to_owned(),
            None => format!("{}{rest}", first.to_ascii_uppercase()),
        };
        let mut read = Vec::with_capacity(written.len());
        for (index, text) in written.iter().enumerate() {
            let value = match text.as_str() {
                "" => Err(format!("empty value not allowed, found in {name}")),
                text => parse(text, &name),
            };
            match (value, self.key) {
                (Ok(value), _) => read.push(value),
                (Err(reason), None) => self.site.check.refuse(&at.index(index), reason),
                (Err(reason), Some(key)) => {
                    let what = if which == 0 { "value" } else { "notValue" };
                    let reason = format!("invalid `{what}` for `key` {key}: {reason}");
                    self.site.check.refuse(&at.index(index), reason);
                }
            }
        }
        read
    }

    /// Refuses more service accounts than a list may have.
    fn refuse_many(&self) {
        for (field, list) in self.fields.iter().zip(self.lists).filter(|(_, list)| list.len() > MOST_ACCOUNTS)
        {
            let reason =
                format!("at most {MOST_ACCOUNTS} service accounts are allowed, found {}", list.len());
            self.site.check.refuse(&self.at.field(field), reason);
        }
    }
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::parse(text).map_err(|reason| reason.to_string())
}

fn request_principal(text: &str) -> Result<RequestPrincipal, String> {
    RequestPrincipal::parse(text).map_err(|reason| reason.to_string())
}

fn ip_block(text: &str) -> Result<IpBlock, String> {
    IpBlock::parse(text).map_err(|reason| reason.to_string())
}

fn port(text: &str) -> Result<u16, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|_| is_plain);
    port.ok_or_else(|| format!("bad port ({text}): write a number from 0 to 65535"))
}

fn path(text: &str, list: &str) -> Result<PathGlob, String> {
    PathGlob::parse(text).map_err(|reason| {
        let path = text.trim_matches('/');
        format!("invalid or unsupported path {path}, found in {list}. {reason}")
    })
}

/// `namespace/name`, or the name of one in the policy's own namespace.
fn service_account(site: Site<'_>, text: &str) -> Result<ServiceAccount, String> {
    let own = site.metadata.namespace.as_str();
    let (namespace, name) = text.split_once('/').unwrap_or((own, text));
    if namespace.is_empty() || name.is_empty() || name.contains('/') {
        return Err(format!("{text} is no service account: write namespace/name, or the name alone"));
    }
    if text.contains('*') {
        return Err(format!("wildcard is not supported in a service account: {text}"));
    }
    Ok(ServiceAccount { namespace: namespace.into(), name: name.into() })
}
