//! The beginning of a request's body, read before the request passes.

use crate::{Body, BoxError, Error, Kind};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
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
    let (mut told, mut rest, mut trailers, mut has_ended) = (BytesMut::new(), Bytes::new(), None, false);
    while trailers.is_none() && rest.is_empty() && !(rules.may_be_partial && told.len() == rules.most) {
        let Some(frame) = body.frame().await.transpose()? else {
            has_ended = true;
            break;
        };
        match frame.into_data() {
            // What is kept is copied: of a body in small pieces, each of them would take more room than it has bytes.
            Ok(mut data) => {
                rest = data.split_off(data.len().min(rules.most - told.len()));
                told.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    if !rest.is_empty() && !rules.may_be_partial {
        return Err(too_large());
    }
    let has_ended = has_ended || trailers.is_some() || http_body::Body::is_end_stream(&body);
    let (bytes, is_partial) = (told.freeze(), !rest.is_empty() || !has_ended);
    let kept = Kept { begun: [bytes.clone(), rest].into_iter().collect(), trailers, rest: body };
    Ok(Begun { bytes, is_partial, body: Body::new(kept) })
}

/// A body of which the beginning was read already.
struct Kept {
    begun: VecDeque<Bytes>,
    /// Those that came with the beginning, which then is all.
    trailers: Option<HeaderMap>,
    rest: Body,
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while let Some(data) = self.begun.pop_front() {
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
        match self.trailers.take() {
            Some(trailers) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.begun.iter().all(Bytes::is_empty) && self.trailers.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.begun.iter().map(|data| data.len() as u64).sum();
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
    async fn the_beginning_of_a_body_in_small_pieces_is_kept_in_one() {
        let small = ["", "a", "", "", "bcd", "e", "", "f"].repeat(100);
        let begun = begin(pieces(&small), rules(600, true)).await.unwrap();
        let whole = "abcdef".repeat(100);
        assert_eq!(*begun.bytes, *whole.as_bytes());
        let (mut body, mut count, mut text) = (begun.body, 0, Vec::new());
        while let Some(frame) = body.frame().await.transpose().unwrap() {
            if let Ok(data) = frame.into_data() {
                text.extend_from_slice(&data);
                count += 1;
            }
        }
        assert_eq!((count, &*text), (1, whole.as_bytes()));
    }

    #[tokio::test]
    async fn a_longer_body_is_refused_whether_it_says_its_length_or_not() {
        for body in [Body::from("abcdef"), pieces(&["abc", "def"])] {
            let error = begin(body, rules(5, false)).await.unwrap_err();
            assert_eq!(error.downcast_ref::<Error>().unwrap().kind(), Kind::BodyTooLarge);
        }
    }
}
