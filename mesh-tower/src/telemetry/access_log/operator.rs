//! Envoy's command operators: what a format asks for between `%` and `%`.

use http::HeaderName;

/// One thing that a format asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    StartTime,
    /// A header of the request: its number among the texts that are kept.
    Request(usize),
    /// One of the answer.
    Response(usize),
    Protocol,
    ResponseCode,
    ResponseFlags,
    ResponseCodeDetails,
    BytesReceived,
    BytesSent,
    Duration,
    ResponseDuration,
    Tries,
    UpstreamHost,
    UpstreamCluster,
    RouteName,
    DownstreamLocal {
        with_port: bool,
    },
    DownstreamRemote {
        with_port: bool,
    },
    RequestedServerName,
    PeerUri,
    GrpcStatus,
    /// What this mesh has nothing to say about.
    Nothing,
}

/// A header that a format asks for, and the one in its place where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) name: Name,
    pub(super) otherwise: Option<Name>,
    /// The most bytes of it that are written.
    pub(super) most: usize,
}

/// A header, or what HTTP/2 calls one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Header(HeaderName),
    Method,
    Path,
    Authority,
    Scheme,
    Status,
}

/// What an operator turned out to be.
pub(super) enum Read {
    Of(Operator),
    Request(Asked),
    Response(Asked),
}

/// Reads what stands between `%` and `%`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<Read, String> {
    let (name, rest) = text.split_at(text.find(['(', ':']).unwrap_or(text.len()));
    let (argument, most) = match rest.strip_prefix('(') {
        Some(rest) => {
            let (argument, after) = rest.rsplit_once(')').ok_or_else(|| format!("%{text}% lacks a )"))?;
            (Some(argument), after.strip_prefix(':'))
        }
        None => (None, rest.strip_prefix(':')),
    };
    let bound = |most: Option<&str>| match most {
        None => Ok(usize::MAX),
        Some(most) => most.parse().map_err(|_| format!("{most:?} in %{text}% is no number of bytes")),
    };
    let header = || {
        let argument =
            argument.ok_or_else(|| format!("%{text}% lacks a header: write %{name}(X-REQUEST-ID)%"))?;
        asked(argument, bound(most)?)
    };
    Ok(Read::Of(match name {
        "REQ" => return header().map(Read::Request),
        "RESP" => return header().map(Read::Response),
        "START_TIME" => Operator::StartTime,
        "PROTOCOL" => Operator::Protocol,
        "RESPONSE_CODE" => Operator::ResponseCode,
        "RESPONSE_FLAGS" => Operator::ResponseFlags,
        "RESPONSE_CODE_DETAILS" => Operator::ResponseCodeDetails,
        "BYTES_RECEIVED" => Operator::BytesReceived,
        "BYTES_SENT" => Operator::BytesSent,
        "DURATION" => Operator::Duration,
        "RESPONSE_DURATION" => Operator::ResponseDuration,
        "UPSTREAM_REQUEST_ATTEMPT_COUNT" => Operator::Tries,
        "UPSTREAM_HOST" => Operator::UpstreamHost,
        "UPSTREAM_CLUSTER" | "UPSTREAM_CLUSTER_RAW" => Operator::UpstreamCluster,
        "ROUTE_NAME" => Operator::RouteName,
        "DOWNSTREAM_LOCAL_ADDRESS" => Operator::DownstreamLocal { with_port: true },
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT" => Operator::DownstreamLocal { with_port: false },
        "DOWNSTREAM_REMOTE_ADDRESS" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => {
            Operator::DownstreamRemote { with_port: true }
        }
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => {
            Operator::DownstreamRemote { with_port: false }
        }
        "REQUESTED_SERVER_NAME" => Operator::RequestedServerName,
        "DOWNSTREAM_PEER_URI_SAN" => Operator::PeerUri,
        "GRPC_STATUS" | "GRPC_STATUS_NUMBER" => Operator::GrpcStatus,
        "CONNECTION_TERMINATION_DETAILS"
        | "UPSTREAM_TRANSPORT_FAILURE_REASON"
        | "UPSTREAM_LOCAL_ADDRESS"
        | "CONNECTION_ID"
        | "TRAILER"
        | "DYNAMIC_METADATA"
        | "FILTER_STATE" => Operator::Nothing,
        unknown => return Err(format!("%{unknown}% is no command operator that is known here")),
    }))
}

/// `X?Y`: a header, and the one in its place.
fn asked(text: &str, most: usize) -> Result<Asked, String> {
    let (name, otherwise) = match text.split_once('?') {
        Some((name, otherwise)) => (name, Some(otherwise)),
        None => (text, None),
    };
    Ok(Asked { name: name_of(name)?, otherwise: otherwise.map(name_of).transpose()?, most })
}

fn name_of(text: &str) -> Result<Name, String> {
    Ok(match text.to_ascii_lowercase().as_str() {
        ":method" => Name::Method,
        ":path" => Name::Path,
        ":authority" | "host" => Name::Authority,
        ":scheme" => Name::Scheme,
        ":status" => Name::Status,
        name => {
            Name::Header(HeaderName::try_from(name).map_err(|_| format!("{text:?} is no name of a header"))?)
        }
    })
}
