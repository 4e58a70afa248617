//! The pump: documents from a source, through both doors, into the one cell that every request reads.
//!
//! A bad document never reaches the cell and never empties it: its last good version goes on serving, and the fault is
//! logged and kept in the [`Status`].

mod cell;
mod ledger;
mod misses;
mod pump;
mod slot;
mod status;

pub use cell::{Handle, Publisher, channel};
pub use ledger::{Ledger, digest};
pub use pump::{CatchUp, Pump};
pub use status::{DocumentStatus, Standing, Status};
