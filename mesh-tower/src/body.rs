//! The body of requests and responses that pass the client and the gateway.

use crate::{
    connection::Leased,
    error::BoxError,
    event::{Ending, Meter},
};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
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
pub struct Body {
    form: Form,
    /// Who counts what passes.
    meter: Option<Meter>,
}

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
        Form::Leased(Box::new(body)).into()
    }

    /// A copy that shares the bytes, if all of them are here already: then there is nothing left to stream.
    pub(crate) fn copy(&self) -> Option<Self> {
        match &self.form {
            Form::Empty => Some(Self::empty()),
            Form::Whole(bytes) => Some(Form::Whole(bytes.clone()).into()),
            _ => http_body::Body::is_end_stream(self).then(Self::empty),
        }
    }

    /// How long it is in bytes, if all of it is here.
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.form {
            Form::Empty => Some(0),
            Form::Whole(bytes) => Some(bytes.len() as u64),
            _ => http_body::Body::is_end_stream(self).then_some(0),
        }
    }

    /// Whether all of it is here, so that nothing is left to stream.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.form, Form::Empty | Form::Whole(_)) || http_body::Body::is_end_stream(self)
    }

    /// The same, of which a meter is told.
    pub(crate) fn metered(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
        // Nobody asks for the end of a body that says itself that it has come.
        self.end_if_over();
        self
    }

    fn measure(&mut self, polled: &Poll<Option<Result<Frame<Bytes>, BoxError>>>, cx: &mut Context<'_>) {
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(meter) = &mut self.meter {
                    meter.passes(frame);
                }
                self.end_if_over();
            }
            Poll::Ready(Some(Err(_))) => self.end(Ending::Broken),
            Poll::Ready(None) => self.end(Ending::Whole),
            Poll::Pending => self.meter.iter_mut().for_each(|meter| meter.waits(cx)),
        }
    }

    fn end_if_over(&mut self) {
        if http_body::Body::is_end_stream(self) {
            self.end(Ending::Whole);
        }
    }

    fn end(&mut self, ending: Ending) {
        if let Some(meter) = self.meter.take() {
            meter.ends(ending);
        }
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
            return Form::Incoming(body).into();
        }
        slot.map_or_else(Self::empty, |body| Form::Boxed(body.map_err(Into::into).boxed_unsync()).into())
    }
}

impl Form {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Incoming(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Leased(body) => Pin::new(body).poll_frame(cx),
            Self::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }
}

impl From<Form> for Body {
    fn from(form: Form) -> Self {
        Self { form, meter: None }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::empty() } else { Form::Whole(bytes).into() }
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
        f.write_str(match self.form {
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
        let polled = self.form.poll_frame(cx);
        if self.meter.is_some() {
            self.measure(&polled, cx);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.form {
            Form::Empty => true,
            Form::Whole(_) => false,
            Form::Incoming(body) => body.is_end_stream(),
            Form::Leased(body) => body.is_end_stream(),
            Form::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.form {
            Form::Empty => SizeHint::with_exact(0),
            Form::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Form::Incoming(body) => body.size_hint(),
            Form::Leased(body) => body.size_hint(),
            Form::Boxed(body) => body.size_hint(),
        }
    }
}
