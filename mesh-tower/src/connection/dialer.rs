//! Ways to endpoints other than TCP.

use crate::context::Upstream;
use futures_util::future::BoxFuture;
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of bytes in both directions.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for T {}

/// Knows ways to endpoints that are not TCP: a socket of the operating system's own kind, or a stream in memory to a service
/// in the same process. All that belongs to a connection stays as it is: pools, bounds, TLS, and that it is ejected when it
/// fails.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use mesh_tower::{Upstream, connection::{Dialer, Transport}};
/// use std::{io, path::PathBuf};
/// use tokio::net::UnixStream;
///
/// /// Every endpoint has a socket that is named by its port.
/// #[derive(Debug)]
/// struct UnixSockets(PathBuf);
///
/// impl Dialer for UnixSockets {
///     fn dial(&self, upstream: &Upstream) -> Option<BoxFuture<'static, io::Result<Box<dyn Transport>>>> {
///         let path = self.0.join(upstream.port.to_string());
///         Some(Box::pin(async { Ok(Box::new(UnixStream::connect(path).await?) as Box<dyn Transport>) }))
///     }
/// }
/// ```
pub trait Dialer: fmt::Debug + Send + Sync + 'static {
    /// Opens a stream to an endpoint, within its `connectTimeout`: when that is over the future is dropped. `None` leaves it
    /// to TCP.
    fn dial(&self, upstream: &Upstream) -> Option<BoxFuture<'static, io::Result<Box<dyn Transport>>>>;
}
