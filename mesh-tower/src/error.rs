//! How the mesh ends a request.

use crate::TokenFault;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use mesh_core::{
    model::AbortStatus,
    table::{Missing, Refusal},
};
use std::fmt;

/// Any error: what inner services may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The mesh ended a request. [`respond`](crate::respond) turns it into the answer that Envoy would give.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    source: Option<BoxError>,
    /// Seldom there, and apart because a map of headers is large.
    said: Option<Box<Said>>,
    retries: Retries,
    is_silent: bool,
}

/// What the answer says besides what it says by itself, or instead.
#[derive(Debug, Default)]
struct Said {
    headers: HeaderMap,
    body: Option<Bytes>,
    grpc_code: Option<u8>,
}

/// What came of the retries of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retries {
    /// Whether there were any.
    pub(crate) were_made: bool,
    /// Why there was none after the last try, though its end asked for one.
    pub(crate) stop: Option<Stop>,
}

/// Why a request is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// No try is left.
    Exhausted,
    /// The backend has as many retries as it may have.
    Overflow,
}

/// The ways in which the mesh ends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The path cannot be read.
    InvalidPath,
    /// The request names several hosts.
    InvalidHost,
    /// A policy does not allow the request.
    AccessDenied,
    /// No virtual host, or no rule, for the request.
    NoRoute,
    /// The host is unknown, and unknown hosts are refused.
    UnknownHost,
    /// The request came to a gateway over a TLS connection that was made for other hosts.
    Misdirected,
    /// The rule's destination does not exist.
    NoCluster(Missing),
    /// The destination has no endpoint to send to.
    NoEndpoint,
    /// The destination has as many connections, or requests under way or waiting, as it may have.
    Overflow,
    /// Nobody knows the address of the host that the request itself names.
    Unresolved,
    /// No connection to the endpoint could be made.
    ConnectFailure,
    /// A connection to the endpoint took too long.
    ConnectTimeout,
    /// The endpoint closed the connection before it answered.
    ConnectionTermination,
    /// The endpoint reset the stream before it answered.
    RemoteReset,
    /// The endpoint answered with something that is not HTTP.
    ProtocolError,
    /// The time for the whole request is over: the rule's, or what its caller gave it.
    RouteTimeout,
    /// The time for one try is over, and there is no further one.
    PerTryTimeout,
    /// An injected fault.
    Aborted(AbortStatus),
    /// There are more requests than the workload takes; with this status.
    RateLimited(StatusCode),
    /// There are more requests than a service says that the workload takes; with this status.
    RateLimitedByService(StatusCode),
    /// The service that limits requests could not be asked, and is not done without.
    NoLimiter,
    /// The service that is asked whether requests may pass said no, with this status.
    CheckDenied(StatusCode),
    /// The service that is asked whether requests may pass could not be asked; with this status.
    CheckFailed(StatusCode),
    /// The service that is asked whether requests may pass gave an answer that makes no sense.
    CheckInvalid,
    /// Nobody knows the service that is to be asked whether requests may pass.
    NoAuthorizer,
    /// The request's body is longer than what the service is told that is asked whether requests may pass.
    BodyTooLarge,
    /// A token that the request carries is not good.
    BadToken(TokenFault),
    /// The request carries no good token, and a Policy of 2019 asks for one.
    NoOrigin,
}

