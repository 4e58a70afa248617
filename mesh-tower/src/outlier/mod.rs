//! Leaves endpoints alone for a while that fail again and again.
//!
//! # What it does
//!
//! Counts for each endpoint how many attempts in a row ended badly: with a status of 5xx, with one of 502, 503 and 504,
//! and by a failure on this side, such as a refused connection. Such a failure counts as a 5xx too, unless
//! `splitExternalLocalOriginErrors` has it counted apart; that row is one of connections that could not be made, since
//! each one that is made breaks it, whatever becomes of it then. When a row is as long as the DestinationRule allows, the
//! endpoint is ejected at once, if no more than `maxEjectionPercent` of all endpoints are ejected then: with the default of
//! 10 and fewer than ten endpoints nobody ever is.
//!
//! The first ejection lasts `baseEjectionTime`, each further one as much longer, up to 300 s; for each `interval` that an
//! endpoint stays, one less counts. It comes back when an interval ends.
//!
//! On demand endpoints are compared with each other when an interval ends, too:
//! [`OutlierLayer::with_success_rate`] ejects those that answered well much less often than the mean, and
//! [`OutlierLayer::with_failure_percentage`] those that failed in most cases. Both look only where enough endpoints were
//! asked often enough.
//!
//! An attempt that is dropped before it was answered says nothing of its endpoint, unless whoever drops it left an
//! [`AnswerBy`](crate::AnswerBy) in its extensions and that moment has come: then it counts as a failure on this side.
//!
//! # When you want it
//!
//! Below a balance layer that heeds the same [`Ejections`](crate::Ejections), around connections.
//!
//! # Configuration
//!
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: DestinationRule
//! metadata: {name: product, namespace: shop}
//! spec:
//!   host: product
//!   trafficPolicy:
//!     outlierDetection:
//!       consecutive5xxErrors: 5
//!       interval: 10s
//!       baseEjectionTime: 30s
//!       maxEjectionPercent: 100
//!       minHealthPercent: 0       # below it, ejections do not count
//! ```
//!
//! # Posture
//!
//! Forward: ready when the inner service is.
//!
//! # Cancel safety
//!
//! Nothing is held; a dropped attempt is not counted, unless it was dropped for being late.
//!
//! # What survives a reload
//!
//! The rows and ejections of every endpoint that still exists, as long as its backend is watched.

mod future;
mod layer;
mod policy;
mod rates;
mod service;
mod state;

pub use future::ResponseFuture;
pub use layer::OutlierLayer;
pub use rates::{FailurePercentage, SuccessRate};
pub use service::Outlier;
