//! What each refusal is answered with.

use crate::{
    Body, Error, Kind, Stop, TokenFault,
    event::{Flags, note},
    reply,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mesh_core::{identity::ClientFault, model::AbortStatus};
use std::{borrow::Cow, error::Error as _, io};

/// Says that a request was one too many, so that nobody sends it again at once.
const RATE_LIMITED: HeaderName = HeaderName::from_static("x-envoy-ratelimited");
/// Says that the mesh refused a request because there were too many already.
const OVERLOADED: HeaderName = HeaderName::from_static("x-envoy-overloaded");

/// Says, in a response's extensions, that the mesh gave it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// In which way the request ended.
    pub kind: Kind,
    /// Envoy's response flag, such as `UH`; `-` where Envoy has none.
    pub flag: &'static str,
    /// Envoy's response flag for retries that were asked for and not made: `URX` when no try was left, `UO` when the
    /// backend had as many as it may have.
    pub retry_flag: Option<&'static str>,
    /// Envoy's response code details, such as `no_healthy_upstream`.
    pub details: Cow<'static, str>,
}

impl Refused {
    /// Tells whoever observes the request.
    pub(super) fn announce(&self) {
        note(|exchange| {
            exchange.flag(self.flags());
            exchange.refused = Some(self.kind);
            exchange.details = self.details.clone();
        });
    }

    /// Why, on one line of a header: flags, details, and what happened.
    pub(super) fn explanation(&self, error: &Error) -> HeaderValue {
        let text = format!("{} {}: {error}", self.flags(), self.details);
        // What is no text of a header is left out of it.
        let visible: String =
            text.chars().map(|char| if matches!(char, ' '..='~') { char } else { '?' }).collect();
        HeaderValue::try_from(visible).unwrap_or(HeaderValue::from_static("-"))
    }

    /// All its flags, which Envoy writes as `URX,UF`.
    pub(super) fn flags(&self) -> Flags {
        self.retry_flag.map_or(Flags::NONE, Flags::named).with(Flags::named(self.flag))
    }
}

/// What to answer.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: Status,
    flag: &'static str,
    details: Cow<'static, str>,
    body: Cow<'static, str>,
}

#[derive(Debug, PartialEq, Eq)]
enum Status {
    Http(StatusCode),
    /// HTTP 200, and for a gRPC client a code.
    Grpc(u8),
}

/// The response to an error, and why it is that one.
pub(super) fn respond(error: &Error, asker: reply::Asker) -> (Response<Body>, Refused) {
    let Answer { status, flag, details, body } = answer(error);
    let body = error.body().cloned().unwrap_or_else(|| body.into_owned().into());
    let mut response = match (status, error.grpc_code()) {
        (Status::Http(status), None) => asker.answer(status, body),
        (Status::Http(status), Some(code)) => asker.either_answer(status, code, body),
        (Status::Grpc(code), _) => asker.grpc_answer(code, body),
    };
    if let Some(headers) = error.headers() {
        asker.amend(&mut response, headers.clone());
    }
    if matches!(error.kind(), Kind::RateLimited(_) | Kind::RateLimitedByService(_)) {
        response.headers_mut().insert(RATE_LIMITED, HeaderValue::from_static("true"));
    }
    if error.kind() == Kind::Overflow {
        response.headers_mut().insert(OVERLOADED, HeaderValue::from_static("true"));
    }
    let retry_flag = error.retries().stop.map(|stop| match stop {
        Stop::Exhausted => "URX",
        Stop::Overflow => "UO",
    });
    let refused = Refused { kind: error.kind(), flag, retry_flag, details };
    response.extensions_mut().insert(refused.clone());
    (response, refused)
}

