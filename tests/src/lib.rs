//! What the whole-mesh tests share.

pub mod shop;
