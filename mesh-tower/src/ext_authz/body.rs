//! The beginning of a request's body, read before the request passes.

use crate::{Body, BoxError, Error, Kind};
use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use mesh_core::model::CheckedBody;
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

/// What has been read of a body.
#[derive(Debug)]
pub(super) struct Begun {
    /// The beginning, as much of it as is told.
    pub(super) bytes: Bytes,
    /// Whether there is more.
    pub(super) is_partial: bool,
    /// The whole body, for the one who gets the request.
    pub(super) body: Body,
}

/// Reads as much of a body as is told, and no more than that and the piece in which it ends. Cancel safe only in that
/// dropping it drops the body.
///
/// # Errors
/// When the body fails, or is longer and its beginning will not do.
pub(super) async fn begin(mut body: Body, rules: CheckedBody) -> Result<Begun, BoxError> {
    let too_large = || BoxError::from(Error::new(Kind::BodyTooLarge));
    let shortest = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
    if !rules.may_be_partial && shortest > rules.most {
        return Err(too_large());
    }
    let (mut frames, mut told, mut length) = (VecDeque::new(), BytesMut::new(), 0_usize);
    let mut has_ended = false;
    while !(rules.may_be_partial && length >= rules.most) {
        let Some(frame) = body.frame().await.transpose()? else {
            has_ended = true;
            break;
        };
        if let Some(data) = frame.data_ref() {
            length = length.saturating_add(data.len());
            if length > rules.most && !rules.may_be_partial {
                return Err(too_large());
            }
            let room = rules.most - told.len();
            told.extend_from_slice(&data[..data.len().min(room)]);
        }
        frames.push_back(frame);
    }
    let has_ended = has_ended || http_body::Body::is_end_stream(&body);
    let is_partial = length > rules.most || !has_ended;
    Ok(Begun { bytes: told.freeze(), is_partial, body: Body::new(Kept { frames, rest: body }) })
}

/// A body of which the beginning was read already.
struct Kept {
    frames: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.frames.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.frames.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(kept));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(kept)) {
            hint.set_upper(upper);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http::HeaderMap;
    use http_body_util::StreamBody;

    fn rules(most: usize, may_be_partial: bool) -> CheckedBody {
        CheckedBody { most, may_be_partial, is_bytes: false }
    }

    /// In pieces, and with a trailer.
    fn pieces(pieces: &[&'static str]) -> Body {
        let mut frames: Vec<Result<_, BoxError>> =
            pieces.iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))).collect();
        let trailers = HeaderMap::from_iter([(PARTIAL, "x".parse().unwrap())]);
        frames.push(Ok(Frame::trailers(trailers)));
        Body::new(StreamBody::new(stream::iter(frames)))
    }

    const PARTIAL: http::HeaderName = super::super::subject::PARTIAL_BODY;

    #[tokio::test]
    async fn the_beginning_is_told_and_all_of_it_passes() {
        for (most, may_be_partial, told, is_partial) in [
            (6, false, "abcdef", false),
            (6, true, "abcdef", true),
            (7, true, "abcdef", false),
            (4, true, "abcd", true),
        ] {
            let begun = begin(pieces(&["abc", "def"]), rules(most, may_be_partial)).await.unwrap();
            assert_eq!((&*begun.bytes, begun.is_partial), (told.as_bytes(), is_partial), "{most}");
            let all = begun.body.collect().await.unwrap();
            assert!(all.trailers().is_some());
            assert_eq!(all.to_bytes(), "abcdef");
        }
        let begun = begin(Body::from("abc"), rules(3, true)).await.unwrap();
        assert!(!begun.is_partial);
    }

    #[tokio::test]
    async fn a_longer_body_is_refused_whether_it_says_its_length_or_not() {
        for body in [Body::from("abcdef"), pieces(&["abc", "def"])] {
            let error = begin(body, rules(5, false)).await.unwrap_err();
            assert_eq!(error.downcast_ref::<Error>().unwrap().kind(), Kind::BodyTooLarge);
        }
    }
}
