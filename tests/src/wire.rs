//! Clients that are no part of the mesh, and bodies that a test feeds by hand.

use bytes::Bytes;
use futures_util::stream::poll_fn;
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh_tower::{Body, BoxError};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

/// An HTTP/1.1 connection over a stream.
pub async fn http1<I>(io: I) -> http1::SendRequest<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(io)).await.expect("a connection");
    tokio::spawn(connection.with_upgrades());
    sender
}

/// An HTTP/2 connection over a stream, with prior knowledge.
pub async fn http2<I>(io: I) -> http2::SendRequest<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.expect("a connection");
    tokio::spawn(connection);
    sender
}

/// What feeds a body; dropping it ends the body.
pub type Feed = mpsc::UnboundedSender<Result<Frame<Bytes>, BoxError>>;

/// A body that is fed by hand.
#[must_use]
pub fn fed() -> (Feed, Body) {
    let (feed, mut frames) = mpsc::unbounded_channel();
    (feed, Body::new(StreamBody::new(poll_fn(move |cx| frames.poll_recv(cx)))))
}

/// A frame of bytes.
pub fn data(text: &'static str) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

/// A frame of one trailer.
pub fn trailer(name: &'static str, value: &'static str) -> Result<Frame<Bytes>, BoxError> {
    let mut trailers = HeaderMap::new();
    trailers.insert(name, http::HeaderValue::from_static(value));
    Ok(Frame::trailers(trailers))
}

/// The next bytes of a body.
pub async fn next<B>(body: &mut B) -> Bytes
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug> + Unpin,
{
    let frame = body.frame().await.expect("another frame").expect("a good frame");
    frame.into_data().expect("bytes")
}

/// A whole body as text.
pub async fn text<B>(response: Response<B>) -> String
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("a body of text")
}