impl Error {
    /// The mesh ends a request in this way.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, source: None, said: None, retries: Retries::default(), is_silent: false }
    }

    /// The same, because of something else.
    #[must_use]
    pub fn because(kind: Kind, source: impl Into<BoxError>) -> Self {
        Self { source: Some(source.into()), ..Self::new(kind) }
    }

    /// What the answer's headers have to say besides, whoever gives the answer.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.said.get_or_insert_default().headers
    }

    /// What the answer's body is, whoever gives the answer, in the place of the mesh's own.
    pub fn set_body(&mut self, body: Bytes) {
        self.said.get_or_insert_default().body = Some(body);
    }

    /// Which code a gRPC client gets, in the place of the one that stands for the status.
    pub fn set_grpc_code(&mut self, code: u8) {
        self.said.get_or_insert_default().grpc_code = Some(code);
    }

    /// Those headers, if anybody said.
    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        self.said.as_ref().map(|said| &said.headers)
    }

    /// What its body is, if anybody said.
    pub(crate) fn body(&self) -> Option<&Bytes> {
        self.said.as_ref()?.body.as_ref()
    }

    /// That code, if anybody said.
    pub(crate) fn grpc_code(&self) -> Option<u8> {
        self.said.as_ref()?.grpc_code
    }

    /// Notes what came of its retries.
    pub(crate) fn set_retries(&mut self, retries: Retries) {
        self.retries = retries;
    }

    /// What came of its retries.
    pub(crate) fn retries(&self) -> Retries {
        self.retries
    }

    /// Notes that the request asked for nothing in the place of this error.
    pub(crate) fn silence(&mut self) {
        self.is_silent = true;
    }

    /// Whether it did.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// In which way.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the endpoint said that it has not looked at the request, as HTTP/2 can.
    pub(crate) fn is_refused_stream(&self) -> bool {
        let causes = std::iter::successors(std::error::Error::source(self), |&cause| cause.source());
        causes.filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|error| {
            // Streams that a GOAWAY ends are those that the server has not looked at (RFC 9113, 6.8).
            error.reason() == Some(h2::Reason::REFUSED_STREAM) || (error.is_go_away() && error.is_remote())
        })
    }
}

impl From<Refusal> for Kind {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoRoute => Self::NoRoute,
            Refusal::UnknownHost => Self::UnknownHost,
            Refusal::Missing(missing) => Self::NoCluster(missing),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::InvalidPath => "the path cannot be read",
            Kind::InvalidHost => "the request has several Host headers",
            Kind::AccessDenied => {
                "the request is not allowed (does a rule of an AuthorizationPolicy deny it, or does none allow it?)"
            }
            Kind::BadToken(fault) => return fault.fmt(f),
            Kind::NoOrigin => "no good token came with the request (its Policy asks for one)",
            Kind::NoRoute => {
                "no route for this request (is its host in a VirtualService, and does a rule match?)"
            }
            Kind::UnknownHost => {
                "the host is unknown and unknown hosts are refused (describe it by a ServiceEntry)"
            }
            Kind::Misdirected => {
                "the host is not one that the connection was made for (does the client use one connection for all hosts?)"
            }
            Kind::NoCluster(Missing::Service) => {
                "the destination's service does not exist (is its host right?)"
            }
            Kind::NoCluster(Missing::Subset) => "the subset does not exist (does a DestinationRule name it?)",
            Kind::NoCluster(Missing::Port) => "the destination's service has no such port",
            Kind::NoEndpoint => "the destination has no endpoint (do its labels select an instance?)",
            Kind::Overflow => {
                "the destination has as many requests as it may have (connectionPool of its DestinationRule bounds that)"
            }
            Kind::Unresolved => "DNS did not tell the address of the host (is its name right?)",
            Kind::ConnectFailure => "the endpoint could not be connected to",
            Kind::ConnectTimeout => "connecting to the endpoint took too long",
            Kind::ConnectionTermination => "the endpoint closed the connection before it answered",
            Kind::RemoteReset => "the endpoint reset the stream before it answered",
            Kind::ProtocolError => "the endpoint broke the protocol",
            Kind::RouteTimeout => {
                "the time for the request is over (the rule's timeout, or what its caller gave it)"
            }
            Kind::PerTryTimeout => "no try was answered within perTryTimeout",
            Kind::Aborted(_) => "an injected fault ended the request",
            Kind::RateLimited(_) | Kind::RateLimitedByService(_) => {
                "there are more requests than the workload takes (its RateLimit says how many)"
            }
            Kind::NoLimiter => {
                "the service that limits requests could not be asked (failOpen: true lets requests pass then)"
            }
            Kind::CheckDenied(_) => "the authorization service denied the request",
            Kind::CheckFailed(_) => {
                "the authorization service could not be asked (failOpen: true lets requests pass then)"
            }
            Kind::CheckInvalid => "the authorization service's answer makes no sense",
            Kind::NoAuthorizer => {
                "the authorization service is unknown (do extensionProviders of the MeshConfig name it?)"
            }
            Kind::BodyTooLarge => {
                "the body is longer than what the authorization service is told (maxRequestBytes, or allowPartialMessage)"
            }
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
