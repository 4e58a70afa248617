//! What the origin answers.

use crate::case::{Asked, MESSAGE, MESSAGES, PREFIX};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
};

/// The longest reply: its bytes are there from the beginning, and are copied by nobody but the kernel.
static BYTES: [u8; 1 << 20] = [b'x'; 1 << 20];
/// A message of gRPC with what is written before it.
static MESSAGE_OF_GRPC: [u8; PREFIX + MESSAGE] = {
    let mut bytes = [b'x'; PREFIX + MESSAGE];
    bytes[0] = 0;
    (bytes[1], bytes[2], bytes[3]) = (0, 0, 0);
    bytes[4] = 128;
    bytes
};

/// What the origin answers. As gRPC's servers do, it has read a message before it answers it.
///
/// # Errors
/// When the request breaks off.
pub(super) async fn answer<B: Body>(request: Request<B>) -> Result<Response<Answer>, B::Error> {
    let response = answer_at(request.uri().path());
    let mut body = pin!(request.into_body());
    while let Some(frame) = body.as_mut().frame().await {
        frame?;
    }
    Ok(response)
}

fn answer_at(path: &str) -> Response<Answer> {
    let asked = Asked::of(path).filter(|asked| asked.is_grpc() || asked.length() <= BYTES.len());
    let Some(asked) = asked else {
        let mut response = Response::new(Answer { frame: Bytes::new(), left: 0, trailers: None });
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let (answer, kind) = match asked {
        Asked::Bytes(count) => {
            let frame = Bytes::from_static(&BYTES[..count]);
            (Answer { left: usize::from(count > 0), frame, trailers: None }, "application/octet-stream")
        }
        Asked::Unary => (Answer::grpc(1), "application/grpc"),
        Asked::Stream => (Answer::grpc(MESSAGES), "application/grpc"),
    };
    let is_grpc = asked.is_grpc();
    let mut response = Response::new(answer);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if !is_grpc {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(asked.length()));
    }
    response
}

/// A body: the same frame so many times, and trailers if it is gRPC's.
pub(super) struct Answer {
    frame: Bytes,
    left: usize,
    trailers: Option<HeaderMap>,
}

impl Answer {
    fn grpc(messages: usize) -> Self {
        let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
        Self {
            frame: Bytes::from_static(&MESSAGE_OF_GRPC),
            left: messages,
            trailers: Some(HeaderMap::from_iter([status])),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left > 0 {
            self.left -= 1;
            return Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.left * self.frame.len()) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_asked_for_comes_back() {
        for asked in [Asked::Bytes(0), Asked::Bytes(2048), Asked::Bytes(1 << 20), Asked::Unary, Asked::Stream]
        {
            let response = answer_at(&asked.path());
            assert_eq!(response.status(), StatusCode::OK);
            let body = response.into_body().collect().await.unwrap();
            assert_eq!(
                body.trailers().is_some_and(|trailers| trailers["grpc-status"] == "0"),
                asked.is_grpc()
            );
            assert_eq!(body.to_bytes().len(), asked.length(), "{asked:?}");
        }
    }

    #[test]
    fn what_nobody_has_is_not_found() {
        for path in ["/", "/bytes/2000000", "/bytes/-1"] {
            assert_eq!(answer_at(path).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
