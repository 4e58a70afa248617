//! What the mesh believes and decides, without touching a request's socket.
//!
//! ```text
//! bytes ──source──▶ documents ──dialect──▶ model ──compile──▶ Snapshot ──publish──▶ one ArcSwap
//! ```
//!
//! Three tenses: what somebody *wrote* ([`document`]), what it *means* ([`model`]), what we *run* ([`table`]). One door
//! between each, and nothing skips one: [`dialect`] checks, resolves and merges; [`table::Snapshot::compile`] indexes.
//! [`watch`] pumps documents from a [`source`] through both doors and publishes the result; [`identity`] reads
//! certificates.

pub mod dialect;
pub mod document;
pub mod identity;
pub mod model;
pub mod source;
pub mod table;
pub mod watch;
