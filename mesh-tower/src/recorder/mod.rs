//! Measurements of one process, in memory, for whoever comes to read them.
//!
//! # What it does
//!
//! Takes what is recorded through the crate `metrics`, by the mesh and by the application, and renders it for Prometheus.
//! Counters, gauges and histograms are atomics behind handles: who keeps a handle records without a lock and without
//! taking memory. Histograms have fixed buckets, Istio's unless their names say otherwise; see [`Settings`].
//!
//! # When you want it
//!
//! For `/metrics` of the mesh's own admin endpoint, or of any server: [`Recorder::response`] answers a scrape. A program
//! that has another recorder already keeps it; the mesh records there then.
//!
//! # What is rendered
//!
//! Prometheus' text format 0.0.4, or OpenMetrics 1.0.0 for who asks for it by `Accept`: every family once, with what
//! `describe_counter!` and its like said of it, families by name and series by their labels, so that two scrapes can be
//! compared line by line. OpenMetrics has exemplars: a trace that a bucket was hit by, see
//! [`Histogram::record_with`]. Rendering goes piece by piece as the reader takes them, so a hundred thousand series
//! neither fill the memory nor keep others waiting.
//!
//! Names and labels that Prometheus does not know are mended: `http.requests` is `http_requests`. A label `le`, or one
//! that begins with two underscores, gets `exported_` in front, as Prometheus itself does. In OpenMetrics a counter's name ends with
//! `_total`, whether it was recorded so or not.
//!
//! # What bounds it
//!
//! Whoever can invent label values could fill the memory of the process. Beyond [`Settings::most_series`] a new series
//! of a counter or a histogram is counted in one whose label values are all `other`, so sums over a family stay right.
//! A new gauge is not recorded: a gauge that stands for many things would say nothing of any. Of two kinds by one name, the
//! first is recorded. `mesh_recorder_refused_series_total` counts what was refused so, by `metric` and `outcome`
//! (`folded`, `dropped`, `conflict`): once for every handle that was asked for. The log says it once.
//!
//! # Example
//!
//! ```
//! use mesh_tower::recorder::{Format, Recorder};
//!
//! let recorder = Recorder::default();
//! metrics::with_local_recorder(&recorder, || {
//!     metrics::describe_counter!("orders_total", "Orders that were placed.");
//!     metrics::counter!("orders_total", "shop" => "harbour").increment(2);
//! });
//! let text = recorder.render(Format::Prometheus);
//! assert!(text.ends_with("orders_total{shop=\"harbour\"} 2\n"));
//! ```

mod body;
mod buckets;
mod cells;
mod exemplar;
mod family;
mod format;
mod histogram;
mod index;
mod names;
mod pieces;
mod record;
mod registry;
mod settings;
mod text;

pub use buckets::{Buckets, InvalidBuckets};
pub use exemplar::Exemplar;
pub use format::Format;
pub use histogram::Histogram;
pub use metrics;
pub use pieces::Pieces;
pub use record::{AlreadyInstalled, Recorder};
pub use settings::Settings;
