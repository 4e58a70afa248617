//! Where documents come from.
//!
//! A source gives [`Batch`]es: all that one file holds, the good documents and the faults of the bad. What did not change
//! is the very batch it was, so that later stages need only compare pointers. A file that cannot be read to its end says
//! so, and what it held before goes on serving.
//!
//! ```
//! use mesh_core::{document::Reading, source::Batch};
//!
//! let text = "apiVersion: v1\nkind: Service\nmetadata: {name: product}\nspec: {ports: [{port: http}]}\n";
//! let batch = Batch::of("shop.yaml".into(), text.as_bytes(), "default");
//!
//! let Reading::Bad { faults, .. } = &batch.readings[0] else { panic!("a port is a number") };
//! let line = "shop.yaml:4: Service/product: spec.ports[0].port: expected a whole number, found text";
//! assert_eq!(faults[0].to_string(), line);
//! ```

mod batch;
mod digest;
mod embedded;
#[cfg(feature = "file")]
pub mod file;
pub(crate) mod pairs;
pub(crate) mod parallel;
mod piecewise;
mod yaml;

pub use batch::Batch;
pub use yaml::{MAX_BYTES, Parsed, parse};

use std::{future::Future, sync::Arc};

/// A place that documents come from, and that tells when they change.
pub trait Source: Send + 'static {
    /// Reads all documents, in the order of their precedence. What did not change since the last call is the same
    /// `Arc` as then. Blocks while it reads.
    fn load(&mut self) -> Vec<Arc<Batch>>;

    /// Completes when something may have changed, and the changes have settled. Cancel safe.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}
