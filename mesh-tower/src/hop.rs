//! Headers that are about one connection, or one body.

use http::{HeaderName, header};

/// Of one connection, or of one body: nobody else's business.
const OF_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Whether a header is never handed on between a request and a question about it, or their answers. One that says where a
/// body ends would make what follows the body another message.
pub(crate) fn is_kept_back(name: &HeaderName) -> bool {
    OF_CONNECTION.contains(name) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}
