//! `AuthorizationPolicy`: who may ask what of some workloads.

use super::{
    destination_rule::Selector,
    read::{At, Read},
    target_reference::TargetReference,
};

/// The `spec` of an AuthorizationPolicy, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthorizationPolicy {
    /// The workloads it is for. Default: all of its namespace, and in the root namespace all of the mesh.
    pub selector: Option<Selector>,
    /// What of the Gateway API's it is for instead. Default: nothing.
    pub target_ref: Option<TargetReference>,
    /// The same, of which there may be several. Default: none.
    pub target_refs: Vec<TargetReference>,
    /// What becomes of a request that a rule is for. Default: ALLOW.
    pub action: AuthorizationAction,
    /// Who is asked about such a request, under CUSTOM. Default: nobody.
    pub provider: Option<AuthorizationProvider>,
    /// The rules. Default: none, so that nothing is allowed.
    pub rules: Option<Vec<AuthorizationRule>>,
}

/// What becomes of a request that a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorizationAction {
    /// It passes; others do not.
    #[default]
    Allow,
    /// It does not pass.
    Deny,
    /// It is noted.
    Audit,
    /// Somebody else is asked whether it passes.
    Custom,
}

/// Who is asked about a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationProvider {
    /// The name of an extension provider of the MeshConfig. Required.
    pub name: String,
}

/// Requests, by who sends them, what they ask for, and further conditions. All three must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthorizationRule {
    /// Who sends them, one of these. Default: anybody.
    pub from: Option<Vec<RuleFrom>>,
    /// What they ask for, one of these. Default: anything.
    pub to: Option<Vec<RuleTo>>,
    /// What else must be true, all of it. Default: nothing.
    pub when: Vec<RuleCondition>,
}

/// `{source: {…}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleFrom {
    /// Who sends requests. Required.
    pub source: Option<AuthorizationSource>,
}

/// `{operation: {…}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleTo {
    /// What requests ask for. Required.
    pub operation: Option<AuthorizationOperation>,
}

/// Who sends requests; all that is written must hold. Default of each: anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationSource {
    /// Workloads, by their identity.
    pub principals: Vec<String>,
    /// Workloads that it must not be.
    pub not_principals: Vec<String>,
    /// End users, by issuer and subject of their token.
    pub request_principals: Vec<String>,
    /// End users that it must not be.
    pub not_request_principals: Vec<String>,
    /// Namespaces of workloads.
    pub namespaces: Vec<String>,
    /// Namespaces that it must not be.
    pub not_namespaces: Vec<String>,
    /// Service accounts of workloads.
    pub service_accounts: Vec<String>,
    /// Service accounts that it must not be.
    pub not_service_accounts: Vec<String>,
    /// Trust domains of workloads.
    pub trust_domains: Vec<String>,
    /// Trust domains that it must not be.
    pub not_trust_domains: Vec<String>,
    /// Addresses of the connection's other end.
    pub ip_blocks: Vec<String>,
    /// Addresses that it must not be.
    pub not_ip_blocks: Vec<String>,
    /// Addresses of the client, before all proxies.
    pub remote_ip_blocks: Vec<String>,
    /// Addresses that it must not be.
    pub not_remote_ip_blocks: Vec<String>,
}

/// What requests ask for; all that is written must hold. Default of each: anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationOperation {
    /// Hosts.
    pub hosts: Vec<String>,
    /// Hosts that it must not be.
    pub not_hosts: Vec<String>,
    /// Ports of the workload.
    pub ports: Vec<String>,
    /// Ports that it must not be.
    pub not_ports: Vec<String>,
    /// Methods.
    pub methods: Vec<String>,
    /// Methods that it must not be.
    pub not_methods: Vec<String>,
    /// Paths.
    pub paths: Vec<String>,
    /// Paths that it must not be.
    pub not_paths: Vec<String>,
}

/// One attribute of a request, and what it must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleCondition {
    /// The attribute. Required.
    pub key: String,
    /// What it must be, one of these. Default: anything.
    pub values: Vec<String>,
    /// What it must not be. Default: nothing.
    pub not_values: Vec<String>,
}

impl Read for AuthorizationPolicy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            selector: f.maybe("selector"),
            target_ref: f.maybe("targetRef"),
            target_refs: f.take("targetRefs"),
            action: f.take("action"),
            provider: f.maybe("provider"),
            rules: f.maybe("rules"),
        })
    }
}

impl Read for AuthorizationAction {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("ALLOW", 0, Self::Allow),
            ("DENY", 1, Self::Deny),
            ("AUDIT", 2, Self::Audit),
            ("CUSTOM", 3, Self::Custom),
        ])
    }
}

impl Read for AuthorizationProvider {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name") })
    }
}

impl Read for AuthorizationRule {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { from: f.maybe("from"), to: f.maybe("to"), when: f.take("when") })
    }
}

impl Read for RuleFrom {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { source: f.maybe("source") })
    }
}

impl Read for RuleTo {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { operation: f.maybe("operation") })
    }
}

impl Read for AuthorizationSource {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            principals: f.take("principals"),
            not_principals: f.take("notPrincipals"),
            request_principals: f.take("requestPrincipals"),
            not_request_principals: f.take("notRequestPrincipals"),
            namespaces: f.take("namespaces"),
            not_namespaces: f.take("notNamespaces"),
            service_accounts: f.take("serviceAccounts"),
            not_service_accounts: f.take("notServiceAccounts"),
            trust_domains: f.take("trustDomains"),
            not_trust_domains: f.take("notTrustDomains"),
            ip_blocks: f.take("ipBlocks"),
            not_ip_blocks: f.take("notIpBlocks"),
            remote_ip_blocks: f.take("remoteIpBlocks"),
            not_remote_ip_blocks: f.take("notRemoteIpBlocks"),
        })
    }
}

impl Read for AuthorizationOperation {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            hosts: f.take("hosts"),
            not_hosts: f.take("notHosts"),
            ports: f.take("ports"),
            not_ports: f.take("notPorts"),
            methods: f.take("methods"),
            not_methods: f.take("notMethods"),
            paths: f.take("paths"),
            not_paths: f.take("notPaths"),
        })
    }
}

impl Read for RuleCondition {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { key: f.take("key"), values: f.take("values"), not_values: f.take("notValues") })
    }
}
