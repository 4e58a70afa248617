//! The pump: documents from a source, through both doors, into the one cell that every request reads.

mod cell;

pub use cell::{Handle, Publisher, channel};
