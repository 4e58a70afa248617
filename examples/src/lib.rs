//! Runnable examples; see the README of each folder.
