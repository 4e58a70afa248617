//! The body of requests and responses that pass the client and the gateway.

use crate::{connection::Leased, error::BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use std::{
    any::Any,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// A streaming body. It buffers nothing: frames, trailers included, pass as they come.
#[derive(Default)]
pub struct Body(Form);

#[derive(Default)]
enum Form {
    #[default]
    Empty,
    Whole(Bytes),
    Incoming(Incoming),
    Leased(Box<Leased>),
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    /// No body at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A response's body that comes over a pooled connection.
    pub(crate) fn leased(body: Leased) -> Self {
        Self(Form::Leased(Box::new(body)))
    }

    /// A copy that shares the bytes, if all of them are here already: then there is nothing left to stream.
    pub(crate) fn copy(&self) -> Option<Self> {
        match &self.0 {
            Form::Empty => Some(Self::empty()),
            Form::Whole(bytes) => Some(Self(Form::Whole(bytes.clone()))),
            _ => http_body::Body::is_end_stream(self).then(Self::empty),
        }
    }

    /// Whether all of it is here, so that nothing is left to stream.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.0, Form::Empty | Form::Whole(_)) || http_body::Body::is_end_stream(self)
    }

    /// Wraps any body. Those that come from a connection, and bodies of this type, are not boxed.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut slot = Some(body);
        let any: &mut dyn Any = &mut slot;
        if let Some(body) = any.downcast_mut::<Option<Self>>().and_then(Option::take) {
            return body;
        }
        if let Some(body) = any.downcast_mut::<Option<Incoming>>().and_then(Option::take) {
            return Self(Form::Incoming(body));
        }
        slot.map_or_else(Self::empty, |body| Self(Form::Boxed(body.map_err(Into::into).boxed_unsync())))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::empty() } else { Self(Form::Whole(bytes)) }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Form::Empty => "Body::Empty",
            Form::Whole(_) => "Body::Whole",
            Form::Incoming(_) => "Body::Incoming",
            Form::Leased(_) => "Body::Leased",
            Form::Boxed(_) => "Body::Boxed",
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Form::Empty => Poll::Ready(None),
            Form::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Form::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Form::Incoming(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Form::Leased(body) => Pin::new(body).poll_frame(cx),
            Form::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Form::Empty => true,
            Form::Whole(_) => false,
            Form::Incoming(body) => body.is_end_stream(),
            Form::Leased(body) => body.is_end_stream(),
            Form::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Form::Empty => SizeHint::with_exact(0),
            Form::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Form::Incoming(body) => body.size_hint(),
            Form::Leased(body) => body.size_hint(),
            Form::Boxed(body) => body.size_hint(),
        }
    }
}
