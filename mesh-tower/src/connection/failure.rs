//! How attempts fail.

use crate::error::{Error, Kind};
use std::io;

/// Names the way in which an attempt failed.
pub(super) fn failed(error: hyper::Error) -> Error {
    let source = std::error::Error::source(&error);
    let is_io = source.is_some_and(|source| source.is::<io::Error>());
    // What HTTP/2 calls an error of the library is what this side noticed about the other.
    let http2 = source.and_then(|source| source.downcast_ref::<h2::Error>());
    let is_break = |error: &h2::Error| {
        error.is_library() || error.is_reset() && error.reason() == Some(h2::Reason::PROTOCOL_ERROR)
    };
    let kind = if error.is_parse() || http2.is_some_and(is_break) {
        Kind::ProtocolError
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() || is_io {
        Kind::ConnectionTermination
    } else {
        Kind::RemoteReset
    };
    Error::because(kind, error)
}