/// Envoy's local replies.
fn answer(error: &Error) -> Answer {
    use StatusCode as S;
    match error.kind() {
        Kind::InvalidHost => Answer::new(S::BAD_REQUEST, "-", "multiple_hosts", ""),
        Kind::InvalidPath => Answer::new(S::BAD_REQUEST, "-", "path_normalization_failed", ""),
        Kind::AccessDenied => Answer::denied(error),
        Kind::NoRoute => Answer::new(S::NOT_FOUND, "NR", "route_not_found", ""),
        Kind::UnknownHost => Answer::new(S::BAD_GATEWAY, "-", "direct_response", ""),
        Kind::Misdirected => Answer::new(S::MISDIRECTED_REQUEST, "-", "misdirected_request", ""),
        Kind::NoCluster(_) => Answer::new(S::SERVICE_UNAVAILABLE, "NC", "cluster_not_found", ""),
        Kind::NoEndpoint => {
            Answer::new(S::SERVICE_UNAVAILABLE, "UH", "no_healthy_upstream", "no healthy upstream")
        }
        Kind::Overflow => Answer::reset(error, S::SERVICE_UNAVAILABLE, "UO", "overflow"),
        Kind::Unresolved => {
            Answer::new(S::SERVICE_UNAVAILABLE, "DF", "dns_resolution_failure", "DNS resolution failure")
        }
        Kind::ConnectFailure => Answer::unconnected(error),
        Kind::ConnectTimeout => Answer::reset(error, S::SERVICE_UNAVAILABLE, "UF", "connection timeout"),
        Kind::ConnectionTermination => {
            Answer::reset(error, S::SERVICE_UNAVAILABLE, "UC", "connection termination")
        }
        Kind::RemoteReset if error.is_refused_stream() => {
            Answer::reset(error, S::SERVICE_UNAVAILABLE, "UR", "remote refused stream reset")
        }
        Kind::RemoteReset => Answer::reset(error, S::SERVICE_UNAVAILABLE, "UR", "remote reset"),
        Kind::ProtocolError => Answer::reset(error, S::BAD_GATEWAY, "UPE", "protocol error"),
        Kind::RouteTimeout => Answer::late(error, "upstream_response_timeout"),
        Kind::PerTryTimeout => Answer::late(error, "upstream_per_try_timeout"),
        Kind::Aborted(status) => Answer::aborted(status),
        Kind::RateLimited(status) => Answer::new(status, "RL", "local_rate_limited", "local_rate_limited"),
        Kind::RateLimitedByService(status) => Answer::new(status, "RL", "request_rate_limited", ""),
        Kind::NoLimiter => Answer::new(S::INTERNAL_SERVER_ERROR, "RLSE", "rate_limiter_error", ""),
        Kind::CheckDenied(status) => Answer::new(status, "UAEX", "ext_authz_denied", ""),
        Kind::CheckFailed(status) => Answer::new(status, "UAEX", "ext_authz_error", ""),
        Kind::CheckInvalid => Answer::new(S::INTERNAL_SERVER_ERROR, "UAEX", "ext_authz_invalid", ""),
        Kind::NoAuthorizer => Answer::new(S::FORBIDDEN, "UAEX", "ext_authz_error", "RBAC: access denied"),
        Kind::BodyTooLarge => {
            Answer::new(S::PAYLOAD_TOO_LARGE, "-", "request_payload_too_large", "Payload Too Large")
        }
        Kind::BadToken(fault) => Answer::bad_token(fault),
        Kind::NoOrigin => {
            let body = "Origin authentication failed.";
            Answer::new(S::UNAUTHORIZED, "-", "istio_authn_access_denied", body)
        }
    }
}

impl Answer {
    fn new(status: StatusCode, flag: &'static str, details: &'static str, body: &'static str) -> Self {
        Self { status: Status::Http(status), flag, details: details.into(), body: body.into() }
    }

    /// A policy said no: which one is for the log alone.
    fn denied(error: &Error) -> Self {
        let details = error.source().map_or_else(|| "rbac_access_denied".into(), ToString::to_string);
        Self { details: details.into(), ..Self::new(StatusCode::FORBIDDEN, "-", "", "RBAC: access denied") }
    }

    /// The time was over.
    fn late(error: &Error, details: &'static str) -> Self {
        if error.is_silent() {
            return Self::new(StatusCode::NO_CONTENT, "UT", details, "");
        }
        Self::new(StatusCode::GATEWAY_TIMEOUT, "UT", details, "upstream request timeout")
    }

