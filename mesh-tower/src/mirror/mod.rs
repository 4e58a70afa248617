//! Sends copies of requests to others, and drops what these answer.
//!
//! # What it does
//!
//! Sends a copy of each request, or of a share of them, to every mirror of the rule that the [`route`](crate::route)
//! layer chose. Nobody waits for a copy, and nothing that becomes of it is noticed by the request: not that its
//! destination is slow, dead or missing, nor what it answers. A copy is sent once, and is never tried again.
//!
//! A copy has the head of the request as the service behind gets it, with the rule's rewrites and header changes, and says
//! `x-envoy-internal: true`, as Envoy's copies do. It asks for the same host; Istio no longer appends `-shadow` to it, nor
//! does this unless [`with_shadow_suffix`](MirrorLayer::with_shadow_suffix) asks for it.
//!
//! - **Bodies** are not waited for: a copy gets each frame when the request takes it, trailers too. At most 1 MiB lies
//!   ready for a copy that is slower than its request, which is what Envoy buffers; the bytes are shared with the
//!   request, and every frame counts 128 bytes beside its data. A copy that falls back further is cut: its
//!   body ends with an error, so that nobody takes a part for the whole. A request whose body ends early cuts its
//!   copies, too.
//! - **Answers** are read up to 1 MiB, so that the connection serves again, and dropped.
//! - **Time**: a copy has the rule's `timeout` for itself, and at most 15 seconds more than its request: else the copy of a
//!   watch that somebody has left would be watched for ever.
//! - **Limits**: at most 1024 copies are under way to one destination. While it has so many, requests are not copied to it;
//!   copies to others go on.
//!
//! Requests that ask to leave HTTP, with CONNECT or `Upgrade`, are not copied, nor those whose own destination is missing
//! or has no endpoint, as in Envoy. A mirror that is missing is passed over.
//!
//! # When you want it
//!
//! Below header changes and rewrites, which its copies have too, and above retries, so that a request that is tried three
//! times is copied once.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: VirtualService
//! metadata: {name: product, namespace: shop}
//! spec:
//!   hosts: [product]
//!   http:
//!   - route: [{destination: {host: product, subset: old}}]
//!     mirrors:
//!     - {destination: {host: product, subset: new}, percentage: {value: 10}}   # all requests when absent
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is. A copy chooses later: it goes to a clone of the service for copies, in a task
//! of its own, which becomes ready there.
//!
//! # Cancel safety
//!
//! Dropping the future, or the response's body, is the end of the request, which its copies outlive by 15 seconds at most.
//! Copies do not hold up a server that drains; they end with the runtime.
//!
//! # What survives a reload
//!
//! The counts of every destination that still exists. A copy keeps the table of its request.
//!
//! # What it costs
//!
//! Nothing without mirrors: a look at the rule. A request that is copied has one allocation for the list of its copies and
//! one by which they learn of its end; each copy has its task, its future and its headers. A body that was
//! complete when the request was made costs nothing; one that streams is boxed, and each copy has a queue.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use mesh_core::model::Share;
//! use mesh_tower::{Body, BoxError, mirror::MirrorLayer};
//! use tokio::sync::mpsc;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let (sender, mut copies) = mpsc::unbounded_channel();
//! let shadow = service_fn(move |copy: Request<Body>| {
//!     let sent = sender.send(copy.uri().path().to_owned());
//!     async move { sent.map(|()| Response::new(Body::from("nobody reads this"))) }
//! });
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::from("real"))) });
//!
//! let request = || Request::get("/product/1").body(Body::empty());
//! let all = MirrorLayer::new(shadow.clone(), Share::ALL).layer(inner);
//! assert_eq!(all.oneshot(request()?).await?.status(), 200);
//! assert_eq!(copies.recv().await.as_deref(), Some("/product/1"));
//!
//! let none = MirrorLayer::new(shadow, Share::NONE).layer(inner);
//! assert_eq!(none.oneshot(request()?).await?.status(), 200);
//! tokio::task::yield_now().await;
//! assert!(copies.try_recv().is_err());
//! # Ok(())
//! # }
//! ```

mod body;
mod copies;
mod future;
mod layer;
mod policy;
mod service;
mod state;
mod tee;

pub use body::MirrorBody;
pub use future::ResponseFuture;
pub use layer::MirrorLayer;
pub use service::Mirror;
