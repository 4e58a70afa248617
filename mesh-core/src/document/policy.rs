//! `Policy` and `MeshPolicy` of `authentication.istio.io/v1alpha1`: who may call whom, in the dialect of 2019.

use super::{
    http_match::StringMatch,
    read::{At, Read},
    token_issuer::TokenIssuer,
};

/// The `spec` of a Policy, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The services it is for. Default: all of its namespace.
    pub targets: Vec<Target>,
    /// How the calling workload proves who it is. Default: it need not.
    pub peers: Vec<Peer>,
    /// Whether a caller that proves nothing may pass. Default: false.
    pub peer_is_optional: bool,
    /// The tokens that requests carry, one of which must be good. Default: none.
    pub origins: Vec<Jwt>,
    /// Whether a request without a good token may pass. Default: false.
    pub origin_is_optional: bool,
    /// Whose name the caller has. Default: USE_PEER.
    pub principal_binding: PrincipalBinding,
}

/// One service that a [`Policy`] is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// The service's short name. Required.
    pub name: String,
    /// Its ports. Default: all.
    pub ports: Vec<TargetedPort>,
}

/// A service's port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetedPort {
    /// By number.
    Number(u32),
    /// By name.
    Name(String),
}

/// One way for a calling workload to prove who it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Peer {
    /// Nothing is asked.
    Nothing,
    /// By mutual TLS.
    Mtls(PeerTls),
    /// By a token. Istio ignores it.
    Jwt(Jwt),
}

/// Mutual TLS between workloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerTls {
    /// Whether TLS without a certificate of the client will do. Default: false.
    pub allow_tls: bool,
    /// Whether plain text passes too. Default: STRICT, under which it does not.
    pub mode: PeerTlsMode,
}

/// Whether plain text passes beside mutual TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerTlsMode {
    /// It does not.
    #[default]
    Strict,
    /// It does.
    Permissive,
}

/// A token, and whose it must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jwt {
    /// Who gives it.
    pub issuer: TokenIssuer,
    /// The headers that carry it. Default: Authorization.
    pub jwt_headers: Vec<String>,
    /// The query parameters that carry it. Default: `access_token`.
    pub jwt_params: Vec<String>,
    /// The requests that it is asked of, if one of these holds. Default: all.
    pub trigger_rules: Vec<TriggerRule>,
}

/// Requests that a token is asked of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerRule {
    /// The paths that it is not asked on. Default: none.
    pub excluded_paths: Vec<PathRule>,
    /// The only paths that it is asked on. Default: all.
    pub included_paths: Vec<PathRule>,
}

/// A comparison with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathRule {
    /// It ends in this.
    Suffix(String),
    /// Any other comparison.
    Match(StringMatch),
}

/// Whose name a caller has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrincipalBinding {
    /// The calling workload's.
    #[default]
    UsePeer,
    /// That of the token's subject.
    UseOrigin,
}

impl Read for Policy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            targets: f.take("targets"),
            peers: f.take("peers"),
            peer_is_optional: f.take("peerIsOptional"),
            origins: f.take::<Vec<Origin>>("origins").into_iter().map(|origin| origin.0).collect(),
            origin_is_optional: f.take("originIsOptional"),
            principal_binding: f.take("principalBinding"),
        })
    }
}

impl Read for Target {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), ports: f.take("ports") })
    }
}

impl Read for TargetedPort {
    fn read(at: At<'_>) -> Option<Self> {
        let port = at.object(|f| {
            f.exclusive(&["number", "name"]);
            (f.maybe("number").map(Self::Number), f.maybe("name").map(Self::Name))
        });
        let port = port.map(|(number, name)| number.or(name));
        if let Some(None) = port {
            at.refuse_with("a port without number or name", "write number: 80, say");
        }
        port.flatten()
    }
}

impl Read for Peer {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["mtls", "jwt"]);
            // Written with no value it asks for mutual TLS all the same.
            let is_mtls = f.is_written("mtls");
            let mtls = f.maybe("mtls");
            let jwt = f.maybe("jwt");
            match (is_mtls, jwt) {
                (true, _) => Self::Mtls(mtls.unwrap_or_default()),
                (false, Some(jwt)) => Self::Jwt(jwt),
                (false, None) => Self::Nothing,
            }
        })
    }
}

impl Read for PeerTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { allow_tls: f.take("allowTls"), mode: f.take("mode") })
    }
}

impl Read for PeerTlsMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("STRICT", 0, Self::Strict), ("PERMISSIVE", 1, Self::Permissive)])
    }
}

/// `{jwt: {…}}`.
#[derive(Default)]
struct Origin(Jwt);

impl Read for Origin {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self(f.take("jwt")))
    }
}

impl Read for Jwt {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            issuer: TokenIssuer::of(f),
            jwt_headers: f.take("jwtHeaders"),
            jwt_params: f.take("jwtParams"),
            trigger_rules: f.take("triggerRules"),
        })
    }
}

impl Read for TriggerRule {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            excluded_paths: f.take("excludedPaths"),
            included_paths: f.take("includedPaths"),
        })
    }
}

impl Read for PathRule {
    fn read(at: At<'_>) -> Option<Self> {
        if at.node.has("suffix") {
            return at.object(|f| Self::Suffix(f.take("suffix")));
        }
        StringMatch::read(at).map(Self::Match)
    }
}

impl Read for PrincipalBinding {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("USE_PEER", 0, Self::UsePeer), ("USE_ORIGIN", 1, Self::UseOrigin)])
    }
}