    /// The endpoint failed before it answered.
    fn reset(error: &Error, status: StatusCode, flag: &'static str, reason: &str) -> Self {
        let which = if error.retries().were_made { "retried and the latest reset" } else { "reset" };
        Self {
            status: Status::Http(status),
            flag,
            details: format!("upstream_reset_before_response_started{{{}}}", reason.replace(' ', "_")).into(),
            body: format!(
                "upstream connect error or disconnect/reset before headers. {which} reason: {reason}"
            )
            .into(),
        }
    }

    fn unconnected(error: &Error) -> Self {
        let mut answer =
            Self::reset(error, StatusCode::SERVICE_UNAVAILABLE, "UF", "remote connection failure");
        let fault = causes(error).find_map(|cause| cause.downcast_ref::<ClientFault>());
        let reason = match fault {
            Some(fault) => Some(format!("TLS_error:{fault}:TLS_error_end").replace(' ', "_")),
            None => is_connection_refused(error).then(|| "delayed_connect_error:_Connection_refused".into()),
        };
        if let Some(reason) = reason {
            answer.details = format!("{}|{reason}}}", answer.details.trim_end_matches('}')).into();
        }
        answer
    }

    /// What is wrong with a token is told: whoever sent it knows what is in it.
    fn bad_token(fault: TokenFault) -> Self {
        let status = match fault {
            TokenFault::Audience => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        let body = fault.to_string();
        let details = format!("jwt_authn_access_denied{{{}}}", body.replace(' ', "_"));
        Self { status: Status::Http(status), flag: "-", details: details.into(), body: body.into() }
    }

    fn aborted(status: AbortStatus) -> Self {
        let status = match status {
            AbortStatus::Http(status) => Status::Http(status),
            AbortStatus::Grpc(code) => Status::Grpc(code),
        };
        Self { status, flag: "FI", details: "fault_filter_abort".into(), body: "fault filter abort".into() }
    }
}

/// Whether somebody was there to say no to the connection.
fn is_connection_refused(error: &Error) -> bool {
    let mut failures = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    failures.any(|failure| failure.kind() == io::ErrorKind::ConnectionRefused)
}

/// What caused an error, and what caused that.
pub(super) fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_stream_is_told_from_other_resets() {
        for (reason, text) in [
            (h2::Reason::REFUSED_STREAM, "remote refused stream reset"),
            (h2::Reason::CANCEL, "remote reset"),
        ] {
            let answer = answer(&Error::because(Kind::RemoteReset, h2::Error::from(reason)));
            assert!(answer.body.ends_with(&format!("reset reason: {text}")));
            assert_eq!(
                answer.details,
                format!("upstream_reset_before_response_started{{{}}}", text.replace(' ', "_"))
            );
        }
    }

    #[test]
    fn what_ended_a_handshake_is_for_the_log_alone() {
        let fault = ClientFault::Tls(rustls::Error::AlertReceived(rustls::AlertDescription::AccessDenied));
        let Answer { details, body, flag, .. } = answer(&Error::because(Kind::ConnectFailure, fault));
        assert_eq!(
            details,
            "upstream_reset_before_response_started\
             {remote_connection_failure|TLS_error:received_fatal_alert:_AccessDenied:TLS_error_end}"
        );
        assert!(flag == "UF" && body.ends_with("reset reason: remote connection failure"), "{body}");
    }

    #[test]
    fn a_refused_connection_is_told_from_other_failures() {
        let refused = Error::because(Kind::ConnectFailure, io::Error::from(io::ErrorKind::ConnectionRefused));
        let nested = Error::because(Kind::ConnectFailure, io::Error::other(refused));
        for error in
            [Error::because(Kind::ConnectFailure, io::Error::from(io::ErrorKind::ConnectionRefused)), nested]
        {
            let Answer { details, body, .. } = answer(&error);
            assert!(body.ends_with("reset reason: remote connection failure"));
            assert_eq!(
                details,
                "upstream_reset_before_response_started\
                 {remote_connection_failure|delayed_connect_error:_Connection_refused}"
            );
        }
        let other = answer(&Error::because(Kind::ConnectFailure, io::Error::from(io::ErrorKind::TimedOut)));
        assert!(other.body.ends_with("reset reason: remote connection failure"));
        assert_eq!(other.details, "upstream_reset_before_response_started{remote_connection_failure}");
    }
}
