//! The body of the answer to a scrape.

use super::pieces::Pieces;
use crate::Body;
use futures_util::stream::unfold;
use http_body::Frame;
use http_body_util::StreamBody;
use std::convert::Infallible;

/// Pieces, as the reader takes them.
///
/// A reader that is faster than we are would keep a worker for as long as the whole takes; so others, and the sockets, come
/// between any two pieces.
pub(super) fn of(pieces: Pieces) -> Body {
    Body::new(StreamBody::new(unfold(pieces, async |mut pieces| {
        tokio::task::yield_now().await;
        let piece = pieces.next()?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), pieces))
    })))
}
