//! Which trace a request belongs to, read from its headers and written to them.
//!
//! # What it does
//!
//! [`Incoming::read`] understands W3C's `traceparent` and `tracestate`, and B3 in its one header or in several, with names of
//! 64 and of 128 bits. [`Incoming::replace`] says what comes next in the same headers, so that whoever speaks only B3 goes
//! on in B3. What is invalid begins a new trace, as W3C's specification has it.
//!
//! # Example
//!
//! ```
//! use http::{HeaderMap, HeaderValue};
//! use mesh_tower::trace::{Incoming, SpanId, TraceFormats};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut headers = HeaderMap::new();
//! let came = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! headers.insert("traceparent", HeaderValue::from_static(came));
//!
//! let incoming = Incoming::read(&headers);
//! let context = incoming.context.ok_or("it is valid")?;
//! assert!(context.is_sampled());
//!
//! let next = context.child(SpanId::new(7).ok_or("a name is never 0")?);
//! incoming.replace(&next, TraceFormats::default(), &mut headers);
//! assert_eq!(headers["traceparent"], "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000007-01");
//!
//! headers.insert("traceparent", HeaderValue::from_static("00-4bf92f-00f067aa0ba902b7-01"));
//! assert_eq!(Incoming::read(&headers).context, None);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "otlp")]
mod ambient;
#[cfg(not(feature = "otlp"))]
#[path = "no_ambient.rs"]
mod ambient;
mod b3;
mod context;
mod digits;
mod formats;
mod id;
mod state;
mod w3c;

pub(crate) use ambient::Ambient;
pub use context::TraceContext;
pub use formats::{Incoming, TraceFormats};
pub use id::{SpanId, TraceId};
