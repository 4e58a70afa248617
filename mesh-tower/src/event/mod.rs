//! The facts that layers announce about a request, for whoever measures, logs and traces it.
//!
//! An [`Exchange`] is one request and its answer as one side sees them. Whoever wants to know begins one, and lends it to
//! the thread while the layers below work on that request: `note` hands it to the innermost one. A layer that announces
//! something knows nobody who listens, and costs a look at the thread's own memory when nobody does.
//!
//! Nothing is shared between threads and nothing is allocated: an exchange travels with the future of its request, then
//! with the body of its answer, and ends when that ends.

mod exchange;
mod flags;
mod meter;
mod scope;
mod traced;
mod traffic;
mod tunnel;
mod workload;

pub use exchange::{Destination, Ending, Exchange, Heads, Kept, Observe};
pub use flags::Flags;
pub use mesh_core::model::Side;
pub(crate) use meter::{Counted, Messages, Meter, grpc_status};
pub(crate) use scope::{note, unheard, within};
pub use traced::{Forwarded, Sampling, Traced};
pub(crate) use traffic::Traffic;
pub(crate) use tunnel::{Tunnel, Tunnelled};
pub use workload::Workload;
