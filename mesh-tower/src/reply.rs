//! Answers that the mesh gives itself, in the form that the client understands.

use crate::Body;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Whether a response hands the connection over to another protocol.
pub(crate) fn is_upgrade(asks_for_tunnel: bool, status: StatusCode) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS || (asks_for_tunnel && status.is_success())
}

/// What an answer must know of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    is_grpc: bool,
    is_head: bool,
}

impl Asker {
    /// Who sent a request.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self { is_grpc: is_grpc(request.headers()), is_head: request.method() == Method::HEAD }
    }

    /// The answer with a status: plain text, or what a gRPC client makes of the status.
    pub(crate) fn answer(self, status: StatusCode, body: Bytes) -> Response<Body> {
        if self.is_grpc { grpc(grpc_code(status), &body) } else { self.plain(status, body) }
    }

    /// The answer with a gRPC code, which only a gRPC client is told.
    pub(crate) fn grpc_answer(self, code: u8, body: Bytes) -> Response<Body> {
        if self.is_grpc { grpc(code, &body) } else { self.plain(StatusCode::OK, body) }
    }

    /// The answer with a status, or with a gRPC code for a gRPC client.
    pub(crate) fn either_answer(self, status: StatusCode, code: u8, body: Bytes) -> Response<Body> {
        if self.is_grpc { grpc(code, &body) } else { self.plain(status, body) }
    }

    /// Sets headers of an answer, but for what tells its form to a gRPC client.
    pub(crate) fn amend(self, response: &mut Response<Body>, mut headers: HeaderMap) {
        if self.is_grpc {
            headers.remove(CONTENT_TYPE);
        }
        response.headers_mut().extend(headers);
    }

    fn plain(self, status: StatusCode, body: Bytes) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        if body.is_empty() {
            return response;
        }
        response.headers_mut().insert(CONTENT_TYPE, TEXT);
        // Said even to HEAD, which learns by it what GET would bring.
        response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
        if !self.is_head {
            *response.body_mut() = body.into();
        }
        response
    }
}

/// Whether a request is a gRPC call: `application/grpc`, or that with a format. gRPC-Web is something else.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let rest = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// A gRPC answer of headers alone, as gRPC's "trailers only": HTTP 200, the code, and a message.
pub(crate) fn grpc(code: u8, message: &[u8]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(GRPC_STATUS, u16::from(code).into());
    if let Some(message) = HeaderValue::try_from(escape(message)).ok().filter(|message| !message.is_empty()) {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

/// gRPC's code for an HTTP status that stands in for one, as in gRPC's own mapping, and Envoy's.
fn grpc_code(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => 13,                   // INTERNAL
        401 => 16,                   // UNAUTHENTICATED
        403 => 7,                    // PERMISSION_DENIED
        404 => 12,                   // UNIMPLEMENTED
        429 | 502 | 503 | 504 => 14, // UNAVAILABLE
        _ => 2,                      // UNKNOWN
    }
}

/// gRPC's percent encoding: everything but printable ASCII, and the percent sign.
fn escape(message: &[u8]) -> String {
    let mut escaped = String::with_capacity(message.len());
    for byte in message {
        match byte {
            b' '..=b'~' if *byte != b'%' => escaped.push(char::from(*byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_escaped_as_grpc_asks() {
        assert_eq!(escape(b"no healthy upstream"), "no healthy upstream");
        assert_eq!(escape("50 % ü\n".as_bytes()), "50 %25 %C3%BC%0A");
    }

    #[test]
    fn grpc_is_told_by_its_content_type() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            assert_eq!(is_grpc(&headers), expected, "{value}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn a_status_stands_for_a_grpc_code() {
        for (status, code) in
            [(400, 13), (401, 16), (403, 7), (404, 12), (429, 14), (502, 14), (503, 14), (504, 14), (500, 2)]
        {
            assert_eq!(grpc_code(StatusCode::from_u16(status).unwrap()), code, "{status}");
        }
    }

    #[test]
    fn only_a_tunnel_or_a_switch_is_an_upgrade() {
        assert!(is_upgrade(false, StatusCode::SWITCHING_PROTOCOLS) && is_upgrade(true, StatusCode::OK));
        assert!(!is_upgrade(false, StatusCode::OK) && !is_upgrade(true, StatusCode::BAD_GATEWAY));
    }
}
