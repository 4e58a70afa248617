//! Calls of gRPC with one message each way.

use crate::{Body, BoxError};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::{BodyExt, Limited};
use prost::Message;
use std::{fmt, time::Duration};

/// The longest answer that is read.
const LONGEST: usize = 4 << 20;
/// What precedes a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Why a call came to nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// What answered is no gRPC.
    NoGrpc(StatusCode),
    /// It ended with this code, and this message.
    Status(u16, String),
    /// The answer is not one message, or not one of the right kind.
    Malformed,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGrpc(status) => write!(f, "the answer is no gRPC, but HTTP {status}"),
            Self::Status(code, message) => write!(f, "gRPC status {code}: {message}"),
            Self::Malformed => f.write_str("the answer is not one message of the right kind"),
        }
    }
}

impl std::error::Error for Failed {}

/// A header as Envoy's messages have it: `envoy.config.core.v3.HeaderValue`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Header {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(string, tag = "2")]
    value: String,
    #[prost(bytes = "vec", tag = "3")]
    raw_value: Vec<u8>,
}

impl Header {
    /// Its value, which is written in one of two ways.
    pub(crate) fn value(&self) -> &[u8] {
        if self.raw_value.is_empty() { self.value.as_bytes() } else { &self.raw_value }
    }
}

/// The request of a call to a method, `/package.Service/Method`, of whoever has this authority.
pub(crate) fn request(
    authority: &str,
    method: &str,
    message: &impl Message,
    limit: Duration,
) -> Result<Request<Body>, BoxError> {
    let uri: Uri = format!("http://{authority}{method}").parse()?;
    let request = Request::builder().method(Method::POST).uri(uri).version(Version::HTTP_2);
    let request = request.header(header::CONTENT_TYPE, "application/grpc").header(header::TE, "trailers");
    // At most eight digits; nobody waits for a day.
    let millis = limit.as_millis().clamp(1, 86_400_000);
    let request = request.header("grpc-timeout", format!("{millis}m"));
    Ok(request.body(framed(message)?.into())?)
}

fn framed(message: &impl Message) -> Result<Bytes, BoxError> {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length)?);
    message.encode(&mut frame)?;
    Ok(frame.freeze())
}

/// The message that a call was answered with.
pub(crate) async fn message<M: Message + Default>(response: Response<Body>) -> Result<M, BoxError> {
    let (head, body) = response.into_parts();
    let is_grpc = head.headers.get(header::CONTENT_TYPE).is_some_and(is_grpc);
    if head.status != StatusCode::OK || !is_grpc {
        return Err(Failed::NoGrpc(head.status).into());
    }
    // Where there is no message, the status is among the headers.
    if let Some(failed) = failed(&head.headers) {
        return Err(failed.into());
    }
    let body = Limited::new(body, LONGEST).collect().await?;
    let ended = body.trailers().filter(|trailers| trailers.contains_key("grpc-status"));
    match ended.map(failed) {
        Some(None) => {}
        Some(Some(failed)) => return Err(failed.into()),
        None => return Err(Failed::Malformed.into()),
    }
    Ok(M::decode(unframed(&body.to_bytes()).ok_or(Failed::Malformed)?)?)
}

fn is_grpc(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().starts_with(b"application/grpc")
}

/// What a status says went wrong; `None` when it is there and good, or not there.
fn failed(headers: &HeaderMap) -> Option<Failed> {
    let status = headers.get("grpc-status")?;
    let code = status.to_str().ok().and_then(|code| code.parse().ok()).unwrap_or(2);
    let message = headers.get("grpc-message").and_then(|message| message.to_str().ok()).unwrap_or_default();
    (code != 0).then(|| Failed::Status(code, message.to_owned()))
}

/// The one message of a body.
fn unframed(body: &[u8]) -> Option<&[u8]> {
    let (prefix, message) = body.split_at_checked(PREFIX)?;
    let length = u32::from_be_bytes(prefix[1..].try_into().ok()?);
    (prefix[0] == 0 && usize::try_from(length).ok()? == message.len()).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct Name {
        #[prost(string, tag = "1")]
        text: String,
    }

    fn answer(status: &'static str, body: &'static [u8]) -> Response<Body> {
        let trailers = HeaderMap::from_iter([(
            header::HeaderName::from_static("grpc-status"),
            HeaderValue::from_static(status),
        )]);
        let body = http_body_util::Full::new(Bytes::from_static(body));
        let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
        Response::builder().header(header::CONTENT_TYPE, "application/grpc").body(Body::new(body)).unwrap()
    }

    #[tokio::test]
    async fn a_message_is_framed_and_unframed() {
        let name = Name { text: "a".into() };
        let request = request("there:80", "/a.B/C", &name, Duration::from_secs(600)).unwrap();
        assert_eq!(request.headers()["grpc-timeout"], "600000m");
        let sent = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&sent[..], b"\0\0\0\0\x03\x0a\x01a");
        assert_eq!(message::<Name>(answer("0", b"\0\0\0\0\x03\x0a\x01a")).await.unwrap(), name);
    }

    #[tokio::test]
    async fn what_is_no_message_is_none() {
        for (status, body) in [
            ("14", &b"\0\0\0\0\x03\x0a\x01a"[..]),
            ("x", b"\0\0\0\0\x03\x0a\x01a"),
            ("0", b""),
            ("0", b"\0\0\0\0\x04\x0a\x01a"),
            ("0", b"\x01\0\0\0\x03\x0a\x01a"),
            ("0", b"\0\0\0\0\x03\x0a\x01a\0\0\0\0\0"),
            ("0", b"\0\0\0\0\x02\x0a\x05"),
        ] {
            assert!(message::<Name>(answer(status, body)).await.is_err(), "{status} {body:?}");
        }
        let mut plain = answer("0", b"\0\0\0\0\x03\x0a\x01a");
        plain.headers_mut().remove(header::CONTENT_TYPE);
        assert!(message::<Name>(plain).await.is_err());
    }
}
