//! What passes between services, from the metrics of processes.

mod call;
mod edges;
mod exposition;
mod quantile;
mod window;

use call::Call;
pub(super) use call::{METRICS, Totals, sample, sample_of};
pub(super) use edges::{Edge, edges};
pub(super) use exposition::Line;
pub(super) use window::Window;

use rustc_hash::FxHashMap;

/// Numbers by kind of call.
pub(super) type Sample = FxHashMap<Call, Totals>;
