//! Documents that change while the mesh runs, through the real watch on files.

mod edits;
mod faults;
mod flips;
mod relay;
mod travel;
